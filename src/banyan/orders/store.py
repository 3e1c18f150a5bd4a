"""SQL of orders: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.orders.model import (
    DayOfOrders,
    Line,
    Order,
    OrderDraft,
    OrderState,
    RefundedLine,
    Settings,
)
from banyan.runtime import Transaction


async def find_settings(tx: Transaction) -> Settings | None:
    return await tx.one(
        Settings,
        """
        select ship_within_days, lost_after_days, protection_days, review_hours
        from orders.settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def insert_order(
    tx: Transaction, order_id: UUID, payment_id: UUID, draft: OrderDraft
) -> Order | None:
    """The order with its lines; None if the external id is taken."""
    return await tx.one(
        Order,
        """
        with placed as (
          insert into orders.orders
            (marketplace_id, order_id, external_id, buyer_id, state, currency, shipping_minor,
             payment_id, payment_type, payment_token, payment_fingerprint, payment_tokens, installments,
             country, region, placed_at, vouchers)
          values
            (%(marketplace_id)s, %(order_id)s, %(external_id)s, %(buyer_id)s, 'placed',
             %(currency)s, %(shipping_minor)s, %(payment_id)s, %(payment_type)s,
             %(payment_token)s, %(payment_fingerprint)s, %(payment_tokens)s, %(installments)s, %(country)s,
             %(region)s, %(now)s, %(vouchers)s)
          on conflict (marketplace_id, external_id) do nothing
          returning *
        ),
        lines as (
          insert into orders.lines
            (marketplace_id, order_id, line, product, quantity, unit_price_max_minor,
             wanted_offer_id)
          select
            %(marketplace_id)s, placed.order_id, new.line, new.product, new.quantity,
            new.unit_price_max_minor, new.wanted_offer_id
          from placed
          cross join unnest(
            %(products)s::text[], %(quantities)s::int[], %(prices)s::bigint[], %(offers)s::uuid[]
          ) with ordinality
            as new (product, quantity, unit_price_max_minor, wanted_offer_id, line)
        )
        select * from placed
        """,
        order_id=order_id,
        external_id=draft.external_id,
        buyer_id=draft.buyer_id,
        currency=draft.shipping.currency.code,
        shipping_minor=draft.shipping.minor,
        payment_id=payment_id,
        payment_type=draft.method.type,
        payment_token=draft.method.token,
        payment_fingerprint=draft.method.fingerprint,
        payment_tokens=Jsonb(dict(draft.method.tokens)),
        installments=draft.method.installments,
        country=draft.country,
        region=draft.region,
        now=tx.now,
        vouchers=Jsonb(draft.voucher_rows),
        products=[line.product for line in draft.lines],
        quantities=[line.quantity for line in draft.lines],
        prices=[line.unit_price_max.minor if line.unit_price_max else None for line in draft.lines],
        offers=[line.offer_id for line in draft.lines],
    )


async def lock_orders(tx: Transaction, order_ids: Sequence[UUID]) -> list[Order]:
    """The orders, locked in the order of their ids so that batches can't block each other."""
    return await tx.all(
        Order,
        """
        select *
        from orders.orders
        where marketplace_id = %(marketplace_id)s and order_id = any(%(order_ids)s)
        order by order_id
        for no key update
        """,
        order_ids=list(order_ids),
    )


async def find_order(tx: Transaction, order_id: UUID) -> Order | None:
    return await tx.one(
        Order,
        """
        select *
        from orders.orders
        where marketplace_id = %(marketplace_id)s and order_id = %(order_id)s
        """,
        order_id=order_id,
    )


async def find_by_external_id(tx: Transaction, external_id: str) -> Order | None:
    return await tx.one(
        Order,
        """
        select *
        from orders.orders
        where marketplace_id = %(marketplace_id)s and external_id = %(external_id)s
        """,
        external_id=external_id,
    )


async def select_lines(tx: Transaction, order_ids: Sequence[UUID]) -> list[Line]:
    return await tx.all(
        Line,
        """
        select *
        from orders.lines
        where marketplace_id = %(marketplace_id)s and order_id = any(%(order_ids)s)
        order by order_id, line
        """,
        order_ids=list(order_ids),
    )


async def update_state(tx: Transaction, order_ids: Sequence[UUID], state: OrderState) -> None:
    await tx.execute(
        """
        update orders.orders
        set state = %(state)s, resumes_as = null
        where marketplace_id = %(marketplace_id)s and order_id = any(%(order_ids)s)
        """,
        order_ids=list(order_ids),
        state=state,
    )


async def update_disputed(tx: Transaction, order_id: UUID, resumes_as: OrderState) -> None:
    await tx.execute(
        """
        update orders.orders
        set state = 'disputed', resumes_as = %(resumes_as)s
        where marketplace_id = %(marketplace_id)s
          and order_id = %(order_id)s
          and state <> 'disputed'
        """,
        order_id=order_id,
        resumes_as=resumes_as,
    )


