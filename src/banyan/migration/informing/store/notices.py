"""Notices, their deliveries and each try."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.migration.informing.model import Attempt, Channel, Delivery, Notice
from banyan.runtime import Transaction


async def insert_notices(tx: Transaction, notices: Sequence[Notice]) -> list[UUID]:
    """Add those that are new; the ids of these."""
    rows = await tx.rows(
        """
        insert into migration.notices
          (marketplace_id, notice_id, plan_id, team, source, kind, route, title, lines, facts,
           written_at)
        select
          %(marketplace_id)s, new.notice_id, new.plan_id, new.team, new.source, new.kind, new.route,
          new.title, new.lines, new.facts, %(now)s
        from unnest(
          %(notice_ids)s::uuid[], %(plan_ids)s::uuid[], %(teams)s::text[], %(sources)s::text[],
          %(kinds)s::text[], %(routes)s::text[], %(titles)s::text[], %(lines)s::jsonb[],
          %(facts)s::jsonb[]
        ) as new (notice_id, plan_id, team, source, kind, route, title, lines, facts)
        on conflict (marketplace_id, plan_id, team, source) do nothing
        returning notice_id
        """,
        now=tx.now,
        notice_ids=[notice.notice_id for notice in notices],
        plan_ids=[notice.plan_id for notice in notices],
        teams=[notice.team for notice in notices],
        sources=[notice.source for notice in notices],
        kinds=[notice.kind for notice in notices],
        routes=[notice.route for notice in notices],
        titles=[notice.title for notice in notices],
        lines=[Jsonb(notice.lines) for notice in notices],
        facts=[Jsonb(notice.facts) for notice in notices],
    )
    return [notice_id for (notice_id,) in rows]


async def insert_deliveries(tx: Transaction, ways: Sequence[tuple[UUID, Channel, str]]) -> None:
    """One for each notice, channel and address."""
    await tx.execute(
        """
        insert into migration.deliveries
          (marketplace_id, notice_id, channel, address, state, due_at)
        select %(marketplace_id)s, new.notice_id, new.channel, new.address, 'waiting', %(now)s
        from unnest(%(notice_ids)s::uuid[], %(channels)s::text[], %(addresses)s::text[])
          as new (notice_id, channel, address)
        on conflict (marketplace_id, notice_id, channel) do nothing
        """,
        now=tx.now,
        notice_ids=[notice_id for notice_id, _, _ in ways],
        channels=[channel for _, channel, _ in ways],
        addresses=[address for _, _, address in ways],
    )


async def find_notice(tx: Transaction, notice_id: UUID) -> Notice | None:
    return await tx.one(
        Notice,
        """
        select *
        from migration.notices
        where marketplace_id = %(marketplace_id)s and notice_id = %(notice_id)s
        """,
        notice_id=notice_id,
    )


async def find_delivery(tx: Transaction, notice_id: UUID, channel: Channel) -> Delivery | None:
    """Locked until the transaction ends."""
    return await tx.one(
        Delivery,
        """
        select *
        from migration.deliveries
        where marketplace_id = %(marketplace_id)s
          and notice_id = %(notice_id)s
          and channel = %(channel)s
        for update
        """,
        notice_id=notice_id,
        channel=channel,
    )


async def insert_attempt(tx: Transaction, attempt: Attempt) -> None:
    await tx.execute(
        """
        insert into migration.attempts
          (marketplace_id, notice_id, channel, attempt, is_delivered, answer, took_ms, tried_at)
        values
          (%(marketplace_id)s, %(notice_id)s, %(channel)s, %(attempt)s, %(is_delivered)s,
           %(answer)s, %(took_ms)s, %(tried_at)s)
        on conflict (marketplace_id, notice_id, channel, attempt) do nothing
        """,
        notice_id=attempt.notice_id,
        channel=attempt.channel,
        attempt=attempt.attempt,
        is_delivered=attempt.is_delivered,
        answer=attempt.answer,
        took_ms=attempt.took_ms,
        tried_at=attempt.tried_at,
    )


async def update_delivery(tx: Transaction, delivery: Delivery) -> None:
    await tx.execute(
        """
        update migration.deliveries
        set
          state = %(state)s,
          attempts = %(attempts)s,
          why = %(why)s,
          due_at = %(due_at)s,
          delivered_at = %(delivered_at)s
        where marketplace_id = %(marketplace_id)s
          and notice_id = %(notice_id)s
          and channel = %(channel)s
        """,
        notice_id=delivery.notice_id,
        channel=delivery.channel,
        state=delivery.state,
        attempts=delivery.attempts,
        why=delivery.why,
        due_at=delivery.due_at,
        delivered_at=delivery.delivered_at,
    )


async def select_notices(
    tx: Transaction,
    plan_id: UUID,
    *,
    team: str | None,
    route: str | None,
    before: UUID | None,
    limit: int,
) -> list[Notice]:
    """The newest first."""
    return await tx.all(
        Notice,
        """
        select *
        from migration.notices
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and (%(team)s::text is null or team = %(team)s)
          and (%(route)s::text is null or route = %(route)s)
          and (%(before)s::uuid is null or notice_id < %(before)s)
        order by notice_id desc
        limit %(limit)s
        """,
        plan_id=plan_id,
        team=team,
        route=route,
        before=before,
        limit=limit,
    )


async def select_deliveries(tx: Transaction, notice_ids: Sequence[UUID]) -> list[Delivery]:
    return await tx.all(
        Delivery,
        """
        select *
        from migration.deliveries
        where marketplace_id = %(marketplace_id)s and notice_id = any(%(notice_ids)s)
        order by notice_id, channel
        """,
        notice_ids=list(notice_ids),
    )


async def select_attempts(tx: Transaction, notice_ids: Sequence[UUID]) -> list[Attempt]:
    return await tx.all(
        Attempt,
        """
        select notice_id, channel, attempt, is_delivered, answer, took_ms, tried_at
        from migration.attempts
        where marketplace_id = %(marketplace_id)s and notice_id = any(%(notice_ids)s)
        order by notice_id, channel, attempt
        """,
        notice_ids=list(notice_ids),
    )


async def select_not_sent(tx: Transaction, plan_id: UUID, since: datetime) -> list[Delivery]:
    """What found no channel set up and is not too old to be of use."""
    return await tx.all(
        Delivery,
        """
        select d.*
        from migration.deliveries d
        join migration.notices n
          on n.marketplace_id = d.marketplace_id and n.notice_id = d.notice_id
        where d.marketplace_id = %(marketplace_id)s
          and d.state = 'not_sent'
          and n.plan_id = %(plan_id)s
          and n.written_at >= %(since)s
        order by d.notice_id
        limit 500
        """,
        plan_id=plan_id,
        since=since,
    )
