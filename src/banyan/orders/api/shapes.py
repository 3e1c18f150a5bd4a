"""What orders look like over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from banyan import parties, payments
from banyan.kernel import Money
from banyan.orders.model import Line, Order, OrderState
from banyan.runtime.http import (
    Amount,
    Call,
    CurrencyCode,
    ListQuery,
    NonNegativeAmount,
    PositiveAmount,
    id_meta,
)

Text80 = Annotated[str, Meta(min_length=1, max_length=80)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
Region = Annotated[str, Meta(min_length=1, max_length=40)]


class PlaceLine(Struct, kw_only=True, forbid_unknown_fields=True):
    """A product, to be matched to the best offer, or from ``offer`` alone."""

    product: Text80
    quantity: Annotated[int, Meta(ge=1, le=10_000)] = 1
    unit_price_max: PositiveAmount | None = None
    offer: Annotated[str, id_meta(parties.OFFER)] | None = None


class Destination(Struct, kw_only=True, forbid_unknown_fields=True):
    country: Country
    region: Region


class PaymentMethod(Struct, kw_only=True, forbid_unknown_fields=True):
    """How the buyer pays.

    ``token`` is understood by every connected provider (a vault's or the network's); ``tokens`` are
    those of single providers, by the names of their connections. Only providers with a token are asked.
    """

    type: payments.MethodType = "card"
    token: Annotated[str, Meta(max_length=80)] = ""
    tokens: Annotated[dict[payments.ProviderName, Text80], Meta(max_length=20)] = {}
    installments: Annotated[int, Meta(ge=1, le=24)] = 1
    fingerprint: Annotated[str, Meta(max_length=80)] = ""

    def __post_init__(self) -> None:
        if not self.token and not self.tokens:
            raise ValueError("token or tokens must be given")


class PlaceVoucher(Struct, kw_only=True, forbid_unknown_fields=True):
    """Money off the goods: `amount`, or `rate_bp` of them; of one seller's only, with `seller`.

    Your platform has checked that the buyer may use it. It is funded by the sellers, who get less, or
    by the platform, which tops them up.
    """

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    funded_by: Literal["seller", "platform"]
    amount: PositiveAmount | None = None
    rate_bp: (
        Annotated[int, Meta(ge=1, le=10_000, description="Hundredths of a percent.")] | None
    ) = None
    seller: Annotated[str, id_meta(parties.SELLER)] | None = None

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.rate_bp is None):
            raise ValueError("a voucher has an amount or a rate_bp")


class PlaceOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    buyer: Annotated[str, id_meta(parties.BUYER)]
    lines: Annotated[list[PlaceLine], Meta(min_length=1, max_length=30)]
    shipping: NonNegativeAmount
    ship_to: Destination
    payment_method: PaymentMethod
    external_id: Text80 | None = None
    vouchers: Annotated[list[PlaceVoucher], Meta(max_length=10)] = []

    def __post_init__(self) -> None:
        for voucher in self.vouchers:
            if voucher.amount is not None and voucher.amount.currency != self.shipping.currency:
                raise ValueError("a voucher's amount must be in the currency of shipping")
        for line in self.lines:
            highest = line.unit_price_max
            if highest is not None and highest.currency != self.shipping.currency:
                raise ValueError("unit_price_max must be in the currency of shipping")


class ShipOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    carrier: Text80
    tracking: Annotated[str, Meta(max_length=80)] = ""


class CancelOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    """``refund_to``: a bank account of the buyer, for methods by which nothing can go back."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    refund_to: Text80 | None = None


class RefundLines(Struct, kw_only=True, forbid_unknown_fields=True):
    """Units of a line, counted from 1 as the order shows them."""

    line: Annotated[int, Meta(ge=1, le=1_000)]
    quantity: Annotated[int, Meta(ge=1, le=10_000)] = 1


class RefundOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    """Either ``amount``, from all sellers, or ``lines``, from theirs; neither: all that is left.

    ``refund_to``: a bank account of the buyer, in place of the way that the money came.
    """

    amount: PositiveAmount | None = None
    lines: Annotated[list[RefundLines], Meta(min_length=1, max_length=30)] | None = None
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    reason_code: payments.RefundReason = "other"
    refund_to: Text80 | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and self.lines is not None:
            raise ValueError("give an amount or lines, not both")


class LineView(Struct, kw_only=True):
    product: str
    quantity: int
    unit_price_max: Amount | None
    unit_price: Amount | None
    offer: str | None
    seller: str | None


