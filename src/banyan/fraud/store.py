"""SQL of fraud: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.fraud.model import (
    Assessment,
    Limits,
    ListEntry,
    ListKind,
    ListName,
    Outcome,
    PastOrder,
    Settings,
)
from banyan.runtime import Transaction


class Counts(NamedTuple):
    """The part of the settings that is one row."""

    buyer_orders_1h_max: int
    buyer_orders_24h_max: int
    payment_orders_24h_max: int
    updated_at: datetime
    updated_by: str


class LimitsRow(NamedTuple):
    currency: str
    review_minor: int
    first_challenge_minor: int


async def find_counts(tx: Transaction) -> Counts | None:
    return await tx.one(
        Counts,
        """
        select buyer_orders_1h_max, buyer_orders_24h_max, payment_orders_24h_max, updated_at,
          updated_by
        from fraud.settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def select_limits(tx: Transaction) -> list[LimitsRow]:
    return await tx.all(
        LimitsRow,
        """
        select currency, review_minor, first_challenge_minor
        from fraud.limits
        where marketplace_id = %(marketplace_id)s
        order by currency
        """,
    )


async def save_counts(tx: Transaction, settings: Settings) -> None:
    await tx.execute(
        """
        insert into fraud.settings
          (marketplace_id, buyer_orders_1h_max, buyer_orders_24h_max, payment_orders_24h_max,
           updated_at, updated_by)
        values
          (%(marketplace_id)s, %(buyer_orders_1h_max)s, %(buyer_orders_24h_max)s,
           %(payment_orders_24h_max)s, %(updated_at)s, %(updated_by)s)
        on conflict (marketplace_id) do update set
          buyer_orders_1h_max = excluded.buyer_orders_1h_max,
          buyer_orders_24h_max = excluded.buyer_orders_24h_max,
          payment_orders_24h_max = excluded.payment_orders_24h_max,
          updated_at = excluded.updated_at,
          updated_by = excluded.updated_by
        """,
        buyer_orders_1h_max=settings.buyer_orders_1h_max,
        buyer_orders_24h_max=settings.buyer_orders_24h_max,
        payment_orders_24h_max=settings.payment_orders_24h_max,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )


async def delete_limits(tx: Transaction) -> None:
    await tx.execute("delete from fraud.limits where marketplace_id = %(marketplace_id)s")


async def insert_limits(tx: Transaction, limits: Sequence[Limits]) -> None:
    await tx.execute(
        """
        insert into fraud.limits (marketplace_id, currency, review_minor, first_challenge_minor)
        select %(marketplace_id)s, new.currency, new.review, new.challenge
        from unnest(%(currencies)s::text[], %(reviews)s::bigint[], %(challenges)s::bigint[])
          as new (currency, review, challenge)
        """,
        currencies=[pair.review.currency.code for pair in limits],
        reviews=[pair.review.minor for pair in limits],
        challenges=[pair.first_challenge.minor for pair in limits],
    )


async def insert_entry(tx: Transaction, entry: ListEntry) -> bool:
    """Add an entry; False if what it names stands on a list already."""
    inserted = await tx.execute(
        """
        insert into fraud.list_entries
          (marketplace_id, entry_id, list, kind, value, reason, added_by, added_at)
        values
          (%(marketplace_id)s, %(entry_id)s, %(list)s, %(kind)s, %(value)s, %(reason)s,
           %(added_by)s, %(added_at)s)
        on conflict (marketplace_id, kind, value) where removed_at is null do nothing
        """,
        entry_id=entry.entry_id,
        list=entry.list,
        kind=entry.kind,
        value=entry.value,
        reason=entry.reason,
        added_by=entry.added_by,
        added_at=entry.added_at,
    )
    return inserted == 1


async def select_entries_in_force(
    tx: Transaction, kinds: Sequence[ListKind], values: Sequence[str]
) -> list[ListEntry]:
    """Entries for any of the pairs of kind and value."""
    return await tx.all(
        ListEntry,
        """
        select entries.*
        from fraud.list_entries entries
        join unnest(%(kinds)s::text[], %(values)s::text[]) as wanted (kind, value)
          using (kind, value)
        where marketplace_id = %(marketplace_id)s and removed_at is null
        """,
        kinds=list(kinds),
        values=list(values),
    )


async def find_entry(tx: Transaction, entry_id: UUID) -> ListEntry | None:
    return await tx.one(
        ListEntry,
        """
        select *
        from fraud.list_entries
        where marketplace_id = %(marketplace_id)s and entry_id = %(entry_id)s
        """,
        entry_id=entry_id,
    )


async def update_entry_removed(tx: Transaction, entry_id: UUID, by: str) -> bool:
    """Take an entry off its list; False if it was off already."""
    updated = await tx.execute(
        """
        update fraud.list_entries
        set removed_at = %(now)s, removed_by = %(by)s
        where marketplace_id = %(marketplace_id)s and entry_id = %(entry_id)s and removed_at is null
        """,
        entry_id=entry_id,
        by=by,
        now=tx.now,
    )
    return updated == 1


