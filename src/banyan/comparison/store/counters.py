"""SQL of counters: what was compared, and how often places differed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from banyan.comparison.model import Place, Rates, Standing
from banyan.runtime import Transaction

_FORGOTTEN_AFTER = timedelta(days=1)
_FORGOTTEN_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class _Looks:
    route: str
    paired: int
    unpaired: int


@dataclass(frozen=True, slots=True)
class _Seen:
    route: str
    pattern: str
    kind: str
    in_both: int
    between_only: int
    within_only: int
    unpaired_seen: int


async def lock_plan(tx: Transaction, plan_id: UUID) -> None:
    """One batch of a plan at a time."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))",
        lock=f"comparison:{tx.marketplace_id}:{plan_id}",
    )


async def insert_seen(tx: Transaction, plan_id: UUID, request_ids: Sequence[str]) -> set[str]:
    """Those that are new."""
    rows = await tx.rows(
        """
        insert into comparison.seen (marketplace_id, plan_id, request_id, recorded_at)
        select %(marketplace_id)s, %(plan_id)s, new.request_id, %(now)s
        from unnest(%(request_ids)s::text[]) as new (request_id)
        on conflict (marketplace_id, plan_id, request_id) do nothing
        returning request_id
        """,
        plan_id=plan_id,
        request_ids=list(request_ids),
        now=tx.now,
    )
    return {request_id for (request_id,) in rows}


async def forget_seen(tx: Transaction, plan_id: UUID) -> None:
    """The oldest of those that won't be sent again."""
    await tx.execute(
        """
        delete from comparison.seen
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
          and request_id = any(array(
            select request_id
            from comparison.seen
            where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
              and recorded_at < %(until)s
            order by recorded_at
            limit %(limit)s
          ))
        """,
        plan_id=plan_id,
        until=tx.now - _FORGOTTEN_AFTER,
        limit=_FORGOTTEN_AT_ONCE,
    )


async def add_minutes(
    tx: Transaction, plan_id: UUID, counts: Mapping[tuple[str, datetime], tuple[int, int]]
) -> None:
    """Add (compared, unsteady) to minutes of routes."""
    keys = sorted(counts)
    await tx.execute(
        """
        insert into comparison.minutes
          (marketplace_id, plan_id, route, minute, compared, unsteady)
        select %(marketplace_id)s, %(plan_id)s, new.route, new.minute, new.compared, new.unsteady
        from unnest(
          %(routes)s::text[], %(minutes)s::timestamptz[], %(compared)s::bigint[],
          %(unsteady)s::bigint[]
        ) as new (route, minute, compared, unsteady)
        on conflict (marketplace_id, plan_id, route, minute) do update
        set compared = minutes.compared + excluded.compared,
          unsteady = minutes.unsteady + excluded.unsteady
        """,
        plan_id=plan_id,
        routes=[route for route, _ in keys],
        minutes=[minute for _, minute in keys],
        compared=[counts[key][0] for key in keys],
        unsteady=[counts[key][1] for key in keys],
    )


async def add_looks(tx: Transaction, plan_id: UUID, looks: Mapping[str, tuple[int, int]]) -> None:
    """Add (paired, unpaired) looks to routes."""
    routes = sorted(looks)
    await tx.execute(
        """
        insert into comparison.looks (marketplace_id, plan_id, route, paired, unpaired)
        select %(marketplace_id)s, %(plan_id)s, new.route, new.paired, new.unpaired
        from unnest(%(routes)s::text[], %(paired)s::bigint[], %(unpaired)s::bigint[])
          as new (route, paired, unpaired)
        on conflict (marketplace_id, plan_id, route) do update
        set paired = looks.paired + excluded.paired,
          unpaired = looks.unpaired + excluded.unpaired
        """,
        plan_id=plan_id,
        routes=routes,
        paired=[looks[route][0] for route in routes],
        unpaired=[looks[route][1] for route in routes],
    )