class OrderView(Struct, kw_only=True):
    """An order. ``items`` and ``total`` are null until every line is matched to an offer.

    ``total`` is items and shipping, less the ``discount`` of vouchers, plus the ``service_fee``.
    """

    id: str
    object: Literal["order"] = "order"
    livemode: bool
    state: OrderState
    external_id: str | None
    buyer: str
    lines: list[LineView]
    items: Amount | None
    shipping: Amount
    vouchers: list[str]
    discount: Amount
    service_fee: Amount
    total: Amount | None
    refunded: Amount
    ship_to: Destination
    payment: str
    carrier: str | None
    tracking: str | None
    placed_at: datetime
    promised_at: datetime | None
    ship_by_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    settled_at: datetime | None


class TimelineEntry(Struct, kw_only=True):
    """Something that happened to an order, with its reason and what else was noted."""

    sequence: int
    type: str
    at: datetime
    reason: str
    cause: dict[str, str]
    details: dict[str, Any]


class RefundStarted(Struct, kw_only=True):
    """A refund that is on its way; ``refund.succeeded`` tells when the buyer has the money."""

    id: str
    object: Literal["refund"] = "refund"
    livemode: bool
    order: str
    payment: str
    amount: Amount
    state: str


class ListOrders(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: OrderState | None = None
    buyer: Annotated[str, id_meta(parties.BUYER)] | None = None
    seller: Annotated[str, id_meta(parties.SELLER)] | None = None
    external_id: Text80 | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None


class SummaryQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    currency: CurrencyCode | None = None


class MoneyView(Struct, kw_only=True):
    """Where the money of one currency is, by the ledger."""

    taken: Amount
    fees: Amount
    commission: Amount
    tax: Amount
    service_fees: Amount
    shipping_kept: Amount
    promotions: Amount
    owed_to_sellers: Amount
    paid_out: Amount
    in_dispute: Amount
    refunded: Amount


class SummaryView(Struct, kw_only=True):
    """A marketplace in figures. ``orders`` counts them by state."""

    object: Literal["summary"] = "summary"
    livemode: bool
    orders: dict[str, int]
    money: MoneyView
    ledger_balanced: bool
    human_touches_per_1000: float


def money_view(money: payments.Summary | None, currency: str) -> MoneyView:
    def amount(figure: Money | None) -> Amount:
        return Amount.of(figure) if figure is not None else Amount(0, currency)

    return MoneyView(
        taken=amount(money and money.taken),
        fees=amount(money and money.provider_fees),
        commission=amount(money and money.commission),
        tax=amount(money and money.tax),
        service_fees=amount(money and money.service_fees),
        shipping_kept=amount(money and money.shipping_kept),
        promotions=amount(money and money.promotions),
        owed_to_sellers=amount(money and money.owed_to_sellers),
        paid_out=amount(money and money.paid_out),
        in_dispute=amount(money and money.in_dispute),
        refunded=amount(money and money.refunded),
    )


def order_view(call: Call, order: Order, lines: Mapping[UUID, list[Line]]) -> OrderView:
    currency = order.currency
    return OrderView(
        id=order.reference,
        livemode=call.key.livemode,
        state=OrderState(order.state),
        external_id=order.external_id,
        buyer=parties.BUYER.text(order.buyer_id),
        lines=[_line_view(line, currency) for line in lines[order.order_id]],
        items=_amount(order.items_minor, currency),
        shipping=Amount.of(order.shipping),
        vouchers=[str(row["code"]) for row in order.vouchers],
        discount=Amount.of(order.discount),
        service_fee=Amount.of(order.service_fee),
        total=Amount.of(order.total) if order.total else None,
        refunded=Amount.of(order.refunded),
        ship_to=Destination(country=order.country, region=order.region),
        payment=payments.PAYMENT.text(order.payment_id),
        carrier=order.carrier,
        tracking=order.tracking,
        placed_at=order.placed_at,
        promised_at=order.promised_at,
        ship_by_at=order.ship_by_at,
        shipped_at=order.shipped_at,
        delivered_at=order.delivered_at,
        settled_at=order.settled_at,
    )


def _line_view(line: Line, currency: str) -> LineView:
    return LineView(
        product=line.product,
        quantity=line.quantity,
        unit_price_max=_amount(line.unit_price_max_minor, currency),
        unit_price=_amount(line.unit_price_minor, currency),
        offer=parties.OFFER.text(line.offer_id) if line.offer_id else None,
        seller=parties.SELLER.text(line.seller_id) if line.seller_id else None,
    )


def _amount(minor: int | None, currency: str) -> Amount | None:
    return None if minor is None else Amount(minor, currency)
