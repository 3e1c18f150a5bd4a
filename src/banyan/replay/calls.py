"""How sellers, buyers, offers and steps are said to the API: pure functions that make bodies.

Keys and external ids come from the ids in the data, so that a second run says the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from banyan.kernel import Money
from banyan.replay.plan import (
    LEAD_TIME_DAYS_DEFAULT,
    QUALITY_BP_DEFAULT,
    Act,
    Line,
    Offer,
    Plan,
    Step,
    method_of,
    shipping_of,
)
from banyan.replay.source import CURRENCY, Buyer, Order, Seller

Body = dict[str, object]

COUNTRY = "BR"
CARRIER = "Correios"

_UNDER_WAY = frozenset({"placed", "unmatched", "matched", "in_review", "checked", "authorized"})

READY_LATER: Mapping[Act, frozenset[str]] = {
    Act.PLACE: frozenset(),
    Act.AUTHENTICATE: _UNDER_WAY,
    Act.CANCEL: _UNDER_WAY,
    Act.SHIP: _UNDER_WAY | {"disputed"},
    Act.DELIVER: _UNDER_WAY | {"disputed", "confirmed"},
    Act.REFUND: _UNDER_WAY | {"disputed", "confirmed", "shipped"},
}
"""The states of an order from which it can still get ready for an act."""

READY: Mapping[Act, frozenset[str]] = {
    Act.PLACE: frozenset(),
    Act.AUTHENTICATE: _UNDER_WAY,
    Act.CANCEL: frozenset({"confirmed"}),
    Act.SHIP: frozenset({"confirmed"}),
    Act.DELIVER: frozenset({"shipped"}),
    Act.REFUND: frozenset({"delivered", "settled"}),
}
"""The states of an order in which an act is due. In any other, it is done or void."""


@dataclass(frozen=True, slots=True)
class Call:
    """A POST: where to, what, and the key that makes a repetition harmless (None: it is anyway)."""

    path: str
    body: Body | None
    key: str | None


def seller_call(seller: Seller, plan: Plan) -> Call:
    name = f"{seller.city.title()} {seller.seller_id[:6]}"
    body: Body = {
        "name": name,
        "country": COUNTRY,
        "region": seller.state,
        "currency": CURRENCY,
        "external_id": seller.seller_id,
        "quality_bp": plan.quality_bp.get(seller.seller_id, QUALITY_BP_DEFAULT),
    }
    return Call("/v1/sellers", body, f"olist-seller-{seller.seller_id}")


def buyer_call(buyer: Buyer) -> Call:
    body: Body = {"external_id": buyer.buyer_id, "country": COUNTRY, "region": buyer.state}
    return Call("/v1/buyers", body, f"olist-buyer-{buyer.buyer_id}")


def offer_call(offer: Offer, plan: Plan, seller: str) -> Call:
    """``seller`` is the seller's id in the marketplace."""
    body: Body = {
        "seller": seller,
        "external_id": offer.external_id,
        "product": offer.product_id,
        "price": amount(offer.price),
        "lead_time_days": plan.lead_time_days.get(offer.seller_id, LEAD_TIME_DAYS_DEFAULT),
        "capacity": None,
        "category": plan.categories[offer.product_id],
    }
    return Call("/v1/offers", body, f"olist-offer-{offer.external_id}")


def order_call(order: Order, plan: Plan, buyer: str, offers: Mapping[str, str]) -> Call:
    """``buyer`` is the marketplace's id; ``offers`` has its ids by external id."""

    def line_body(line: Line) -> Body:
        body: Body = {
            "product": line.product_id,
            "quantity": line.quantity,
            "unit_price_max": amount(line.price),
        }
        if line.offer is not None:
            body["offer"] = offers[line.offer.external_id]
        return body

    method, token = method_of(order)
    body: Body = {
        "buyer": buyer,
        "lines": [line_body(line) for line in plan.lines(order)],
        "shipping": amount(shipping_of(order)),
        "ship_to": {"country": COUNTRY, "region": order.buyer.state},
        "payment_method": {
            "type": method,
            "token": token,
            "installments": max(1, order.payment.instalments) if order.payment else 1,
            "fingerprint": f"olist-{order.buyer.buyer_id}",
        },
        "external_id": order.order_id,
    }
    return Call("/v1/orders", body, f"olist-order-{order.order_id}")


def step_call(step: Step, order: str, payment: str | None) -> Call:
    """The call of every act but ``PLACE``; ``order`` and ``payment`` are the marketplace's ids."""
    key = f"olist-{step.act.name.lower()}-{step.order.order_id}"
    match step.act:
        case Act.AUTHENTICATE:
            return Call(f"/v1/payments/{payment}/complete_authentication", None, key)
        case Act.CANCEL:
            body: Body = {"reason": step.reason, **_refund_to(step.order)}
            return Call(f"/v1/orders/{order}/cancel", body, key)
        case Act.SHIP:
            tracking = f"BR{step.order.order_id[:11].upper()}"
            return Call(f"/v1/orders/{order}/ship", {"carrier": CARRIER, "tracking": tracking}, key)
        case Act.DELIVER:
            return Call(f"/v1/orders/{order}/deliver", None, key)
        case Act.REFUND:
            body = {"reason": step.reason, **_refund_to(step.order)}
            if step.amount is not None:
                body["amount"] = amount(step.amount)
            return Call(f"/v1/orders/{order}/refunds", body, key)
        case Act.PLACE:
            raise AssertionError("an order is placed by order_call")


def _refund_to(order: Order) -> Body:
    """Nothing goes back by boleto: the buyer names an account."""
    method, _ = method_of(order)
    return {"refund_to": "bank_ok"} if method == "boleto" else {}


def amount(money: Money) -> Body:
    return {"amount": money.minor, "currency": money.currency.code}


def clock_call(to: datetime) -> Call:
    return Call("/v1/clock/advance", {"to": to.isoformat().replace("+00:00", "Z")}, None)
