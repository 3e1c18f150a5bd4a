"""SQL of deals, positions and gains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.fx.model import Deal, Gain, Position
from banyan.runtime import Transaction


async def insert_deals(tx: Transaction, deals: Sequence[Deal]) -> list[UUID]:
    """Add the deals whose id is new; their ids."""
    rows = await tx.rows(
        """
        insert into fx.deals
          (marketplace_id, deal_id, kind, subject, in_minor, in_currency, out_minor, out_currency,
           own_currency, in_value_minor, out_value_minor, made_at)
        select marketplace_id, deal_id, kind, subject, in_minor, in_currency, out_minor, out_currency,
          own_currency, in_value_minor, out_value_minor, made_at
        from jsonb_populate_recordset(null::fx.deals, %(deals)s)
        where marketplace_id = %(marketplace_id)s
        order by deal_id
        on conflict do nothing
        returning deal_id
        """,
        deals=Jsonb(list(deals)),
    )
    return [deal_id for (deal_id,) in rows]


async def select_deals(tx: Transaction, deal_ids: Sequence[UUID]) -> list[Deal]:
    return await tx.all(
        Deal,
        """
        select marketplace_id, deal_id, kind, subject, in_minor, in_currency, out_minor, out_currency,
          own_currency, in_value_minor, out_value_minor, made_at, number, booked_at
        from fx.deals
        where marketplace_id = %(marketplace_id)s and deal_id = any(%(deal_ids)s)
        order by deal_id
        """,
        deal_ids=list(deal_ids),
    )


async def list_deals(
    tx: Transaction, after: tuple[datetime, UUID] | None, limit: int
) -> list[Deal]:
    """The latest first."""
    return await tx.all(
        Deal,
        """
        select marketplace_id, deal_id, kind, subject, in_minor, in_currency, out_minor, out_currency,
          own_currency, in_value_minor, out_value_minor, made_at, number, booked_at
        from fx.deals
        where marketplace_id = %(marketplace_id)s
          and (%(after_at)s::timestamptz is null
               or (made_at, deal_id) < (%(after_at)s, %(after_id)s::uuid))
        order by made_at desc, deal_id desc
        limit %(limit)s
        """,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=limit,
    )


async def lock_book(tx: Transaction) -> int:
    """How many deals are booked; until the transaction ends nobody else books."""
    return await tx.value(
        """
        insert into fx.books (marketplace_id, deals)
        values (%(marketplace_id)s, 0)
        on conflict (marketplace_id) do update set deals = books.deals
        returning deals
        """
    )


async def count_booked(tx: Transaction) -> int:
    """The same, without holding up anybody."""
    booked = await tx.value("select deals from fx.books where marketplace_id = %(marketplace_id)s")
    return booked or 0


async def save_book(tx: Transaction, deals: int) -> None:
    await tx.execute(
        "update fx.books set deals = %(deals)s where marketplace_id = %(marketplace_id)s",
        deals=deals,
    )


async def deals_to_book(tx: Transaction, limit: int | None) -> list[Deal]:
    """Deals that are not in the book yet, in the order in which they were written."""
    return await tx.all(
        Deal,
        """
        select marketplace_id, deal_id, kind, subject, in_minor, in_currency, out_minor, out_currency,
          own_currency, in_value_minor, out_value_minor, made_at, number, booked_at
        from fx.deals
        where marketplace_id = %(marketplace_id)s and number is null
        order by position
        limit %(limit)s
        """,
        limit=limit,
    )


async def number_deals(tx: Transaction, deal_ids: Sequence[UUID], booked_before: int) -> None:
    """Put deals into the book, in their order, behind the ones that are there."""
    await tx.execute(
        """
        update fx.deals d
        set number = %(booked_before)s::bigint + new.nth, booked_at = %(now)s
        from unnest(%(deal_ids)s::uuid[]) with ordinality as new (deal_id, nth)
        where d.marketplace_id = %(marketplace_id)s and d.deal_id = new.deal_id
        """,
        deal_ids=list(deal_ids),
        booked_before=booked_before,
        now=tx.now,
    )


async def select_positions(tx: Transaction) -> list[Position]:
    return await tx.all(
        Position,
        """
        select currency, quantity_minor, cost_minor
        from fx.positions
        where marketplace_id = %(marketplace_id)s
        order by currency
        """,
    )


async def save_positions(tx: Transaction, positions: Sequence[Position]) -> None:
    await tx.execute(
        """
        insert into fx.positions (marketplace_id, currency, quantity_minor, cost_minor)
        select %(marketplace_id)s, new.currency, new.quantity_minor, new.cost_minor
        from unnest(%(currencies)s::text[], %(quantities)s::bigint[], %(costs)s::bigint[])
          as new (currency, quantity_minor, cost_minor)
        on conflict (marketplace_id, currency) do update set
          quantity_minor = excluded.quantity_minor,
          cost_minor = excluded.cost_minor
        """,
        currencies=[position.currency for position in positions],
        quantities=[position.quantity_minor for position in positions],
        costs=[position.cost_minor for position in positions],
    )


async def insert_gains(tx: Transaction, gains: Sequence[Gain]) -> None:
    await tx.execute(
        """
        insert into fx.gains
          (marketplace_id, deal_id, currency, closed_minor, cost_minor, value_minor, gain_minor,
           booked_at)
        select %(marketplace_id)s, new.deal_id, new.currency, new.closed_minor, new.cost_minor,
          new.value_minor, new.gain_minor, %(now)s
        from unnest(
          %(deal_ids)s::uuid[], %(currencies)s::text[], %(closed)s::bigint[], %(costs)s::bigint[],
          %(values)s::bigint[], %(gains)s::bigint[]
        ) as new (deal_id, currency, closed_minor, cost_minor, value_minor, gain_minor)
        """,
        deal_ids=[gain.deal_id for gain in gains],
        currencies=[gain.currency for gain in gains],
        closed=[gain.closed_minor for gain in gains],
        costs=[gain.cost_minor for gain in gains],
        values=[gain.value_minor for gain in gains],
        gains=[gain.gain_minor for gain in gains],
        now=tx.now,
    )


async def select_gains(tx: Transaction, deal_ids: Sequence[UUID]) -> list[Gain]:
    return await tx.all(
        Gain,
        """
        select deal_id, currency, closed_minor, cost_minor, value_minor, gain_minor
        from fx.gains
        where marketplace_id = %(marketplace_id)s and deal_id = any(%(deal_ids)s)
        order by deal_id, currency
        """,
        deal_ids=list(deal_ids),
    )


@dataclass(frozen=True, slots=True)
class GainRow:
    """What closing positions in a currency has brought."""

    currency: str
    deals: int
    gain_minor: int


async def sum_gains(
    tx: Transaction, since: datetime | None, until: datetime | None
) -> list[GainRow]:
    """Gains booked from ``since`` to before ``until``."""
    return await tx.all(
        GainRow,
        """
        select currency, count(*) as deals, sum(gain_minor)::bigint as gain_minor
        from fx.gains
        where marketplace_id = %(marketplace_id)s
          and (%(since)s::timestamptz is null or booked_at >= %(since)s)
          and (%(until)s::timestamptz is null or booked_at < %(until)s)
        group by currency
        order by currency
        """,
        since=since,
        until=until,
    )


async def sum_spread(tx: Transaction, since: datetime | None, until: datetime | None) -> int:
    """Spread of deals made from ``since`` to before ``until``, in own currency."""
    return await tx.value(
        """
        select coalesce(sum(in_value_minor - out_value_minor), 0)::bigint
        from fx.deals
        where marketplace_id = %(marketplace_id)s
          and (%(since)s::timestamptz is null or made_at >= %(since)s)
          and (%(until)s::timestamptz is null or made_at < %(until)s)
        """,
        since=since,
        until=until,
    )
