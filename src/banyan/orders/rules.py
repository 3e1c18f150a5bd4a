"""Decisions about orders: plain functions on plain values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from banyan import commission
from banyan.commission import Basket, Voucher, VoucherTooLarge
from banyan.kernel import Fault, Money
from banyan.orders.errors import LinesNotRefundable, OrderStateConflict
from banyan.orders.model import (
    Line,
    Order,
    OrderDraft,
    OrderState,
    RefundedLine,
    RefundLine,
    Settings,
)
from banyan.payments import Bought, Moment, PaymentSplit, Purchase, RefundItem

S = OrderState
NEXT: dict[OrderState, frozenset[OrderState]] = {
    S.PLACED: frozenset({S.MATCHED, S.UNMATCHED, S.CANCELLED}),
    S.UNMATCHED: frozenset({S.PLACED, S.CANCELLED}),
    S.MATCHED: frozenset({S.CHECKED, S.IN_REVIEW, S.DECLINED, S.CANCELLED}),
    S.IN_REVIEW: frozenset({S.CHECKED, S.DECLINED, S.CANCELLED}),
    S.CHECKED: frozenset({S.AUTHORIZED, S.DECLINED, S.CANCELLED}),
    S.AUTHORIZED: frozenset({S.CONFIRMED, S.DECLINED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.SHIPPED, S.CANCELLED, S.REFUNDED, S.DISPUTED}),
    S.SHIPPED: frozenset({S.DELIVERED, S.REFUNDED, S.DISPUTED}),
    S.DELIVERED: frozenset({S.SETTLED, S.REFUNDED, S.DISPUTED}),
    S.SETTLED: frozenset({S.REFUNDED, S.DISPUTED}),
    S.DISPUTED: frozenset({S.CONFIRMED, S.SHIPPED, S.DELIVERED, S.SETTLED, S.CHARGED_BACK}),
    S.DECLINED: frozenset(),
    S.CANCELLED: frozenset(),
    S.REFUNDED: frozenset(),
    S.CHARGED_BACK: frozenset({S.CONFIRMED, S.SHIPPED, S.DELIVERED, S.SETTLED, S.DISPUTED}),
}
"""What may follow each state."""


def can_become(order: Order, state: OrderState) -> bool:
    return state in NEXT[OrderState(order.state)]


def check_can_become(order: Order, state: OrderState) -> None:
    """``OrderStateConflict`` unless ``state`` may follow the order's stage."""
    if state not in NEXT[order.stage]:
        raise OrderStateConflict(
            f"Order {order.reference} is {order.state} and can't become {state}."
        )


def promise(placed_at: datetime, lines: Sequence[Line]) -> datetime:
    """When the slowest line should have arrived."""
    return placed_at + timedelta(days=max(line.lead_time_days or 0 for line in lines))


def ship_by(confirmed_at: datetime, settings: Settings) -> datetime:
    return confirmed_at + timedelta(days=settings.ship_within_days)


def lost_at(promised_at: datetime, settings: Settings) -> datetime:
    """From when on an order that was shipped and never arrived needs a person."""
    return promised_at + timedelta(days=settings.lost_after_days)


def line_cost(line: Line, currency: str) -> Money:
    assert line.unit_price_minor is not None, "the line is matched"
    return Money.of(line.unit_price_minor, currency) * line.quantity


def seller_shares(order: Order, lines: Sequence[Line]) -> dict[UUID, tuple[Money, Money]]:
    """What the buyer pays each seller: items, and a part of the shipping by the items' cost."""
    by_seller = sorted(lines, key=lambda line: (str(line.seller_id), line.line))
    items: dict[UUID, Money] = {}
    for seller_id, own in groupby(by_seller, key=lambda line: line.seller_id):
        assert seller_id is not None, "the order is matched"
        costs = [line_cost(line, order.currency) for line in own]
        items[seller_id] = sum(costs[1:], costs[0])
    shipping = order.shipping.split([cost.minor for cost in items.values()])
    return {
        seller_id: (cost, share)
        for (seller_id, cost), share in zip(items.items(), shipping, strict=True)
    }


def basket_of(order: Order, lines: Sequence[Line], categories: Mapping[UUID, str | None]) -> Basket:
    """A matched order for commission to price; ``categories`` are those of its offers."""
    sold = list[commission.Line]()
    for line in lines:
        assert line.seller_id is not None, "the order is matched"
        assert line.offer_id is not None, "the order is matched"
        cost = line_cost(line, order.currency)
        sold.append(
            commission.Line(line.seller_id, cost, line.quantity, categories.get(line.offer_id))
        )
    return Basket(
        currency=order.currency,
        lines=tuple(sold),
        shipping={
            seller_id: shipping for seller_id, (_, shipping) in seller_shares(order, lines).items()
        },
        at=order.placed_at,
        vouchers=tuple(_voucher(row, order.currency) for row in order.vouchers),
    )


def _voucher(row: Mapping[str, Any], currency: str) -> Voucher:
    amount, seller = row["amount"], row["seller"]
    return Voucher(
        code=row["code"],
        funded_by=row["funded_by"],
        amount=None if amount is None else Money.of(amount, currency),
        rate_bp=row["rate_bp"],
        seller_id=None if seller is None else UUID(seller),
    )


