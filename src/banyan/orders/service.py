"""Use cases of orders: what people and clients ask for. The journey itself is in ``jobs``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from banyan import ledger, operations, parties, payments
from banyan.kernel import Money, Page, id_of_cursor, new_id, page_of
from banyan.orders import rules, store
from banyan.orders.errors import BuyerUnknown, OrderExists, OrderNotFound, OrderStateConflict
from banyan.orders.model import (
    ORDER,
    DayOfOrders,
    Line,
    Order,
    OrderDraft,
    OrderState,
    RefundLine,
    Settings,
)
from banyan.runtime import Event, JobDraft, Json, StoredEvent, Transaction, events_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders a list shows; what is None doesn't matter."""

    states: Sequence[OrderState] | None = None
    buyer_id: UUID | None = None
    seller_id: UUID | None = None
    region: str | None = None
    external_id: str | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MarketplaceSummary:
    """A marketplace in figures; ``money`` is None before the first payment in the currency."""

    orders: dict[str, int]
    money: payments.Summary | None
    is_balanced: bool
    human_touches_per_1000: float


async def place_order(tx: Transaction, draft: OrderDraft) -> Order:
    """Take an order; the journey starts once it is committed.

    ``BuyerUnknown``, ``OrderExists``, ``VoucherTooLarge``, ``SellerNotFound`` (of a voucher), and what
    payments say against the method of payment.
    """
    rules.check_vouchers(draft)
    for voucher in draft.vouchers:
        if voucher.seller_id is not None:
            await parties.get_seller(tx, voucher.seller_id)
    await payments.check_method(
        tx, draft.method, country=draft.country, currency=draft.shipping.currency.code
    )
    try:
        order = await store.insert_order(tx, new_id(tx.now), new_id(tx.now), draft)
    except ForeignKeyViolation:
        buyer = parties.BUYER.text(draft.buyer_id)
        raise BuyerUnknown(f"There is no buyer {buyer}.") from None
    if order is None:
        raise await _taken(tx, draft)
    count = sum(line.quantity for line in draft.lines)
    await tx.record(
        news(
            "placed",
            order,
            f"{count} item{'s' * (count > 1)} for {order.country} {order.region}.",
            external_id=order.external_id,
            buyer=parties.BUYER.text(order.buyer_id),
        )
    )
    await tx.enqueue(JobDraft("order.match", str(order.order_id)))
    return order


async def ship_order(tx: Transaction, order_id: UUID, *, carrier: str, tracking: str) -> Order:
    """Note that a carrier has the order; ``OrderStateConflict`` unless it is confirmed."""
    order = await lock_order(tx, order_id)
    rules.check_can_become(order, OrderState.SHIPPED)
    shipped = await store.update_shipped(tx, order_id, carrier, tracking)
    assert shipped is not None, "the order is locked"
    await tx.cancel_job("order.ship_late", str(order_id))
    await operations.withdraw_cases(tx, [order.reference], kinds=["order.ship_late"])
    assert shipped.promised_at is not None, "a confirmed order was matched"
    settings = await get_settings(tx)
    lost_at = rules.lost_at(shipped.promised_at, settings)
    await tx.enqueue(JobDraft("order.lost", str(order_id), due_at=max(lost_at, tx.now)))
    reason = f"{carrier} has it, tracking {tracking}." if tracking else f"{carrier} has it."
    await tx.record(news("shipped", shipped, reason))
    return shipped


async def deliver_order(tx: Transaction, order_id: UUID) -> Order:
    """Note that the buyer has the order; the seller's share is released after the protection."""
    order = await lock_order(tx, order_id)
    rules.check_can_become(order, OrderState.DELIVERED)
    delivered = await store.update_delivered(tx, order_id)
    assert delivered is not None, "the order is locked"
    await tx.cancel_job("order.lost", str(order_id))
    await operations.withdraw_cases(tx, [order.reference], kinds=["order.lost"])
    late = rules.days_late(delivered, tx.now)
    reason = f"{late} day{'s' * (late > 1)} after the promise." if late else "On time."
    await tx.record(news("delivered", delivered, reason, days_late=late))
    if delivered.state == OrderState.DELIVERED:
        await schedule_settlement(tx, delivered)
    return delivered


