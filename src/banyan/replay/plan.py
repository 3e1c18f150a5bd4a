"""What to send, in which order: a pure function of the data.

What the data can't say (declines, 3-D Secure, timeouts, odd webhooks, disputes) is put on a small
share of the orders by a hash of the order's id, so that every run tells the same story.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from statistics import median_low

from banyan.kernel import Money
from banyan.replay.source import CURRENCY, Item, Order, Seller, Source

TOKENS_BP: dict[str, int] = {
    "tok_declined_insufficient_funds": 200,
    "tok_requires_3ds": 100,
    "tok_timeout": 50,
    "tok_late_webhook": 50,
    "tok_duplicate_webhook": 50,
    "tok_dispute_lost": 40,
    "tok_dispute_won": 40,
}
"""The sandbox's payment tokens and their shares of all orders, in basis points."""

CARD_OK = "tok_visa"
CARD_3DS = "tok_requires_3ds"

OTHER_METHODS: dict[str, tuple[str, str]] = {
    "debit_card": ("debit_card", CARD_OK),
    "boleto": ("boleto", "tok_boleto"),
    "voucher": ("voucher", "tok_voucher"),
}
"""What was paid otherwise than by credit card: its type here, and the token that pays it."""

AUTHENTICATED_BP = 8_000
"""The share of the buyers asked for 3-D Secure who complete it; the others let it expire."""

LEAD_TIME_DAYS_DEFAULT = 10
QUALITY_BP_DEFAULT = 8_000
CANCELLED_AFTER = timedelta(days=1)
UNAVAILABLE_AFTER = timedelta(days=3)
COMPLAINED_AFTER = timedelta(days=2)


class Act(IntEnum):
    """What happens to an order, in the order in which it can."""

    PLACE = 1
    AUTHENTICATE = 2
    CANCEL = 3
    SHIP = 4
    DELIVER = 5
    REFUND = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to an order, and when."""

    at: datetime
    act: Act
    order: Order
    reason: str = ""
    amount: Money | None = None
    """What to refund; None: all that is left."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A seller's product at a price. Who changed a price has an offer for each."""

    seller_id: str
    product_id: str
    price: Money

    @property
    def external_id(self) -> str:
        return f"{self.seller_id}-{self.product_id}-{self.price.minor}"


