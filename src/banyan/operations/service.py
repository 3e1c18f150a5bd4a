"""Use cases of operations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from banyan.kernel import Page, decode_cursor, new_id, page_of
from banyan.operations import store
from banyan.operations.errors import CaseClosed, CaseNotFound, ResolutionNotAllowed
from banyan.operations.model import CASE, Case, CaseCounts, CaseDraft
from banyan.runtime import Event, Json, Transaction


async def open_cases(tx: Transaction, drafts: Sequence[CaseDraft]) -> list[Case]:
    """Open the cases whose key is new; only they are returned."""
    if not drafts:
        return []
    opened = await store.insert_cases(tx, [new_id(tx.now) for _ in drafts], drafts)
    await tx.record_all(
        [Event("case.opened", CASE.text(case.case_id), _news(case)) for case in opened]
    )
    return opened


async def resolve_case(
    tx: Transaction,
    case_id: UUID,
    resolution: str,
    *,
    note: str,
    actor: str,
    by_person: bool = True,
) -> Case:
    """Answer a case; repeating the answer that stands changes nothing.

    ``CaseNotFound``, ``CaseClosed`` if it was answered otherwise or withdrawn, and
    ``ResolutionNotAllowed`` if the case does not offer the resolution.
    """
    case = await store.find_case(tx, case_id, lock=True)
    if case is None:
        raise _not_found(case_id)
    if resolution not in case.resolutions:
        allowed = ", ".join(case.resolutions)
        raise ResolutionNotAllowed(f"{resolution[:40]!r} is not one of {allowed}.")
    if not case.is_open:
        if case.resolution == resolution:
            return case
        raise CaseClosed(f"The case was {case.state} before; reload it.")
    resolved = await store.update_resolved(
        tx, case_id, resolution, note, actor, by_person=by_person
    )
    assert resolved is not None, "the case is locked"
    news = _news(resolved) | {"resolution": resolution, "note": note, "by": actor}
    await tx.record(Event("case.resolved", CASE.text(case_id), news))
    return resolved


async def assign_case(tx: Transaction, case_id: UUID, owner: str | None) -> Case:
    """Give an open case to somebody, or back to the queue (None)."""
    case = await store.find_case(tx, case_id, lock=True)
    if case is None:
        raise _not_found(case_id)
    if not case.is_open:
        raise CaseClosed("A closed case needs no owner.")
    if case.owner == owner:
        return case
    assigned = await store.update_owner(tx, case_id, owner)
    assert assigned is not None, "the case is locked"
    await tx.record(Event("case.assigned", CASE.text(case_id), _news(case) | {"owner": owner}))
    return assigned


async def withdraw_cases(
    tx: Transaction,
    subjects: Sequence[str],
    *,
    kinds: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
) -> None:
    """Close the open cases of these subjects (of these kinds, with these keys): nothing is left to
    decide."""
    withdrawn = await store.update_withdrawn(tx, subjects, kinds, keys) if subjects else []
    await tx.record_all(
        [Event("case.withdrawn", CASE.text(case.case_id), _news(case)) for case in withdrawn]
    )


async def get_case(tx: Transaction, case_id: UUID) -> Case:
    case = await store.find_case(tx, case_id)
    if case is None:
        raise _not_found(case_id)
    return case


async def list_cases(
    tx: Transaction,
    *,
    is_open: bool = True,
    queue: str | None = None,
    owner: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Case]:
    """Open cases by deadline, or closed ones the latest first. ``owner`` goes with open ones."""
    after = _after(cursor)
    if is_open:
        rows = await store.select_open(tx, queue=queue, owner=owner, after=after, limit=limit + 1)
    else:
        rows = await store.select_closed(tx, queue=queue, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda case: (case.closed_at or case.due_at, case.case_id))


async def cases_of(tx: Transaction, subject: str) -> list[Case]:
    """Every case about a subject, the oldest first."""
    return await store.select_of(tx, subject)


async def case_counts(tx: Transaction) -> CaseCounts:
    return await store.count_open(tx)


async def open_queues(tx: Transaction) -> list[str]:
    """The queues that have open cases, by name."""
    return await store.select_open_queues(tx)


async def human_touches(tx: Transaction) -> int:
    """How many cases people have resolved."""
    return await store.count_resolved_by_people(tx)


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    at, case_id = decode_cursor(cursor, (datetime, UUID))
    assert isinstance(at, datetime), "as decoded"
    assert isinstance(case_id, UUID), "as decoded"
    return at, case_id


def _news(case: Case) -> dict[str, Json]:
    at_risk = case.at_risk
    return {
        "kind": case.kind,
        "queue": case.queue,
        "subject": case.subject,
        "title": case.title,
        "reason": case.reason,
        "at_risk": at_risk and {"amount": at_risk.minor, "currency": at_risk.currency.code},
        "due_at": case.due_at.isoformat(),
    }


def _not_found(case_id: UUID) -> CaseNotFound:
    return CaseNotFound(f"There is no case {CASE.text(case_id)}.")
