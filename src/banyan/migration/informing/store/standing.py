"""What happened to routes, what their customers saw, and which milestones are late."""

from datetime import date, datetime
from uuid import UUID

from banyan.migration.informing.model import RouteChange
from banyan.runtime import Transaction


async def select_changes(
    tx: Transaction, plan_id: UUID, *, since: datetime | None = None, limit: int = 500
) -> list[RouteChange]:
    """The newest first, each with what was seen of its route since the change before.

    A minute counts towards the change in which it ends or that falls into it.
    """
    return await tx.all(
        RouteChange,
        """
        select
          c.route, c.change, c.kind, c.from_phase, c.to_phase, c.from_bp, c.to_bp, c.decided_at,
          coalesce(seen.requests, 0)::bigint as requests,
          coalesce(seen.errors, 0)::bigint as errors,
          coalesce(seen.legacy_requests, 0)::bigint as legacy_requests,
          coalesce(seen.legacy_errors, 0)::bigint as legacy_errors
        from migration.changes c
        left join lateral (
          select b.decided_at
          from migration.changes b
          where b.marketplace_id = c.marketplace_id
            and b.plan_id = c.plan_id
            and b.route = c.route
            and b.change < c.change
            and b.kind in ('started', 'advanced', 'rolled_back', 'returned')
          order by b.change desc
          limit 1
        ) before on true
        left join lateral (
          select
            sum(m.requests) filter (where m.side = 'served') as requests,
            sum(m.errors) filter (where m.side = 'served') as errors,
            sum(m.requests) filter (where m.side = 'legacy') as legacy_requests,
            sum(m.errors) filter (where m.side = 'legacy') as legacy_errors
          from migration.minutes m
          where m.marketplace_id = c.marketplace_id
            and m.plan_id = c.plan_id
            and m.route = c.route
            and m.minute >= date_trunc('minute', coalesce(before.decided_at, c.decided_at))
            and m.minute <= c.decided_at
        ) seen on c.kind = 'rolled_back'
        where c.marketplace_id = %(marketplace_id)s
          and c.plan_id = %(plan_id)s
          and (%(since)s::timestamptz is null or c.decided_at >= %(since)s)
        order by c.decided_at desc, c.route, c.change desc
        limit %(limit)s
        """,
        plan_id=plan_id,
        since=since,
        limit=limit,
    )


async def select_served(
    tx: Transaction, plan_id: UUID, since: datetime
) -> list[tuple[str, int, int, int]]:
    """Of each route: requests of its customers, those that failed, and those that fell back."""
    rows = await tx.rows(
        """
        select route, sum(requests)::bigint, sum(errors)::bigint, sum(fall_backs)::bigint
        from migration.minutes
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and side = 'served'
          and minute >= %(since)s
        group by route
        """,
        plan_id=plan_id,
        since=since,
    )
    return [(route, requests, errors, fall_backs) for route, requests, errors, fall_backs in rows]


async def insert_late_milestone(
    tx: Transaction, plan_id: UUID, milestone: str, due_on: date
) -> bool:
    """Whether nobody has noticed before."""
    count = await tx.execute(
        """
        insert into migration.late_milestones
          (marketplace_id, plan_id, milestone, due_on, noticed_at)
        values (%(marketplace_id)s, %(plan_id)s, %(milestone)s, %(due_on)s, %(now)s)
        on conflict (marketplace_id, plan_id, milestone, due_on) do nothing
        """,
        plan_id=plan_id,
        milestone=milestone,
        due_on=due_on,
        now=tx.now,
    )
    return count == 1
