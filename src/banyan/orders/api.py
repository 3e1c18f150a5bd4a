"""HTTP operations on orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from banyan import parties, payments
from banyan.kernel import Money, derived_id, new_id
from banyan.orders import service
from banyan.orders.errors import BuyerUnknown, OrderExists, OrderNotFound, OrderStateConflict
from banyan.orders.model import ORDER, Line, LineDraft, Order, OrderDraft, OrderState
from banyan.runtime.http import (
    Amount,
    Call,
    CurrencyCode,
    List,
    ListQuery,
    Operation,
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
    """How the buyer pays; the token comes from the payment provider."""

    type: payments.MethodType = "card"
    token: Text80
    installments: Annotated[int, Meta(ge=1, le=24)] = 1
    fingerprint: Annotated[str, Meta(max_length=80)] = ""


class PlaceOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    buyer: Annotated[str, id_meta(parties.BUYER)]
    lines: Annotated[list[PlaceLine], Meta(min_length=1, max_length=30)]
    shipping: Amount
    ship_to: Destination
    payment_method: PaymentMethod
    external_id: Text80 | None = None

    def __post_init__(self) -> None:
        if self.shipping.amount < 0:
            raise ValueError("shipping.amount must not be negative")
        for line in self.lines:
            highest = line.unit_price_max
            if highest is not None and highest.currency != self.shipping.currency:
                raise ValueError("unit_price_max must be in the currency of shipping")


class ShipOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    carrier: Text80
    tracking: Annotated[str, Meta(max_length=80)] = ""


class CancelOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class RefundOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    """``amount`` absent: all that is left."""

    amount: PositiveAmount | None = None
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class LineView(Struct, kw_only=True):
    product: str
    quantity: int
    unit_price_max: Amount | None
    unit_price: Amount | None
    offer: str | None
    seller: str | None


class OrderView(Struct, kw_only=True):
    """An order. ``items`` and ``total`` are null until every line is matched to an offer."""

    id: str
    object: Literal["order"] = "order"
    livemode: bool
    state: OrderState
    external_id: str | None
    buyer: str
    lines: list[LineView]
    items: Amount | None
    shipping: Amount
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


_IDS = {"order_id": ORDER}
_EXAMPLE = {
    "buyer": "buy_01h455vb4pex5vskknk084sn02",
    "lines": [{"product": "teapot-1", "quantity": 1}],
    "shipping": {"amount": 1500, "currency": "BRL"},
    "ship_to": {"country": "BR", "region": "SP"},
    "payment_method": {"type": "card", "token": "tok_visa"},
}


def operations() -> list[Operation]:
    return [*_asking(), *_reading()]


def _asking() -> list[Operation]:
    moved = (OrderNotFound, OrderStateConflict)
    return [
        Operation(
            id="createOrder",
            method="POST",
            path="/v1/orders",
            summary="Place an order; matching, checks and payment follow by themselves",
            handler=create_order,
            scope="orders:write",
            body=PlaceOrder,
            returns=OrderView,
            status=201,
            errors=(BuyerUnknown, OrderExists, payments.UnknownToken, payments.ProviderMissing),
            example=_EXAMPLE,
        ),
        Operation(
            id="shipOrder",
            method="POST",
            path="/v1/orders/{order_id}/ship",
            ids=_IDS,
            summary="Tell that a carrier has the order",
            handler=ship_order,
            scope="orders:write",
            body=ShipOrder,
            returns=OrderView,
            errors=moved,
            example={"carrier": "Correios", "tracking": "BR123456789"},
        ),
        Operation(
            id="deliverOrder",
            method="POST",
            path="/v1/orders/{order_id}/deliver",
            ids=_IDS,
            summary="Tell that the buyer has the order",
            handler=deliver_order,
            scope="orders:write",
            returns=OrderView,
            errors=moved,
        ),
        Operation(
            id="cancelOrder",
            method="POST",
            path="/v1/orders/{order_id}/cancel",
            ids=_IDS,
            summary="Cancel an order that has not been shipped; the buyer gets the money back",
            handler=cancel_order,
            scope="orders:write",
            body=CancelOrder,
            returns=OrderView,
            errors=moved,
            example={"reason": "The buyer changed their mind."},
        ),
        Operation(
            id="refundOrder",
            method="POST",
            path="/v1/orders/{order_id}/refunds",
            ids=_IDS,
            summary="Give the buyer money back, all that is left or a part",
            handler=refund_order,
            scope="refunds:write",
            body=RefundOrder,
            returns=RefundStarted,
            status=201,
            errors=(*moved, payments.RefundTooLarge, payments.PaymentNotReady),
            needs_idempotency_key=True,
            example={"reason": "Arrived broken.", "amount": {"amount": 500, "currency": "BRL"}},
        ),
    ]


def _reading() -> list[Operation]:
    return [
        Operation(
            id="listOrders",
            method="GET",
            path="/v1/orders",
            summary="List orders, the newest first",
            handler=list_orders,
            scope="orders:read",
            query=ListOrders,
            returns=List[OrderView],
        ),
        Operation(
            id="getOrder",
            method="GET",
            path="/v1/orders/{order_id}",
            ids=_IDS,
            summary="Fetch an order",
            handler=get_order,
            scope="orders:read",
            returns=OrderView,
            errors=(OrderNotFound,),
        ),
        Operation(
            id="getOrderTimeline",
            method="GET",
            path="/v1/orders/{order_id}/timeline",
            ids=_IDS,
            summary="What happened to an order, each decision with its reason",
            handler=get_timeline,
            scope="orders:read",
            returns=List[TimelineEntry],
            errors=(OrderNotFound,),
        ),
        Operation(
            id="getSummary",
            method="GET",
            path="/v1/summary",
            summary="The marketplace in figures: orders by state, and where the money is",
            handler=get_summary,
            scope="orders:read",
            query=SummaryQuery,
            returns=SummaryView,
        ),
    ]


async def create_order(call: Call, body: PlaceOrder) -> OrderView:
    currency = body.shipping.currency
    draft = OrderDraft(
        buyer_id=parties.BUYER.parse(body.buyer, pointer="/buyer"),
        lines=tuple(_line_draft(index, line) for index, line in enumerate(body.lines)),
        shipping=Money.of(body.shipping.amount, currency),
        method=payments.Method(
            type=body.payment_method.type,
            token=body.payment_method.token,
            installments=body.payment_method.installments,
            fingerprint=body.payment_method.fingerprint,
        ),
        country=body.ship_to.country,
        region=body.ship_to.region,
        external_id=body.external_id,
    )
    order = await service.place_order(call.tx, draft)
    return await _shown(call, order)


async def ship_order(call: Call, body: ShipOrder) -> OrderView:
    order = await service.ship_order(
        call.tx, call.path["order_id"], carrier=body.carrier, tracking=body.tracking
    )
    return await _shown(call, order)


async def deliver_order(call: Call) -> OrderView:
    return await _shown(call, await service.deliver_order(call.tx, call.path["order_id"]))


async def cancel_order(call: Call, body: CancelOrder) -> OrderView:
    order = await service.cancel_order(call.tx, call.path["order_id"], reason=body.reason)
    return await _shown(call, order)


async def refund_order(call: Call, body: RefundOrder) -> RefundStarted:
    order_id = call.path["order_id"]
    key = call.idempotency_key
    refund_id = derived_id(order_id, "refund", key) if key else new_id(call.tx.now)
    refund = await service.refund_order(
        call.tx,
        order_id,
        refund_id=refund_id,
        amount=body.amount.money() if body.amount else None,
        reason=body.reason,
    )
    return RefundStarted(
        id=payments.REFUND.text(refund.refund_id),
        livemode=call.key.livemode,
        order=ORDER.text(order_id),
        payment=payments.PAYMENT.text(refund.payment_id),
        amount=Amount.of(refund.amount),
        state=refund.state,
    )


async def list_orders(call: Call[ListOrders]) -> List[OrderView]:
    query = call.query
    wanted = service.OrderFilter(
        states=[query.state] if query.state else None,
        buyer_id=parties.BUYER.parse(query.buyer) if query.buyer else None,
        seller_id=parties.SELLER.parse(query.seller) if query.seller else None,
        external_id=query.external_id,
        placed_from=query.placed_from,
        placed_until=query.placed_until,
    )
    page = await service.list_orders(call.tx, wanted, limit=query.limit, cursor=query.cursor)
    lines = await service.lines_of(call.tx, [order.order_id for order in page.data])
    return List[OrderView].of(page, lambda order: _view(call, order, lines))


async def get_order(call: Call) -> OrderView:
    return await _shown(call, await service.get_order(call.tx, call.path["order_id"]))


async def get_timeline(call: Call) -> List[TimelineEntry]:
    events = await service.timeline(call.tx, call.path["order_id"])
    return List[TimelineEntry].whole(
        TimelineEntry(
            sequence=event.sequence,
            type=event.type,
            at=event.occurred_at,
            reason=str(event.payload.get("reason", "")),
            cause=event.cause,
            details={name: value for name, value in event.payload.items() if name != "reason"},
        )
        for event in events
    )


async def get_summary(call: Call[SummaryQuery]) -> SummaryView:
    currency = call.query.currency or call.tx.marketplace.currency
    summary = await service.summarize(call.tx, currency)
    return SummaryView(
        livemode=call.key.livemode,
        orders=summary.orders,
        money=_money_view(summary.money, currency),
        ledger_balanced=summary.is_balanced,
        human_touches_per_1000=summary.human_touches_per_1000,
    )


def _money_view(money: payments.Summary | None, currency: str) -> MoneyView:
    def amount(figure: Money | None) -> Amount:
        return Amount.of(figure) if figure is not None else Amount(0, currency)

    return MoneyView(
        taken=amount(money and money.taken),
        fees=amount(money and money.provider_fees),
        commission=amount(money and money.commission),
        tax=amount(money and money.tax),
        owed_to_sellers=amount(money and money.owed_to_sellers),
        paid_out=amount(money and money.paid_out),
        in_dispute=amount(money and money.in_dispute),
        refunded=amount(money and money.refunded),
    )


def _line_draft(index: int, line: PlaceLine) -> LineDraft:
    offer = line.offer
    return LineDraft(
        product=line.product,
        quantity=line.quantity,
        unit_price_max=line.unit_price_max.money() if line.unit_price_max else None,
        offer_id=parties.OFFER.parse(offer, pointer=f"/lines/{index}/offer") if offer else None,
    )


async def _shown(call: Call, order: Order) -> OrderView:
    return _view(call, order, await service.lines_of(call.tx, [order.order_id]))


def _view(call: Call, order: Order, lines: Mapping[UUID, list[Line]]) -> OrderView:
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
