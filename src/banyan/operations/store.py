"""SQL of operations: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.operations.model import Case, CaseCounts, CaseDraft
from banyan.runtime import Transaction


async def insert_cases(
    tx: Transaction, case_ids: Sequence[UUID], drafts: Sequence[CaseDraft]
) -> list[Case]:
    """Add those whose key is new; only they are returned."""
    return await tx.all(
        Case,
        """
        insert into operations.cases
          (marketplace_id, case_id, key, queue, kind, subject, title, reason, evidence,
           at_risk_minor, currency, resolutions, opened_at, due_at)
        select
          %(marketplace_id)s, new.case_id, new.key, new.queue, new.kind, new.subject, new.title,
          new.reason, new.evidence, new.at_risk_minor, new.currency,
          string_to_array(new.resolutions, ' '), %(now)s, new.due_at
        from unnest(
          %(case_ids)s::uuid[], %(keys)s::text[], %(queues)s::text[], %(kinds)s::text[],
          %(subjects)s::text[], %(titles)s::text[], %(reasons)s::text[], %(evidence)s::jsonb[],
          %(at_risk)s::bigint[], %(currencies)s::text[], %(resolutions)s::text[],
          %(due)s::timestamptz[]
        ) as new (case_id, key, queue, kind, subject, title, reason, evidence, at_risk_minor,
                  currency, resolutions, due_at)
        on conflict (marketplace_id, key) do nothing
        returning *
        """,
        now=tx.now,
        case_ids=list(case_ids),
        keys=[draft.key for draft in drafts],
        queues=[draft.queue for draft in drafts],
        kinds=[draft.kind for draft in drafts],
        subjects=[draft.subject for draft in drafts],
        titles=[draft.title for draft in drafts],
        reasons=[draft.reason for draft in drafts],
        evidence=[Jsonb(draft.evidence) for draft in drafts],
        at_risk=[draft.at_risk.minor if draft.at_risk else None for draft in drafts],
        currencies=[draft.at_risk.currency.code if draft.at_risk else None for draft in drafts],
        resolutions=[" ".join(draft.resolutions) for draft in drafts],
        due=[draft.due_at for draft in drafts],
    )


async def find_case(tx: Transaction, case_id: UUID, *, lock: bool = False) -> Case | None:
    if lock:
        return await tx.one(
            Case,
            """
            select *
            from operations.cases
            where marketplace_id = %(marketplace_id)s and case_id = %(case_id)s
            for update
            """,
            case_id=case_id,
        )
    return await tx.one(
        Case,
        """
        select *
        from operations.cases
        where marketplace_id = %(marketplace_id)s and case_id = %(case_id)s
        """,
        case_id=case_id,
    )


async def update_resolved(
    tx: Transaction, case_id: UUID, resolution: str, note: str, actor: str, *, by_person: bool
) -> Case | None:
    return await tx.one(
        Case,
        """
        update operations.cases
        set
          state = 'resolved',
          resolution = %(resolution)s,
          note = %(note)s,
          resolved_by = %(actor)s,
          by_person = %(by_person)s,
          closed_at = %(now)s
        where marketplace_id = %(marketplace_id)s and case_id = %(case_id)s
        returning *
        """,
        case_id=case_id,
        resolution=resolution,
        note=note,
        actor=actor,
        by_person=by_person,
        now=tx.now,
    )


async def update_withdrawn(
    tx: Transaction,
    subjects: Sequence[str],
    kinds: Sequence[str] | None,
    keys: Sequence[str] | None,
) -> list[Case]:
    return await tx.all(
        Case,
        """
        update operations.cases
        set state = 'withdrawn', closed_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and subject = any(%(subjects)s)
          and (%(kinds)s::text[] is null or kind = any(%(kinds)s))
          and (%(keys)s::text[] is null or key = any(%(keys)s))
          and state = 'open'
        returning *
        """,
        subjects=list(subjects),
        kinds=None if kinds is None else list(kinds),
        keys=None if keys is None else list(keys),
        now=tx.now,
    )


async def update_owner(tx: Transaction, case_id: UUID, owner: str | None) -> Case | None:
    return await tx.one(
        Case,
        """
        update operations.cases
        set owner = %(owner)s
        where marketplace_id = %(marketplace_id)s and case_id = %(case_id)s
        returning *
        """,
        case_id=case_id,
        owner=owner,
    )


async def select_open(
    tx: Transaction,
    *,
    queue: str | None,
    owner: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Case]:
    """Open cases by deadline; of equal deadlines the older first."""
    return await tx.all(
        Case,
        """
        select *
        from operations.cases
        where marketplace_id = %(marketplace_id)s
          and state = 'open'
          and (%(queue)s::text is null or queue = %(queue)s)
          and (%(owner)s::text is null or owner = %(owner)s)
          and (%(after_at)s::timestamptz is null
               or (due_at, case_id) > (%(after_at)s, %(after_id)s::uuid))
        order by due_at, case_id
        limit %(limit)s
        """,
        queue=queue,
        owner=owner,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=limit,
    )


async def select_closed(
    tx: Transaction, *, queue: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Case]:
    """Closed cases, the latest first."""
    return await tx.all(
        Case,
        """
        select *
        from operations.cases
        where marketplace_id = %(marketplace_id)s
          and state <> 'open'
          and (%(queue)s::text is null or queue = %(queue)s)
          and (%(after_at)s::timestamptz is null
               or (closed_at, case_id) < (%(after_at)s, %(after_id)s::uuid))
        order by closed_at desc, case_id desc
        limit %(limit)s
        """,
        queue=queue,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=limit,
    )


async def select_of(tx: Transaction, subject: str) -> list[Case]:
    return await tx.all(
        Case,
        """
        select *
        from operations.cases
        where marketplace_id = %(marketplace_id)s and subject = %(subject)s
        order by case_id
        """,
        subject=subject,
    )


async def count_open(tx: Transaction) -> CaseCounts:
    counts = await tx.one(
        CaseCounts,
        """
        select count(*) as open, count(*) filter (where due_at < %(now)s) as overdue
        from operations.cases
        where marketplace_id = %(marketplace_id)s and state = 'open'
        """,
        now=tx.now,
    )
    assert counts is not None, "an aggregate has one row"
    return counts


async def count_resolved_by_people(tx: Transaction) -> int:
    return await tx.value(
        """
        select count(*)
        from operations.cases
        where marketplace_id = %(marketplace_id)s and by_person
        """
    )


async def select_open_queues(tx: Transaction) -> list[str]:
    rows = await tx.rows(
        """
        select distinct queue
        from operations.cases
        where marketplace_id = %(marketplace_id)s and state = 'open'
        order by queue
        """
    )
    return [queue for (queue,) in rows]