async def add_noise(tx: Transaction, plan_id: UUID, rates: Mapping[Place, Rates]) -> None:
    """Add to what is known of places."""
    places = sorted(rates, key=lambda place: (place.route, place.pattern, place.kind))
    await tx.execute(
        """
        insert into comparison.noise
          (marketplace_id, plan_id, route, pattern, kind, in_both, between_only, within_only,
           unpaired_seen, last_seen_at)
        select %(marketplace_id)s, %(plan_id)s, new.route, new.pattern, new.kind, new.pairs,
          new.between_only, new.within_only, new.unpaired_seen, %(now)s
        from unnest(
          %(routes)s::text[], %(patterns)s::text[], %(kinds)s::text[], %(both)s::bigint[],
          %(between)s::bigint[], %(within)s::bigint[], %(unpaired)s::bigint[]
        ) as new (route, pattern, kind, pairs, between_only, within_only, unpaired_seen)
        on conflict (marketplace_id, plan_id, route, pattern, kind) do update
        set in_both = noise.in_both + excluded.in_both,
          between_only = noise.between_only + excluded.between_only,
          within_only = noise.within_only + excluded.within_only,
          unpaired_seen = noise.unpaired_seen + excluded.unpaired_seen,
          last_seen_at = excluded.last_seen_at
        """,
        plan_id=plan_id,
        now=tx.now,
        routes=[place.route for place in places],
        patterns=[place.pattern for place in places],
        kinds=[place.kind for place in places],
        both=[rates[place].both for place in places],
        between=[rates[place].between_only for place in places],
        within=[rates[place].within_only for place in places],
        unpaired=[rates[place].unpaired_seen for place in places],
    )


async def rates_of(
    tx: Transaction, plan_id: UUID, routes: Sequence[str], patterns: Sequence[str]
) -> tuple[dict[str, tuple[int, int]], dict[Place, Rates]]:
    """Looks (paired, unpaired) of routes; and what is known of these patterns on them."""
    looks = {
        one.route: (one.paired, one.unpaired) for one in await _looks(tx, plan_id, list(routes))
    }
    seen = await _noise(tx, plan_id, list(routes), list(patterns))
    return looks, {
        Place(one.route, one.pattern, one.kind): Rates(
            paired=looks.get(one.route, (0, 0))[0],
            both=one.in_both,
            between_only=one.between_only,
            within_only=one.within_only,
            unpaired=looks.get(one.route, (0, 0))[1],
            unpaired_seen=one.unpaired_seen,
        )
        for one in seen
    }


async def _looks(tx: Transaction, plan_id: UUID, routes: list[str]) -> list[_Looks]:
    return await tx.all(
        _Looks,
        """
        select route, paired, unpaired
        from comparison.looks
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
          and route = any(%(routes)s)
        """,
        plan_id=plan_id,
        routes=routes,
    )


async def _noise(
    tx: Transaction, plan_id: UUID, routes: list[str], patterns: list[str]
) -> list[_Seen]:
    return await tx.all(
        _Seen,
        """
        select route, pattern, kind, in_both, between_only, within_only, unpaired_seen
        from comparison.noise
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
          and route = any(%(routes)s) and pattern = any(%(patterns)s)
        """,
        plan_id=plan_id,
        routes=routes,
        patterns=patterns,
    )


async def forget_between(
    tx: Transaction, plan_id: UUID, route: str, patterns: Sequence[str]
) -> None:
    """Learn anew how often the sides differ here: the candidate is another one now."""
    await tx.execute(
        """
        update comparison.noise
        set between_only = 0, unpaired_seen = 0
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
          and route = %(route)s and pattern = any(%(patterns)s)
        """,
        plan_id=plan_id,
        route=route,
        patterns=list(patterns),
    )


async def select_standing(tx: Transaction, plan_id: UUID, route: str, since: datetime) -> Standing:
    found = await tx.one(
        Standing,
        """
        select
          (select coalesce(sum(compared), 0)::bigint
           from comparison.minutes
           where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
             and route = %(route)s and minute >= %(since)s) as compared,
          (select coalesce(sum(m.requests), 0)::bigint
           from comparison.divergences d
           join comparison.divergence_minutes m
             on m.marketplace_id = d.marketplace_id and m.divergence_id = d.divergence_id
           where d.marketplace_id = %(marketplace_id)s and d.plan_id = %(plan_id)s
             and d.route = %(route)s and d.state not in ('accepted', 'fixed')
             and m.minute >= %(since)s) as diverged,
          (select count(*)
           from comparison.divergences
           where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
             and route = %(route)s and state in ('open', 'fixing')) as open
        """,
        plan_id=plan_id,
        route=route,
        since=since,
    )
    assert found is not None, "sums are always there"
    return found
