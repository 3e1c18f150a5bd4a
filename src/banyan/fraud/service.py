"""Use cases of fraud."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TypeVar
from uuid import UUID

from banyan.fraud import rules, store
from banyan.fraud.errors import AlreadyListed, ListEntryNotFound
from banyan.fraud.model import (
    COUNT_MAX,
    LIST_ENTRY,
    Assessment,
    FraudDecision,
    FraudRequest,
    Limits,
    ListEntry,
    ListEntryDraft,
    ListKind,
    ListName,
    Outcome,
    PastOrder,
    Settings,
)
from banyan.kernel import (
    LIMIT_DEFAULT,
    Fault,
    Money,
    Page,
    id_of_cursor,
    new_id,
    page_of,
)
from banyan.parties import BUYER, check_country
from banyan.runtime import MARKETPLACE, Event, Json, Transaction

T = TypeVar("T")

PAST_ORDERS_MAX = 2 * COUNT_MAX
"""How far back counts go, in orders."""


async def assess(tx: Transaction, requests: Sequence[FraudRequest]) -> list[FraudDecision]:
    """A decision for each request, in order; each is recorded.

    Earlier requests of a batch count as orders made before later ones.
    """
    if not requests:
        return []
    settings = await get_settings(tx)
    entries = await _entries_by_name(tx, requests)
    history = await _history(tx, requests)
    decisions: list[FraudDecision] = []
    for request in requests:
        naming = [entries[name] for name in rules.listed_as(request).items() if name in entries]
        decisions.append(rules.decide(request, settings, naming, history))
        history.add(
            PastOrder(
                request.subject_id,
                request.buyer.buyer_id,
                request.fingerprint,
                request.placed_at,
            )
        )
    recorded = [
        _assessment(tx, request, decision)
        for request, decision in zip(requests, decisions, strict=True)
    ]
    await store.insert_assessments(tx, recorded)
    return decisions


async def list_assessments(
    tx: Transaction,
    *,
    order: str | None = None,
    outcome: Outcome | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Assessment]:
    """The newest first; ``order`` is a prefixed id."""
    found = await store.page_of_assessments(
        tx, subject=order, outcome=outcome, before=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(found, limit, lambda assessment: assessment.assessment_id)


async def get_settings(tx: Transaction) -> Settings:
    """What holds in this marketplace now."""
    counts = await store.find_counts(tx)
    if counts is None:
        return Settings()
    limits = {
        row.currency: Limits(
            Money.of(row.review_minor, row.currency),
            Money.of(row.first_challenge_minor, row.currency),
        )
        for row in await store.select_limits(tx)
    }
    return Settings(limits, *counts)


async def change_settings(
    tx: Transaction,
    *,
    limits: Sequence[Limits],
    buyer_orders_1h_max: int,
    buyer_orders_24h_max: int,
    payment_orders_24h_max: int,
) -> Settings:
    """Replace all limits and counts; ``InvalidLimits``. Orders in a currency without limits are
    challenged."""
    rules.check_limits(limits)
    settings = Settings(
        limits={pair.review.currency.code: pair for pair in limits},
        buyer_orders_1h_max=buyer_orders_1h_max,
        buyer_orders_24h_max=buyer_orders_24h_max,
        payment_orders_24h_max=payment_orders_24h_max,
        updated_at=tx.now,
        updated_by=_actor(tx),
    )
    await store.save_counts(tx, settings)
    await store.delete_limits(tx)
    await store.insert_limits(tx, limits)
    await tx.record(
        Event(
            "fraud.settings_changed",
            MARKETPLACE.text(tx.marketplace_id),
            {
                "limits": {
                    code: {
                        "review": pair.review.minor,
                        "first_challenge": pair.first_challenge.minor,
                    }
                    for code, pair in settings.limits.items()
                },
                "buyer_orders_1h_max": buyer_orders_1h_max,
                "buyer_orders_24h_max": buyer_orders_24h_max,
                "payment_orders_24h_max": payment_orders_24h_max,
            },
        )
    )
    return settings


async def add_list_entry(tx: Transaction, draft: ListEntryDraft) -> ListEntry:
    """Allow or deny somebody; ``InvalidId`` (buyer), ``InvalidCountry``, ``AlreadyListed``."""
    if draft.kind == "buyer":
        BUYER.parse(draft.value, pointer="/value")
    elif draft.kind == "country":
        check_country(draft.value, "/value")
    entry = ListEntry(
        marketplace_id=tx.marketplace_id,
        entry_id=new_id(),
        list=draft.list,
        kind=draft.kind,
        value=draft.value,
        reason=draft.reason,
        added_by=_actor(tx),
        added_at=tx.now,
        removed_by=None,
        removed_at=None,
    )
    if not await store.insert_entry(tx, entry):
        standing = await store.select_entries_in_force(tx, [draft.kind], [draft.value])
        raise _already_listed(standing)
    await tx.record(_news("list_entry.added", entry, entry.reason))
    return entry


async def get_list_entry(tx: Transaction, entry_id: UUID) -> ListEntry:
    """The entry, also one that was removed, or ``ListEntryNotFound``."""
    entry = await store.find_entry(tx, entry_id)
    if entry is None:
        raise ListEntryNotFound(
            f"There is no list entry {LIST_ENTRY.text(entry_id)} in this marketplace."
        )
    return entry


async def remove_list_entry(tx: Transaction, entry_id: UUID, *, reason: str) -> ListEntry:
    """Take an entry off its list; ``ListEntryNotFound``. Nothing happens if it is off already."""
    entry = await get_list_entry(tx, entry_id)
    if await store.update_entry_removed(tx, entry_id, _actor(tx)):
        entry = replace(entry, removed_at=tx.now, removed_by=_actor(tx))
        await tx.record(_news("list_entry.removed", entry, reason))
    return entry


async def list_entries(
    tx: Transaction,
    *,
    list_name: ListName | None = None,
    kind: ListKind | None = None,
    value: str | None = None,
    is_removed: bool = False,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[ListEntry]:
    """Entries in force (or those removed), the newest first."""
    found = await store.page_of_entries(
        tx,
        list_name=list_name,
        kind=kind,
        value=value,
        is_removed=is_removed,
        before=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(found, limit, lambda entry: entry.entry_id)


async def _entries_by_name(
    tx: Transaction, requests: Sequence[FraudRequest]
) -> dict[tuple[ListKind, str], ListEntry]:
    names = [*{name for request in requests for name in rules.listed_as(request).items()}]
    found = await store.select_entries_in_force(
        tx, [kind for kind, _ in names], [value for _, value in names]
    )
    return {(entry.kind, entry.value): entry for entry in found}


async def _history(tx: Transaction, requests: Sequence[FraudRequest]) -> rules.History:
    buyer_ids = {request.buyer.buyer_id for request in requests}
    fingerprints = {request.fingerprint for request in requests} - {""}
    past = await store.select_orders_of_buyers(tx, [*buyer_ids], PAST_ORDERS_MAX)
    if fingerprints:
        past += await store.select_orders_of_payments(tx, [*fingerprints], PAST_ORDERS_MAX)
    return rules.History(past)


def _assessment(tx: Transaction, request: FraudRequest, decision: FraudDecision) -> Assessment:
    return Assessment(
        marketplace_id=tx.marketplace_id,
        assessment_id=new_id(),
        subject_id=request.subject_id,
        subject=request.order,
        buyer_id=request.buyer.buyer_id,
        payment_fingerprint=request.fingerprint,
        amount_minor=request.amount.minor,
        currency=request.amount.currency.code,
        ship_to_country=request.ship_to_country,
        ship_to_region=request.ship_to_region,
        outcome=decision.outcome,
        score_bp=decision.score_bp,
        reason=decision.reason,
        signals=[asdict(signal) for signal in decision.signals],
        version=decision.version,
        placed_at=request.placed_at,
        assessed_at=tx.now,
    )


def _already_listed(standing: Sequence[ListEntry]) -> AlreadyListed:
    place = "a list"
    if standing:
        place = f"the {standing[0].list} list as {LIST_ENTRY.text(standing[0].entry_id)}"
    detail = f"It stands on {place}; remove that entry first."
    return AlreadyListed(detail, faults=(Fault("already_listed", detail, "/value"),))


def _news(event_type: str, entry: ListEntry, reason: str) -> Event:
    payload: dict[str, Json] = {
        "list": entry.list,
        "kind": entry.kind,
        "value": entry.value,
        "reason": reason,
    }
    return Event(event_type, LIST_ENTRY.text(entry.entry_id), payload)


def _actor(tx: Transaction) -> str:
    return tx.cause.actor or tx.cause.id