async def cancel_order(
    tx: Transaction, order_id: UUID, *, reason: str, destination: str | None = None
) -> Order:
    """Stop an order that has not been shipped, and give the buyer the money back.

    ``destination`` is a bank account of the buyer, for methods by which nothing can go back. Repeating it changes nothing. ``OrderStateConflict`` once it is shipped: refund it then.
    """
    order = await lock_order(tx, order_id)
    if order.state == OrderState.CANCELLED:
        return order
    if not rules.can_become(order, OrderState.CANCELLED):
        raise OrderStateConflict(
            f"Order {order.reference} is {order.state} and can't be cancelled"
            + ("; refund it." if order.shipped_at else ".")
        )
    await end_order(tx, order, OrderState.CANCELLED, reason, destination=destination)
    return await get_order(tx, order_id)


async def refund_order(
    tx: Transaction,
    order_id: UUID,
    *,
    refund_id: UUID,
    amount: Money | None,
    reason: str,
    reason_code: payments.RefundReason = "other",
    lines: Sequence[RefundLine] = (),
    destination: str | None = None,
) -> payments.Refund:
    """Give the buyer ``amount`` back, or ``lines``, or all that is left.

    It arrives as ``refund.succeeded``. What ``lines`` cost is taken from their sellers alone, and each
    unit is refunded once. ``destination`` is a bank account of the buyer, in place of the way the money
    came. ``OrderStateConflict`` if nothing was paid, ``LinesNotRefundable``; payments refuse more than
    is left.
    """
    order = await lock_order(tx, order_id)
    payment = await payments.find_payment(tx, order.payment_id)
    if payment is None or payment.state not in payments.TAKEN:
        raise OrderStateConflict(f"Order {order.reference} is {order.state}: nothing was paid yet.")
    items = None
    if lines:
        known = await store.select_lines(tx, [order_id])
        before = await store.refunded_units(tx, order_id, but=refund_id)
        splits = (await payments.splits_of(tx, [order.payment_id]))[order.payment_id]
        priced = rules.price_refund(order, known, splits, before, lines)
        items = rules.refund_items(order, known, priced)
        await store.insert_refunded_lines(tx, order_id, refund_id, priced)
    return await payments.refund(
        tx,
        order.payment_id,
        amount=amount,
        refund_id=refund_id,
        reason=reason,
        by=tx.cause.actor,
        reason_code=reason_code,
        items=items,
        destination=destination,
    )


async def end_order(
    tx: Transaction,
    order: Order,
    state: OrderState,
    reason: str,
    *,
    destination: str | None = None,
) -> None:
    """Cancel or decline a locked order: give back capacity, money and open questions."""
    await store.update_state(tx, [order.order_id], state)
    await release_capacity(tx, [order])
    await operations.withdraw_cases(tx, [order.reference])
    for timer in ("order.match", "order.check", "order.ship_late"):
        await tx.cancel_job(timer, str(order.order_id))
    await tx.record(news(state, replace(order, state=state), reason))
    await return_money(tx, order, reason, destination=destination)


async def return_money(
    tx: Transaction, order: Order, reason: str, *, destination: str | None = None
) -> None:
    """Void what is or will be authorized, refund what was captured.

    While a capture is under way nothing can be given back; ``payment.captured`` brings us here again.
    """
    payment = await payments.find_payment(tx, order.payment_id)
    if payment is None or payment.state == "capturing":
        return
    if payment.state in payments.TAKEN and payment.void_reason is not None:
        return  # came after it had been given up; payments gives it back
    if payment.state not in payments.TAKEN:
        await payments.void_payments(tx, [order.payment_id], reason=reason)
    elif payment.left.minor > 0:
        await payments.refund(
            tx,
            order.payment_id,
            amount=None,
            refund_id=new_id(tx.now),
            reason=reason,
            by=tx.cause.actor or tx.cause.id,
            reason_code="order_cancelled" if order.shipped_at is None else "other",
            destination=destination,
        )


async def purchase_of(tx: Transaction, reference: str) -> payments.Purchase | None:
    """What an order says about itself, as evidence in a dispute; None if it is no order of ours."""
    if not reference.startswith(f"{ORDER.prefix}_"):
        return None
    order = await store.find_order(tx, ORDER.parse(reference))
    if order is None or order.total is None:
        return None
    lines = await store.select_lines(tx, [order.order_id])
    sellers = await parties.sellers_by_id(tx, [line.seller_id for line in lines if line.seller_id])
    return rules.as_evidence(
        order,
        lines,
        {seller.seller_id: seller.name for seller in sellers.values()},
        [
            payments.Moment(
                event.occurred_at,
                event.type.removeprefix("order."),
                str(event.payload.get("reason", "")),
            )
            for event in await events_of(tx, order.reference)
        ],
        earlier=await store.count_received(tx, order.buyer_id, before=order.placed_at),
    )


