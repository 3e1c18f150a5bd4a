"""Where routes stand, and every change of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.migration.model.standing import Change, ChangeKind, Position, RouteStanding
from banyan.runtime import Transaction


async def select_routes(tx: Transaction, plan_id: UUID) -> list[RouteStanding]:
    """The routes of a plan, without those that are no longer in it."""
    return await tx.all(
        RouteStanding,
        """
        select plan_id, route, phase, read_bp, writes_to, step, change, entered_change, entered_at,
               held_why, approved_for, announced_for, announced_at, is_gone
        from migration.routes
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s and not is_gone
        order by route
        """,
        plan_id=plan_id,
    )


async def lock_routes(tx: Transaction, plan_id: UUID) -> list[RouteStanding]:
    """Every route that the plan has ever had; nobody else moves one meanwhile."""
    return await tx.all(
        RouteStanding,
        """
        select plan_id, route, phase, read_bp, writes_to, step, change, entered_change, entered_at,
               held_why, approved_for, announced_for, announced_at, is_gone
        from migration.routes
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by route
        for update
        """,
        plan_id=plan_id,
    )


async def wait_briefly(tx: Transaction) -> None:
    """No lock is waited for longer than a rollback may take, in this transaction."""
    await tx.execute("set local lock_timeout = '3s'")


async def lock_route(tx: Transaction, plan_id: UUID, route: str) -> RouteStanding | None:
    return await tx.one(
        RouteStanding,
        """
        select plan_id, route, phase, read_bp, writes_to, step, change, entered_change, entered_at,
               held_why, approved_for, announced_for, announced_at, is_gone
        from migration.routes
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and route = %(route)s
          and not is_gone
        for update
        """,
        plan_id=plan_id,
        route=route,
    )


async def save_route(tx: Transaction, standing: RouteStanding) -> None:
    """Make or replace the row of a route that is locked or new."""
    await tx.execute(
        """
        insert into migration.routes
          (marketplace_id, plan_id, route, phase, read_bp, writes_to, step, change, entered_change,
           entered_at, held_why, approved_for, announced_for, announced_at, is_gone)
        values
          (%(marketplace_id)s, %(plan_id)s, %(route)s, %(phase)s, %(read_bp)s, %(writes_to)s,
           %(step)s, %(change)s, %(entered_change)s, %(entered_at)s, %(held_why)s,
           %(approved_for)s, %(announced_for)s, %(announced_at)s, %(is_gone)s)
        on conflict (marketplace_id, plan_id, route) do update set
          phase = excluded.phase,
          read_bp = excluded.read_bp,
          writes_to = excluded.writes_to,
          step = excluded.step,
          change = excluded.change,
          entered_change = excluded.entered_change,
          entered_at = excluded.entered_at,
          held_why = excluded.held_why,
          approved_for = excluded.approved_for,
          announced_for = excluded.announced_for,
          announced_at = excluded.announced_at,
          is_gone = excluded.is_gone
        """,
        plan_id=standing.plan_id,
        route=standing.route,
        phase=standing.phase.value,
        read_bp=standing.read_bp,
        writes_to=standing.writes_to,
        step=standing.step,
        change=standing.change,
        entered_change=standing.entered_change,
        entered_at=standing.entered_at,
        held_why=standing.held_why,
        approved_for=standing.approved_for,
        announced_for=standing.announced_for,
        announced_at=standing.announced_at,
        is_gone=standing.is_gone,
    )


async def insert_change(
    tx: Transaction,
    plan_id: UUID,
    route: str,
    change: int,
    *,
    kind: ChangeKind,
    from_at: Position,
    to_at: Position,
    by: str,
    why: str,
    numbers: dict[str, Any],
    effective_at: datetime | None,
) -> Change:
    made = await tx.one(
        Change,
        """
        insert into migration.changes
          (marketplace_id, plan_id, route, change, kind, from_phase, to_phase, from_bp, to_bp,
           writes_to, by, why, numbers, decided_at, effective_at)
        values
          (%(marketplace_id)s, %(plan_id)s, %(route)s, %(change)s, %(kind)s, %(from_phase)s,
           %(to_phase)s, %(from_bp)s, %(to_bp)s, %(writes_to)s, %(by)s, %(why)s, %(numbers)s,
           %(now)s, %(effective_at)s)
        returning plan_id, route, change, kind, from_phase, to_phase, from_bp, to_bp, writes_to,
                  by, why, numbers, decided_at, effective_at
        """,
        plan_id=plan_id,
        route=route,
        change=change,
        kind=kind,
        from_phase=from_at.phase.value,
        to_phase=to_at.phase.value,
        from_bp=from_at.read_bp,
        to_bp=to_at.read_bp,
        writes_to=to_at.writes_to,
        by=by,
        why=why,
        numbers=Jsonb(numbers),
        now=tx.now,
        effective_at=effective_at,
    )
    assert made is not None, "an insert returns its row"
    return made


async def confirm_changes(
    tx: Transaction, plan_id: UUID, routes: Sequence[str], changes: Sequence[int]
) -> int:
    """The data plane has everything up to these changes; how many hadn't been confirmed."""
    return await tx.execute(
        """
        update migration.changes c
        set effective_at = %(now)s
        from unnest(%(routes)s::text[], %(changes)s::int[]) as seen (route, change)
        where c.marketplace_id = %(marketplace_id)s
          and c.plan_id = %(plan_id)s
          and c.route = seen.route
          and c.change <= seen.change
          and c.effective_at is null
        """,
        plan_id=plan_id,
        routes=list(routes),
        changes=list(changes),
        now=tx.now,
    )


async def find_change(tx: Transaction, plan_id: UUID, route: str, change: int) -> Change | None:
    return await tx.one(
        Change,
        """
        select plan_id, route, change, kind, from_phase, to_phase, from_bp, to_bp, writes_to,
               by, why, numbers, decided_at, effective_at
        from migration.changes
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and route = %(route)s
          and change = %(change)s
        """,
        plan_id=plan_id,
        route=route,
        change=change,
    )


async def select_changes(
    tx: Transaction,
    plan_id: UUID,
    *,
    route: str | None,
    kinds: Sequence[str] | None,
    after: tuple[datetime, str, int] | None,
    limit: int,
) -> list[Change]:
    """Changes of a plan (of one route), the newest first."""
    return await tx.all(
        Change,
        """
        select plan_id, route, change, kind, from_phase, to_phase, from_bp, to_bp, writes_to,
               by, why, numbers, decided_at, effective_at
        from migration.changes
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and (%(route)s::text is null or route = %(route)s)
          and (%(kinds)s::text[] is null or kind = any(%(kinds)s))
          and (%(after_at)s::timestamptz is null
               or (decided_at, route, change) < (%(after_at)s, %(after_route)s::text,
                                                 %(after_change)s::bigint))
        order by decided_at desc, route desc, change desc
        limit %(limit)s
        """,
        plan_id=plan_id,
        route=route,
        kinds=None if kinds is None else list(kinds),
        after_at=after[0] if after else None,
        after_route=after[1] if after else None,
        after_change=after[2] if after else None,
        limit=limit,
    )
