"""Decisions about orders: plain functions on plain values."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from banyan.kernel import Money
from banyan.orders.errors import OrderStateConflict
from banyan.orders.model import Line, Order, OrderState, Settings

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
    S.CHARGED_BACK: frozenset(),
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


def days_late(order: Order, at: datetime) -> int:
    """Whole days past the promise, zero if on time."""
    if order.promised_at is None or at <= order.promised_at:
        return 0
    return (at - order.promised_at).days + 1