async def release_capacity(tx: Transaction, orders: Sequence[Order]) -> None:
    """Give the units of matched lines back to their offers."""
    units: dict[UUID, int] = {}
    for line in await store.select_lines(tx, [order.order_id for order in orders]):
        if line.offer_id is not None:
            units[line.offer_id] = units.get(line.offer_id, 0) + line.quantity
    if units:
        await parties.release(tx, units)


async def schedule_settlement(tx: Transaction, order: Order) -> None:
    """The seller's share becomes available when the buyer's protection has ended."""
    assert order.delivered_at is not None, "the order was delivered"
    settings = await get_settings(tx)
    due_at = order.delivered_at + timedelta(days=settings.protection_days)
    await tx.enqueue(JobDraft("order.settle", str(order.order_id), due_at=max(due_at, tx.now)))


async def get_order(tx: Transaction, order_id: UUID) -> Order:
    order = await store.find_order(tx, order_id)
    if order is None:
        raise _not_found(order_id)
    return order


async def lock_order(tx: Transaction, order_id: UUID) -> Order:
    orders = await store.lock_orders(tx, [order_id])
    if not orders:
        raise _not_found(order_id)
    return orders[0]


async def lines_of(tx: Transaction, order_ids: Sequence[UUID]) -> dict[UUID, list[Line]]:
    """The lines of each order."""
    lines: dict[UUID, list[Line]] = {order_id: [] for order_id in order_ids}
    for line in await store.select_lines(tx, order_ids):
        lines[line.order_id].append(line)
    return lines


async def list_orders(
    tx: Transaction, wanted: OrderFilter, *, limit: int, cursor: str | None = None
) -> Page[Order]:
    """Orders, the newest first."""
    rows = await store.select_orders(
        tx,
        states=wanted.states,
        buyer_id=wanted.buyer_id,
        seller_id=wanted.seller_id,
        region=wanted.region,
        external_id=wanted.external_id,
        placed_from=wanted.placed_from,
        placed_until=wanted.placed_until,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda order: order.order_id)


async def timeline(tx: Transaction, order_id: UUID) -> list[StoredEvent]:
    """What happened to an order, in order, each with its reason."""
    order = await get_order(tx, order_id)
    return await events_of(tx, order.reference)


async def summarize(tx: Transaction, currency: str) -> MarketplaceSummary:
    """What came in and where the money is, in one currency."""
    orders = await store.count_by_state(tx)
    figures = [found for found in await payments.summary(tx) if found.currency == currency]
    trials = await ledger.trial_balance(tx)
    touches = await operations.human_touches(tx)
    return MarketplaceSummary(
        orders=orders,
        money=figures[0] if figures else None,
        is_balanced=all(trial.is_balanced for trial in trials)
        and all(found.is_balanced for found in figures),
        human_touches_per_1000=round(touches * 1000 / max(1, sum(orders.values())), 1),
    )


async def counts_by_state(tx: Transaction) -> dict[str, int]:
    return await store.count_by_state(tx)


async def orders_by_day(tx: Transaction, since: datetime) -> list[DayOfOrders]:
    """Orders and their cost for each day (UTC) and currency since ``since``."""
    return await store.select_days(tx, since)


async def get_settings(tx: Transaction) -> Settings:
    return await store.find_settings(tx) or Settings()


def news(what: str, order: Order, reason: str, **more: Json) -> Event:
    """An event about an order: ``reason`` says in a sentence why it happened."""
    total = order.total
    return Event(
        f"order.{what}",
        order.reference,
        {
            "reason": reason,
            "state": order.state,
            "total": total and {"amount": total.minor, "currency": total.currency.code},
            **more,
        },
    )


async def _taken(tx: Transaction, draft: OrderDraft) -> OrderExists:
    assert draft.external_id is not None, "null is never taken"
    other = await store.find_by_external_id(tx, draft.external_id)
    known = f": {other.reference}" if other else ""
    return OrderExists(f"There is an order with the external id {draft.external_id}{known}.")


def _not_found(order_id: UUID) -> OrderNotFound:
    return OrderNotFound(f"There is no order {ORDER.text(order_id)}.")