async def update_matched(tx: Transaction, orders: Sequence[tuple[UUID, int, datetime]]) -> None:
    """Set each order's cost of items and promise."""
    await tx.execute(
        """
        update orders.orders o
        set state = 'matched', items_minor = new.items_minor, promised_at = new.promised_at
        from unnest(%(order_ids)s::uuid[], %(items)s::bigint[], %(promised)s::timestamptz[])
          as new (order_id, items_minor, promised_at)
        where o.marketplace_id = %(marketplace_id)s and o.order_id = new.order_id
        """,
        order_ids=[order_id for order_id, _, _ in orders],
        items=[items for _, items, _ in orders],
        promised=[promised_at for _, _, promised_at in orders],
    )


async def update_priced(tx: Transaction, orders: Sequence[Order]) -> None:
    """Set what vouchers take off each order, and what the buyer pays on top."""
    await tx.execute(
        """
        update orders.orders o
        set discount_minor = new.discount_minor, service_fee_minor = new.service_fee_minor
        from unnest(%(order_ids)s::uuid[], %(discounts)s::bigint[], %(fees)s::bigint[])
          as new (order_id, discount_minor, service_fee_minor)
        where o.marketplace_id = %(marketplace_id)s and o.order_id = new.order_id
        """,
        order_ids=[order.order_id for order in orders],
        discounts=[order.discount_minor for order in orders],
        fees=[order.service_fee_minor for order in orders],
    )


async def update_matched_lines(tx: Transaction, lines: Sequence[Line]) -> None:
    await tx.execute(
        """
        update orders.lines l
        set
          offer_id = new.offer_id,
          seller_id = new.seller_id,
          unit_price_minor = new.unit_price_minor,
          lead_time_days = new.lead_time_days
        from unnest(
          %(order_ids)s::uuid[], %(lines)s::int[], %(offers)s::uuid[], %(sellers)s::uuid[],
          %(prices)s::bigint[], %(days)s::int[]
        ) as new (order_id, line, offer_id, seller_id, unit_price_minor, lead_time_days)
        where l.marketplace_id = %(marketplace_id)s
          and l.order_id = new.order_id
          and l.line = new.line
        """,
        order_ids=[line.order_id for line in lines],
        lines=[line.line for line in lines],
        offers=[line.offer_id for line in lines],
        sellers=[line.seller_id for line in lines],
        prices=[line.unit_price_minor for line in lines],
        days=[line.lead_time_days for line in lines],
    )


async def update_confirmed(
    tx: Transaction, order_ids: Sequence[UUID], ship_by_at: datetime
) -> None:
    await tx.execute(
        """
        update orders.orders
        set state = 'confirmed', ship_by_at = %(ship_by_at)s
        where marketplace_id = %(marketplace_id)s and order_id = any(%(order_ids)s)
        """,
        order_ids=list(order_ids),
        ship_by_at=ship_by_at,
    )


async def update_shipped(
    tx: Transaction, order_id: UUID, carrier: str, tracking: str
) -> Order | None:
    """Also while disputed: then it is the state to go on from that moves."""
    return await tx.one(
        Order,
        """
        update orders.orders
        set
          state = case state when 'disputed' then state else 'shipped' end,
          resumes_as = case state when 'disputed' then 'shipped' end,
          carrier = %(carrier)s,
          tracking = %(tracking)s,
          shipped_at = %(now)s
        where marketplace_id = %(marketplace_id)s and order_id = %(order_id)s
        returning *
        """,
        order_id=order_id,
        carrier=carrier,
        tracking=tracking,
        now=tx.now,
    )


async def update_delivered(tx: Transaction, order_id: UUID) -> Order | None:
    """Also while disputed: then it is the state to go on from that moves."""
    return await tx.one(
        Order,
        """
        update orders.orders
        set
          state = case state when 'disputed' then state else 'delivered' end,
          resumes_as = case state when 'disputed' then 'delivered' end,
          delivered_at = %(now)s
        where marketplace_id = %(marketplace_id)s and order_id = %(order_id)s
        returning *
        """,
        order_id=order_id,
        now=tx.now,
    )