def check_vouchers(draft: OrderDraft) -> None:
    """``VoucherTooLarge`` if vouchers are worth more than the goods can cost at most.

    That is known here if every line says how much it may cost; otherwise it turns out at the match.
    """
    highest = Money(0, draft.shipping.currency)
    for line in draft.lines:
        if line.unit_price_max is None:
            return
        highest = highest + line.unit_price_max * line.quantity
    for nth, voucher in enumerate(draft.vouchers):
        value = commission.voucher_value(voucher, highest)
        if value > highest:
            detail = (
                f"The voucher {voucher.code} is worth {value}; the goods cost {highest} at most."
            )
            fault = Fault("voucher_too_large", detail, f"/vouchers/{nth}")
            raise VoucherTooLarge(detail, faults=(fault,))
        highest = highest - value


def price_refund(
    order: Order,
    lines: Sequence[Line],
    splits: Sequence[PaymentSplit],
    refunded_units: Mapping[int, int],
    wanted: Sequence[RefundLine],
) -> list[RefundedLine]:
    """What the buyer paid for the units of ``wanted``: their price, less their share of vouchers.

    Shared by price, and so that all units of a seller come to what was paid for them, to the cent.
    ``LinesNotRefundable`` for more than is left of a line.
    """
    by_number = {line.line: line for line in lines}
    if len({one.line for one in wanted}) != len(wanted):
        raise LinesNotRefundable("Name each line once.")
    before: dict[UUID | None, int] = {}
    for line in lines:
        cost = (line.unit_price_minor or 0) * refunded_units.get(line.line, 0)
        before[line.seller_id] = before.get(line.seller_id, 0) + cost
    by_seller: dict[UUID | None, PaymentSplit] = {split.seller_id: split for split in splits}
    priced = list[RefundedLine]()
    for one in wanted:
        line = by_number.get(one.line)
        if line is None or line.unit_price_minor is None or line.seller_id not in by_seller:
            raise LinesNotRefundable(f"Order {order.reference} has no line {one.line}.")
        left = line.quantity - refunded_units.get(one.line, 0)
        if not 1 <= one.quantity <= left:
            raise LinesNotRefundable(
                f"{left} of line {one.line} can still be refunded, {one.quantity} were asked for."
            )
        split, known = by_seller[line.seller_id], before[line.seller_id]
        after = known + line.unit_price_minor * one.quantity
        paid = _paid_of(split, after) - _paid_of(split, known)
        before[line.seller_id] = after
        priced.append(RefundedLine(one.line, one.quantity, paid))
    return priced


def _paid_of(split: PaymentSplit, cost_minor: int) -> int:
    """What was paid for goods of this price: vouchers have taken the same share of all."""
    paid = split.gross_minor - split.shipping_minor
    cost = paid + split.seller_discount_minor + split.platform_discount_minor
    return cost_minor * paid // cost if cost else 0


def refund_items(
    order: Order, lines: Sequence[Line], priced: Sequence[RefundedLine]
) -> list[RefundItem]:
    """What each seller gives for refunded lines."""
    sellers = {line.line: line.seller_id for line in lines}
    by_seller: dict[UUID, int] = {}
    for one in priced:
        seller_id = sellers[one.line]
        assert seller_id is not None, "a paid order is matched"
        by_seller[seller_id] = by_seller.get(seller_id, 0) + one.amount_minor
    return [
        RefundItem(seller_id, Money.of(minor, order.currency))
        for seller_id, minor in by_seller.items()
        if minor
    ]


def as_evidence(
    order: Order,
    lines: Sequence[Line],
    sellers: Mapping[UUID, str],
    timeline: Sequence[Moment],
    *,
    earlier: int,
) -> Purchase:
    """An order as evidence. ``sellers`` by id; ``earlier``: orders that the buyer received before."""
    assert order.total is not None, "only matched orders are paid"
    return Purchase(
        ordered_at=order.placed_at,
        country=order.country,
        region=order.region,
        bought=tuple(
            Bought(
                line.product,
                line.quantity,
                line_cost(line, order.currency),
                sellers.get(line.seller_id, "") if line.seller_id else "",
            )
            for line in lines
        ),
        shipping=order.shipping,
        total=order.total,
        carrier=order.carrier,
        tracking=order.tracking or None,
        promised_at=order.promised_at,
        shipped_at=order.shipped_at,
        delivered_at=order.delivered_at,
        timeline=tuple(timeline),
        earlier_purchases=earlier,
    )


def stage_of(order: Order) -> OrderState:
    """How far the goods have come, by what is known of them; for an order that goes on after all."""
    if order.settled_at is not None:
        return OrderState.SETTLED
    if order.delivered_at is not None:
        return OrderState.DELIVERED
    return OrderState.SHIPPED if order.shipped_at is not None else OrderState.CONFIRMED


def days_late(order: Order, at: datetime) -> int:
    """Whole days past the promise, zero if on time."""
    if order.promised_at is None or at <= order.promised_at:
        return 0
    return (at - order.promised_at).days + 1
