"""SQL of divergences, their examples, and what was decided."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.comparison.model import Decision, Divergence, DivergenceState, Example, Finding
from banyan.runtime import Transaction


async def select_known(
    tx: Transaction, plan_id: UUID, routes: Sequence[str], patterns: Sequence[str]
) -> list[Divergence]:
    """Those of these routes whose cause is at one of these places."""
    return await tx.all(
        Divergence,
        """
        select *
        from comparison.divergences
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
          and route = any(%(routes)s) and pattern = any(%(patterns)s)
        """,
        plan_id=plan_id,
        routes=list(routes),
        patterns=list(patterns),
    )


async def find(tx: Transaction, divergence_id: UUID) -> Divergence | None:
    return await tx.one(
        Divergence,
        """
        select *
        from comparison.divergences
        where marketplace_id = %(marketplace_id)s and divergence_id = %(divergence_id)s
        """,
        divergence_id=divergence_id,
    )


async def select_page(
    tx: Transaction,
    *,
    plan_id: UUID | None,
    route: str | None,
    states: Sequence[DivergenceState] | None,
    after: UUID | None,
    limit: int,
) -> list[Divergence]:
    """The newest first."""
    return await tx.all(
        Divergence,
        """
        select *
        from comparison.divergences
        where marketplace_id = %(marketplace_id)s
          and (%(plan_id)s::uuid is null or plan_id = %(plan_id)s)
          and (%(route)s::text is null or route = %(route)s)
          and (%(states)s::text[] is null or state = any(%(states)s))
          and (%(after)s::uuid is null or divergence_id < %(after)s)
        order by divergence_id desc
        limit %(limit)s
        """,
        plan_id=plan_id,
        route=route,
        states=None if states is None else list(states),
        after=after,
        limit=limit,
    )


async def save(tx: Transaction, divergences: Sequence[Divergence]) -> None:
    """Write divergences as they are after a batch, new ones and those seen again."""
    rows = sorted(divergences, key=lambda one: one.divergence_id)
    await tx.execute(
        """
        insert into comparison.divergences
          (marketplace_id, divergence_id, plan_id, route, source, pattern, kind, legacy_shape,
           candidate_shape, title, also, requests, requests_after, first_seen_at, last_seen_at,
           last_version, state, why, fixed_in, broken_in, returned)
        select
          %(marketplace_id)s, new.divergence_id, new.plan_id, new.route, new.source, new.pattern,
          new.kind, new.legacy_shape, new.candidate_shape, new.title,
          array(select jsonb_array_elements_text(new.also)), new.requests, new.requests_after,
          new.first_seen_at, new.last_seen_at, new.last_version, new.state, '', '', '', new.returned
        from unnest(
          %(ids)s::uuid[], %(plans)s::uuid[], %(routes)s::text[], %(sources)s::text[],
          %(patterns)s::text[], %(kinds)s::text[], %(ours)s::text[], %(theirs)s::text[],
          %(titles)s::text[], %(also)s::jsonb[], %(requests)s::bigint[], %(after)s::bigint[],
          %(first)s::timestamptz[], %(last)s::timestamptz[], %(versions)s::text[],
          %(states)s::text[], %(returned)s::int[]
        ) as new (divergence_id, plan_id, route, source, pattern, kind, legacy_shape,
                  candidate_shape, title, also, requests, requests_after, first_seen_at,
                  last_seen_at, last_version, state, returned)
        on conflict (marketplace_id, divergence_id) do update
        set also = excluded.also,
          requests = excluded.requests,
          requests_after = excluded.requests_after,
          first_seen_at = least(divergences.first_seen_at, excluded.first_seen_at),
          last_seen_at = greatest(divergences.last_seen_at, excluded.last_seen_at),
          last_version = excluded.last_version,
          state = excluded.state,
          returned = excluded.returned
        """,
        ids=[one.divergence_id for one in rows],
        plans=[one.plan_id for one in rows],
        routes=[one.route for one in rows],
        sources=[one.source for one in rows],
        patterns=[one.pattern for one in rows],
        kinds=[one.kind for one in rows],
        ours=[one.legacy_shape for one in rows],
        theirs=[one.candidate_shape for one in rows],
        titles=[one.title for one in rows],
        also=[Jsonb(one.also) for one in rows],
        requests=[one.requests for one in rows],
        after=[one.requests_after for one in rows],
        first=[one.first_seen_at for one in rows],
        last=[one.last_seen_at for one in rows],
        versions=[one.last_version for one in rows],
        states=[one.state for one in rows],
        returned=[one.returned for one in rows],
    )


async def add_minutes(tx: Transaction, counts: Mapping[tuple[UUID, datetime], int]) -> None:
    keys = sorted(counts)
    await tx.execute(
        """
        insert into comparison.divergence_minutes (marketplace_id, divergence_id, minute, requests)
        select %(marketplace_id)s, new.divergence_id, new.minute, new.requests
        from unnest(%(ids)s::uuid[], %(minutes)s::timestamptz[], %(requests)s::bigint[])
          as new (divergence_id, minute, requests)
        on conflict (marketplace_id, divergence_id, minute) do update
        set requests = divergence_minutes.requests + excluded.requests
        """,
        ids=[divergence_id for divergence_id, _ in keys],
        minutes=[minute for _, minute in keys],
        requests=[counts[key] for key in keys],
    )


async def put_examples(tx: Transaction, examples: Mapping[tuple[UUID, int], Finding]) -> None:
    """Each into its place; what was there makes room."""
    keys = sorted(examples)
    found = [examples[key] for key in keys]
    await tx.execute(
        """
        insert into comparison.examples
          (marketplace_id, divergence_id, number, request_id, method, path, headers, legacy_status,
           candidate_status, legacy_us, candidate_us, differences, context, seen_at)
        select %(marketplace_id)s, new.*
        from unnest(
          %(ids)s::uuid[], %(numbers)s::int[], %(requests)s::text[], %(methods)s::text[],
          %(paths)s::text[], %(headers)s::jsonb[], %(ours)s::int[], %(theirs)s::int[],
          %(our_us)s::bigint[], %(their_us)s::bigint[], %(differences)s::jsonb[],
          %(contexts)s::jsonb[], %(seen)s::timestamptz[]
        ) as new
        on conflict (marketplace_id, divergence_id, number) do update
        set request_id = excluded.request_id, method = excluded.method, path = excluded.path,
          headers = excluded.headers, legacy_status = excluded.legacy_status,
          candidate_status = excluded.candidate_status, legacy_us = excluded.legacy_us,
          candidate_us = excluded.candidate_us, differences = excluded.differences,
          context = excluded.context, seen_at = excluded.seen_at
        """,
        ids=[divergence_id for divergence_id, _ in keys],
        numbers=[number for _, number in keys],
        requests=[one.request_id for one in found],
        methods=[one.asked.method for one in found],
        paths=[one.asked.path for one in found],
        headers=[Jsonb([[*header] for header in one.asked.headers]) for one in found],
        ours=[one.legacy_status for one in found],
        theirs=[one.candidate_status for one in found],
        our_us=[one.legacy_us for one in found],
        their_us=[one.candidate_us for one in found],
        differences=[Jsonb(_shown(one)) for one in found],
        contexts=[Jsonb(dict(one.context)) for one in found],
        seen=[one.at for one in found],
    )


_SHOWN_MAX = 20


def _shown(finding: Finding) -> list[dict[str, str | None]]:
    return [
        {
            "path": one.path,
            "kind": one.kind,
            "legacy": one.legacy,
            "candidate": one.candidate,
            "detail": one.detail,
        }
        for one in finding.comparison.differences[:_SHOWN_MAX]
    ]


async def select_examples(tx: Transaction, divergence_id: UUID) -> list[Example]:
    """The newest first."""
    return await tx.all(
        Example,
        """
        select *
        from comparison.examples
        where marketplace_id = %(marketplace_id)s and divergence_id = %(divergence_id)s
        order by seen_at desc, number
        """,
        divergence_id=divergence_id,
    )


async def update_decided(
    tx: Transaction,
    divergence_id: UUID,
    state: DivergenceState,
    *,
    owner: str | None,
    why: str,
    by: str,
    fixed_in: str,
) -> Divergence | None:
    return await tx.one(
        Divergence,
        """
        update comparison.divergences
        set state = %(state)s, owner = %(owner)s, why = %(why)s, decided_by = %(by)s,
          decided_at = %(now)s, requests_after = 0, fixed_in = %(fixed_in)s,
          broken_in = last_version
        where marketplace_id = %(marketplace_id)s and divergence_id = %(divergence_id)s
        returning *
        """,
        divergence_id=divergence_id,
        state=state,
        owner=owner,
        why=why,
        by=by,
        fixed_in=fixed_in,
        now=tx.now,
    )


async def insert_decision(
    tx: Transaction, divergence: Divergence, choice: str, *, why: str, by: str
) -> None:
    await tx.execute(
        """
        insert into comparison.decisions
          (marketplace_id, divergence_id, number, choice, state, owner, why, by, fixed_in,
           decided_at)
        select %(marketplace_id)s, %(divergence_id)s, count(*) + 1, %(choice)s, %(state)s,
          %(owner)s, %(why)s, %(by)s, %(fixed_in)s, %(now)s
        from comparison.decisions
        where marketplace_id = %(marketplace_id)s and divergence_id = %(divergence_id)s
        """,
        divergence_id=divergence.divergence_id,
        choice=choice,
        state=divergence.state,
        owner=divergence.owner,
        why=why,
        by=by,
        fixed_in=divergence.fixed_in,
        now=tx.now,
    )


async def select_decisions(tx: Transaction, divergence_id: UUID) -> list[Decision]:
    """In order."""
    return await tx.all(
        Decision,
        """
        select *
        from comparison.decisions
        where marketplace_id = %(marketplace_id)s and divergence_id = %(divergence_id)s
        order by number
        """,
        divergence_id=divergence_id,
    )