async def update_settled(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    await tx.execute(
        """
        update orders.orders
        set state = 'settled', settled_at = %(now)s
        where marketplace_id = %(marketplace_id)s and order_id = any(%(order_ids)s)
        """,
        order_ids=list(order_ids),
        now=tx.now,
    )


async def update_refunded(tx: Transaction, order_id: UUID, amount_minor: int) -> Order | None:
    return await tx.one(
        Order,
        """
        update orders.orders
        set refunded_minor = refunded_minor + %(amount_minor)s
        where marketplace_id = %(marketplace_id)s and order_id = %(order_id)s
        returning *
        """,
        order_id=order_id,
        amount_minor=amount_minor,
    )


async def refunded_units(tx: Transaction, order_id: UUID, *, but: UUID) -> dict[int, int]:
    """How many units of each line have been or are being refunded by other refunds than ``but``."""
    rows = await tx.rows(
        """
        select line, sum(quantity)::int
        from orders.refunded_lines
        where marketplace_id = %(marketplace_id)s
          and order_id = %(order_id)s
          and refund_id <> %(but)s
          and not is_undone
        group by line
        """,
        order_id=order_id,
        but=but,
    )
    return {row[0]: row[1] for row in rows}


async def insert_refunded_lines(
    tx: Transaction, order_id: UUID, refund_id: UUID, lines: Sequence[RefundedLine]
) -> None:
    await tx.execute(
        """
        insert into orders.refunded_lines
          (marketplace_id, refund_id, order_id, line, quantity, amount_minor)
        select %(marketplace_id)s, %(refund_id)s, %(order_id)s, new.*
        from unnest(%(lines)s::int[], %(quantities)s::int[], %(amounts)s::bigint[]) as new
        on conflict (marketplace_id, refund_id, line) do nothing
        """,
        refund_id=refund_id,
        order_id=order_id,
        lines=[line.line for line in lines],
        quantities=[line.quantity for line in lines],
        amounts=[line.amount_minor for line in lines],
    )


async def undo_refunded_lines(tx: Transaction, refund_id: UUID, *, is_undone: bool) -> None:
    """Count the units of a refund no more, because it has failed; or again."""
    await tx.execute(
        """
        update orders.refunded_lines
        set is_undone = %(is_undone)s
        where marketplace_id = %(marketplace_id)s and refund_id = %(refund_id)s
        """,
        refund_id=refund_id,
        is_undone=is_undone,
    )


async def count_received(tx: Transaction, buyer_id: UUID, *, before: datetime) -> int:
    """Orders that a buyer received before an instant, and has not disputed since."""
    return await tx.value(
        """
        select count(*)
        from orders.orders
        where marketplace_id = %(marketplace_id)s
          and buyer_id = %(buyer_id)s
          and delivered_at < %(before)s
          and state not in ('disputed', 'charged_back')
        """,
        buyer_id=buyer_id,
        before=before,
    )


async def select_orders(
    tx: Transaction,
    *,
    states: Sequence[str] | None,
    buyer_id: UUID | None,
    seller_id: UUID | None,
    region: str | None,
    external_id: str | None,
    placed_from: datetime | None,
    placed_until: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[Order]:
    """Orders, the newest first; ``after`` is the last one of the page before."""
    return await tx.all(
        Order,
        """
        select o.*
        from orders.orders o
        where o.marketplace_id = %(marketplace_id)s
          and (%(states)s::text[] is null or o.state = any(%(states)s))
          and (%(buyer_id)s::uuid is null or o.buyer_id = %(buyer_id)s)
          and (%(region)s::text is null or o.region = %(region)s)
          and (%(external_id)s::text is null or o.external_id = %(external_id)s)
          and (%(placed_from)s::timestamptz is null or o.placed_at >= %(placed_from)s)
          and (%(placed_until)s::timestamptz is null or o.placed_at < %(placed_until)s)
          and (%(seller_id)s::uuid is null or o.order_id in (
            select l.order_id
            from orders.lines l
            where l.marketplace_id = %(marketplace_id)s and l.seller_id = %(seller_id)s
          ))
          and (%(after)s::uuid is null or o.order_id < %(after)s)
        order by o.order_id desc
        limit %(limit)s
        """,
        states=None if states is None else list(states),
        buyer_id=buyer_id,
        seller_id=seller_id,
        region=region,
        external_id=external_id,
        placed_from=placed_from,
        placed_until=placed_until,
        after=after,
        limit=limit,
    )


async def count_by_state(tx: Transaction) -> dict[str, int]:
    rows = await tx.rows(
        """
        select state, count(*)
        from orders.orders
        where marketplace_id = %(marketplace_id)s
        group by state
        """
    )
    return {state: count for state, count in rows}  # noqa: C416 - dict() would not know the types


async def select_days(tx: Transaction, since: datetime) -> list[DayOfOrders]:
    return await tx.all(
        DayOfOrders,
        """
        select
          date_trunc('day', placed_at, 'UTC') as day,
          currency,
          count(*)::int as orders,
          coalesce(
            sum(items_minor + shipping_minor - discount_minor + service_fee_minor), 0
          )::bigint as total_minor
        from orders.orders
        where marketplace_id = %(marketplace_id)s and placed_at >= %(since)s
        group by 1, 2
        order by 1, 2
        """,
        since=since,
    )
