"""What the control plane finds: verdicts, evidence, minutes, and that it is alive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from banyan.migration.model.standing import ControllerBeat, Follower, Minute, StoredVerdict
from banyan.runtime import Transaction


async def save_verdict(
    tx: Transaction,
    plan_id: UUID,
    route: str,
    *,
    verdict: str,
    sentence: str,
    numbers: dict[str, Any],
) -> None:
    await tx.execute(
        """
        insert into migration.verdicts as old
          (marketplace_id, plan_id, route, verdict, sentence, numbers, since, judged_at)
        values
          (%(marketplace_id)s, %(plan_id)s, %(route)s, %(verdict)s, %(sentence)s, %(numbers)s,
           %(now)s, %(now)s)
        on conflict (marketplace_id, plan_id, route) do update set
          verdict = excluded.verdict,
          sentence = excluded.sentence,
          numbers = excluded.numbers,
          since = case when old.verdict = excluded.verdict then old.since else excluded.since end,
          judged_at = excluded.judged_at
        """,
        plan_id=plan_id,
        route=route,
        verdict=verdict,
        sentence=sentence,
        numbers=Jsonb(numbers),
        now=tx.now,
    )


async def select_verdicts(tx: Transaction, plan_id: UUID) -> list[StoredVerdict]:
    return await tx.all(
        StoredVerdict,
        """
        select route, verdict, sentence, numbers, since, judged_at
        from migration.verdicts
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by route
        """,
        plan_id=plan_id,
    )


async def save_evidence(
    tx: Transaction, plan_id: UUID, route: str, change: int, state: dict[str, Any]
) -> None:
    await tx.execute(
        """
        insert into migration.evidence
          (marketplace_id, plan_id, route, change, state, updated_at)
        values
          (%(marketplace_id)s, %(plan_id)s, %(route)s, %(change)s, %(state)s, %(now)s)
        on conflict (marketplace_id, plan_id, route) do update set
          change = excluded.change,
          state = excluded.state,
          updated_at = excluded.updated_at
        """,
        plan_id=plan_id,
        route=route,
        change=change,
        state=Jsonb(state),
        now=tx.now,
    )


async def select_evidence(tx: Transaction, plan_id: UUID) -> list[tuple[str, int, dict[str, Any]]]:
    """Route, the change since which it was gathered, and what."""
    rows = await tx.rows(
        """
        select route, change, state
        from migration.evidence
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        """,
        plan_id=plan_id,
    )
    return [(route, change, state) for route, change, state in rows]


async def save_minutes(tx: Transaction, plan_id: UUID, minutes: Sequence[Minute]) -> None:
    """Replace what was known of these minutes: each is the whole of what was seen so far."""
    await tx.execute(
        """
        insert into migration.minutes
          (marketplace_id, plan_id, route, side, phase, minute, requests, errors, fall_backs, buckets)
        select %(marketplace_id)s, %(plan_id)s, new.route, new.side, new.phase, new.minute,
               new.requests, new.errors, new.fall_backs, new.buckets
        from unnest(
          %(routes)s::text[], %(sides)s::text[], %(phases)s::text[], %(minutes)s::timestamptz[],
          %(requests)s::bigint[], %(errors)s::bigint[], %(fall_backs)s::bigint[],
          %(buckets)s::jsonb[]
        ) as new (route, side, phase, minute, requests, errors, fall_backs, buckets)
        on conflict (marketplace_id, plan_id, route, side, phase, minute) do update set
          requests = excluded.requests,
          errors = excluded.errors,
          fall_backs = excluded.fall_backs,
          buckets = excluded.buckets
        """,
        plan_id=plan_id,
        routes=[one.route for one in minutes],
        sides=[one.side for one in minutes],
        phases=[one.phase.value for one in minutes],
        minutes=[one.minute for one in minutes],
        requests=[one.requests for one in minutes],
        errors=[one.errors for one in minutes],
        fall_backs=[one.fall_backs for one in minutes],
        buckets=[Jsonb(one.buckets) for one in minutes],
    )


async def select_minutes(
    tx: Transaction,
    plan_id: UUID,
    *,
    route: str | None,
    since: datetime | None,
    until: datetime | None,
) -> list[Minute]:
    """What was seen minute by minute, the oldest first."""
    return await tx.all(
        Minute,
        """
        select route, side, phase, minute, requests, errors, fall_backs, buckets
        from migration.minutes
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and (%(route)s::text is null or route = %(route)s)
          and (%(since)s::timestamptz is null or minute >= %(since)s)
          and (%(until)s::timestamptz is null or minute < %(until)s)
        order by route, minute, side, phase
        """,
        plan_id=plan_id,
        route=route,
        since=since,
        until=until,
    )


async def save_beat(tx: Transaction, beat: ControllerBeat) -> None:
    await tx.execute(
        """
        insert into migration.controllers as old
          (marketplace_id, plan_id, holder, beat_at, version, data_plane, says)
        values
          (%(marketplace_id)s, %(plan_id)s, %(holder)s, %(beat_at)s, %(version)s, %(data_plane)s,
           %(says)s)
        on conflict (marketplace_id, plan_id) do update set
          holder = excluded.holder,
          beat_at = excluded.beat_at,
          version = excluded.version,
          data_plane = excluded.data_plane || jsonb_build_object('followers', (
            select coalesce(jsonb_object_agg(key, value), '{}')
            from jsonb_each(coalesce(old.data_plane -> 'followers', '{}'))
            where key <> excluded.holder
              and (value ->> 'beat_at')::timestamptz > excluded.beat_at - interval '1 hour'
          )),
          says = excluded.says
        """,
        plan_id=beat.plan_id,
        holder=beat.holder,
        beat_at=beat.beat_at,
        version=beat.version,
        data_plane=Jsonb(beat.data_plane),
        says=beat.says,
    )


async def judged_at(
    tx: Transaction, plan_id: UUID, within_s: float
) -> tuple[datetime | None, bool]:
    """When whoever leads the plan judged its routes last, and whether that is no longer ago.

    By real time, also in a sandbox: so the control plane's clock runs. None: it never has.
    """
    rows = await tx.rows(
        """
        select judged_at, judged_at > now() - make_interval(secs => %(within_s)s)
        from migration.controllers,
          lateral (select (data_plane ->> 'judged_at')::timestamptz as judged_at) as judged
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and judged_at is not null
        """,
        plan_id=plan_id,
        within_s=within_s,
    )
    return (rows[0][0], rows[0][1]) if rows else (None, False)


async def save_follower(tx: Transaction, plan_id: UUID, holder: str, follower: Follower) -> None:
    """Have it stand beside the leader's beat, if there has been one."""
    await tx.execute(
        """
        update migration.controllers
        set data_plane = data_plane || jsonb_build_object(
          'followers',
          coalesce(data_plane -> 'followers', '{}')
            || jsonb_build_object(%(holder)s::text, %(follower)s::jsonb)
        )
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        """,
        plan_id=plan_id,
        holder=holder,
        follower=Jsonb(msgspec.to_builtins(follower)),
    )


async def delete_follower(tx: Transaction, plan_id: UUID, holder: str) -> None:
    await tx.execute(
        """
        update migration.controllers
        set data_plane = data_plane #- array['followers', %(holder)s::text]
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        """,
        plan_id=plan_id,
        holder=holder,
    )


async def find_beat(tx: Transaction, plan_id: UUID) -> ControllerBeat | None:
    return await tx.one(
        ControllerBeat,
        """
        select plan_id, holder, beat_at, version, data_plane, says
        from migration.controllers
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        """,
        plan_id=plan_id,
    )