async def page_of_entries(
    tx: Transaction,
    *,
    list_name: ListName | None,
    kind: ListKind | None,
    value: str | None,
    is_removed: bool,
    before: UUID | None,
    limit: int,
) -> list[ListEntry]:
    return await tx.all(
        ListEntry,
        """
        select *
        from fraud.list_entries
        where marketplace_id = %(marketplace_id)s
          and (%(list)s::text is null or list = %(list)s)
          and (%(kind)s::text is null or kind = %(kind)s)
          and (%(value)s::text is null or value = %(value)s)
          and (removed_at is not null) = %(is_removed)s
          and (%(before)s::uuid is null or entry_id < %(before)s)
        order by entry_id desc
        limit %(limit)s
        """,
        list=list_name,
        kind=kind,
        value=value,
        is_removed=is_removed,
        before=before,
        limit=limit,
    )


async def select_orders_of_buyers(
    tx: Transaction, buyer_ids: Sequence[UUID], count_max: int
) -> list[PastOrder]:
    """The last ``count_max`` assessed orders of each buyer."""
    return await tx.all(
        PastOrder,
        """
        select past.subject_id, past.buyer_id, past.payment_fingerprint, past.placed_at
        from unnest(%(buyer_ids)s::uuid[]) as wanted (buyer_id)
        cross join lateral (
          select subject_id, buyer_id, payment_fingerprint, placed_at
          from fraud.assessments
          where marketplace_id = %(marketplace_id)s and buyer_id = wanted.buyer_id
          order by placed_at desc
          limit %(count_max)s
        ) as past
        """,
        buyer_ids=list(buyer_ids),
        count_max=count_max,
    )


async def select_orders_of_payments(
    tx: Transaction, fingerprints: Sequence[str], count_max: int
) -> list[PastOrder]:
    """The last ``count_max`` assessed orders of each payment method."""
    return await tx.all(
        PastOrder,
        """
        select past.subject_id, past.buyer_id, past.payment_fingerprint, past.placed_at
        from unnest(%(fingerprints)s::text[]) as wanted (payment_fingerprint)
        cross join lateral (
          select subject_id, buyer_id, payment_fingerprint, placed_at
          from fraud.assessments
          where marketplace_id = %(marketplace_id)s
            and payment_fingerprint = wanted.payment_fingerprint
            and payment_fingerprint <> ''
          order by placed_at desc
          limit %(count_max)s
        ) as past
        """,
        fingerprints=list(fingerprints),
        count_max=count_max,
    )


async def insert_assessments(tx: Transaction, assessments: Sequence[Assessment]) -> None:
    await tx.execute(
        """
        insert into fraud.assessments
          (marketplace_id, assessment_id, subject_id, subject, buyer_id, payment_fingerprint,
           amount_minor, currency, ship_to_country, ship_to_region, outcome, score_bp, reason,
           signals, version, placed_at, assessed_at)
        select %(marketplace_id)s, new.*, %(now)s
        from unnest(
          %(assessment_ids)s::uuid[], %(subject_ids)s::uuid[], %(subjects)s::text[],
          %(buyer_ids)s::uuid[], %(fingerprints)s::text[], %(amounts)s::bigint[],
          %(currencies)s::text[], %(countries)s::text[], %(regions)s::text[], %(outcomes)s::text[],
          %(scores)s::int[], %(reasons)s::text[], %(signals)s::jsonb[], %(versions)s::text[],
          %(placed)s::timestamptz[]
        ) as new
        """,
        now=tx.now,
        assessment_ids=[it.assessment_id for it in assessments],
        subject_ids=[it.subject_id for it in assessments],
        subjects=[it.subject for it in assessments],
        buyer_ids=[it.buyer_id for it in assessments],
        fingerprints=[it.payment_fingerprint for it in assessments],
        amounts=[it.amount_minor for it in assessments],
        currencies=[it.currency for it in assessments],
        countries=[it.ship_to_country for it in assessments],
        regions=[it.ship_to_region for it in assessments],
        outcomes=[it.outcome for it in assessments],
        scores=[it.score_bp for it in assessments],
        reasons=[it.reason for it in assessments],
        signals=[Jsonb(it.signals) for it in assessments],
        versions=[it.version for it in assessments],
        placed=[it.placed_at for it in assessments],
    )


async def page_of_assessments(
    tx: Transaction,
    *,
    subject: str | None,
    outcome: Outcome | None,
    before: UUID | None,
    limit: int,
) -> list[Assessment]:
    return await tx.all(
        Assessment,
        """
        select *
        from fraud.assessments
        where marketplace_id = %(marketplace_id)s
          and (%(subject)s::text is null or subject = %(subject)s)
          and (%(outcome)s::text is null or outcome = %(outcome)s)
          and (%(before)s::uuid is null or assessment_id < %(before)s)
        order by assessment_id desc
        limit %(limit)s
        """,
        subject=subject,
        outcome=outcome,
        before=before,
        limit=limit,
    )