@dataclass(frozen=True, slots=True)
class Line:
    """Some units of one product at one price; ``offer`` is None where any seller's will do."""

    product_id: str
    price: Money
    quantity: int
    offer: Offer | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The catalogue, then every step by time."""

    sellers: tuple[Seller, ...]
    offers: tuple[Offer, ...]
    steps: tuple[Step, ...]
    lead_time_days: dict[str, int]
    """Of each seller: the median from purchase to delivery."""
    quality_bp: dict[str, int]
    """Of each reviewed seller: 10,000 if every review had five stars."""
    categories: dict[str, str]
    """Of each product."""
    repriced: frozenset[tuple[str, str]]
    """Seller and product whose price changed within the data."""
    orders_count: int
    orders_without_items: int
    """Left out: the data does not say what they were for."""

    def lines(self, order: Order) -> list[Line]:
        """The order's items, alike ones together.

        Which seller's offer it gets is left to the marketplace, but for products whose seller
        changed the price: there the offer is named, so that the buyer pays what was paid.
        """
        counts: dict[Offer, int] = defaultdict(int)
        for item in order.items:
            counts[offer_of(item)] += 1
        return [
            Line(
                offer.product_id,
                offer.price,
                quantity,
                offer if (offer.seller_id, offer.product_id) in self.repriced else None,
            )
            for offer, quantity in counts.items()
        ]


def make_plan(source: Source, limit: int | None = None) -> Plan:
    """The plan for the first ``limit`` orders of ``source`` that have items, or for all of them."""
    orders = [order for order in source.orders if order.items][:limit]
    without_items = sum(not order.items for order in source.orders)
    steps = [step for order in orders for step in steps_of(order)]
    steps.sort(key=lambda step: (step.at, step.order.order_id, step.act))
    items = [item for order in orders for item in order.items]
    offers = tuple(dict.fromkeys(map(offer_of, items)))
    return Plan(
        sellers=tuple(source.sellers[name] for name in dict.fromkeys(o.seller_id for o in offers)),
        offers=offers,
        steps=tuple(steps),
        lead_time_days=_lead_times_days(source.orders),
        quality_bp=_quality_bp(source.orders),
        categories={item.product_id: item.category for item in items},
        repriced=_repriced(item for order in source.orders for item in order.items),
        orders_count=len(orders),
        orders_without_items=without_items if limit is None else 0,
    )


def steps_of(order: Order) -> Iterator[Step]:
    """What happened to one order. Times that run backwards in the data are put in order."""
    at = order.purchased_at
    yield Step(at, Act.PLACE, order)
    if method_of(order)[1] == CARD_3DS and _share_bp("authenticates", order) < AUTHENTICATED_BP:
        yield Step(at, Act.AUTHENTICATE, order)
    at = max(at, order.approved_at or at)
    if order.shipped_at is None and order.delivered_at is None:
        if order.status in _CANCELLATIONS:
            reason, after = _CANCELLATIONS[order.status]
            yield Step(at + after, Act.CANCEL, order, reason)
        return
    at = max(at, order.shipped_at or at)
    yield Step(at, Act.SHIP, order)
    if order.delivered_at is not None:
        at = max(at, order.delivered_at)
        yield Step(at, Act.DELIVER, order)
    yield from _refund_of(order, at)


def method_of(order: Order) -> tuple[str, str]:
    """How an order is paid: type and token. Those with a story of their own are paid by card."""
    share_bp = _share_bp("token", order)
    for token, wide_bp in TOKENS_BP.items():
        if share_bp < wide_bp:
            return "card", token
        share_bp -= wide_bp
    return OTHER_METHODS.get(order.payment.type if order.payment else "", ("card", CARD_OK))


def shipping_of(order: Order) -> Money:
    """The freight of all items."""
    return sum((item.freight for item in order.items), Money.zero(CURRENCY))


def offer_of(item: Item) -> Offer:
    return Offer(item.seller_id, item.product_id, item.price)


_CANCELLATIONS = {
    "canceled": ("The buyer asked to cancel it.", CANCELLED_AFTER),
    "unavailable": ("The seller has run out of stock.", UNAVAILABLE_AFTER),
}


def _refund_of(order: Order, arrived_at: datetime) -> Iterator[Step]:
    """All for what was cancelled on its way or came late to one star; the freight for two."""
    if order.status == "canceled":
        at = max(arrived_at, order.promised_at or arrived_at) + COMPLAINED_AFTER
        yield Step(at, Act.REFUND, order, "Cancelled after it was shipped.")
    elif order.was_late and order.review is not None and order.review.score <= 2:
        at = arrived_at + COMPLAINED_AFTER
        if order.review.score == 1:
            yield Step(at, Act.REFUND, order, "Delivered late, reviewed with one star.")
        elif shipping := shipping_of(order):
            reason = "Delivered late, reviewed with two stars: the freight is given back."
            yield Step(at, Act.REFUND, order, reason, shipping)


def _lead_times_days(orders: Iterable[Order]) -> dict[str, int]:
    days: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        if order.delivered_at is not None:
            took = max(1, (order.delivered_at - order.purchased_at).days)
            for seller_id in {item.seller_id for item in order.items}:
                days[seller_id].append(took)
    return {seller_id: median_low(took) for seller_id, took in days.items()}


def _quality_bp(orders: Iterable[Order]) -> dict[str, int]:
    """The mean review, drawn towards four stars as if five more buyers had given those."""
    scores: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        if order.review is not None:
            for seller_id in {item.seller_id for item in order.items}:
                scores[seller_id].append(order.review.score)
    return {
        seller_id: (sum(given) + 4 * 5) * 2_000 // (len(given) + 5)
        for seller_id, given in scores.items()
    }


def _repriced(items: Iterable[Item]) -> frozenset[tuple[str, str]]:
    prices: dict[tuple[str, str], set[Money]] = defaultdict(set)
    for item in items:
        prices[item.seller_id, item.product_id].add(item.price)
    return frozenset(offered for offered, seen in prices.items() if len(seen) > 1)


def _share_bp(label: str, order: Order) -> int:
    """A number from 0 to 9,999 that is the same for the same order in every run."""
    digest = hashlib.sha256(f"{label}/{order.order_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 10_000
