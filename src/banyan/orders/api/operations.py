"""HTTP operations on orders."""

from banyan import parties, payments
from banyan.commission import Voucher, VoucherTooLarge
from banyan.kernel import Currency, Money, derived_id, new_id
from banyan.orders import service
from banyan.orders.api.shapes import (
    CancelOrder,
    ListOrders,
    OrderView,
    PlaceLine,
    PlaceOrder,
    PlaceVoucher,
    RefundOrder,
    RefundStarted,
    ShipOrder,
    SummaryQuery,
    SummaryView,
    TimelineEntry,
    money_view,
    order_view,
)
from banyan.orders.errors import (
    BuyerUnknown,
    LinesNotRefundable,
    OrderExists,
    OrderNotFound,
    OrderStateConflict,
)
from banyan.orders.model import ORDER, LineDraft, Order, OrderDraft, RefundLine
from banyan.runtime.http import (
    Amount,
    Call,
    List,
    Operation,
)

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
            errors=(
                BuyerUnknown,
                OrderExists,
                payments.UnknownToken,
                payments.ProviderMissing,
                VoucherTooLarge,
                parties.SellerNotFound,
            ),
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
            errors=(*moved, payments.UnknownToken, payments.ProviderMissing),
            example={"reason": "The buyer changed their mind."},
        ),
        Operation(
            id="refundOrder",
            method="POST",
            path="/v1/orders/{order_id}/refunds",
            ids=_IDS,
            summary="Give the buyer money back: all that is left, an amount, or lines",
            handler=refund_order,
            scope="refunds:write",
            body=RefundOrder,
            returns=RefundStarted,
            status=201,
            errors=(
                *moved,
                LinesNotRefundable,
                payments.RefundTooLarge,
                payments.PaymentNotReady,
                payments.UnknownToken,
                payments.ProviderMissing,
            ),
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
            tokens=body.payment_method.tokens,
        ),
        country=body.ship_to.country,
        region=body.ship_to.region,
        external_id=body.external_id,
        vouchers=tuple(_voucher(nth, voucher) for nth, voucher in enumerate(body.vouchers)),
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
    order = await service.cancel_order(
        call.tx, call.path["order_id"], reason=body.reason, destination=body.refund_to
    )
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
        reason_code=body.reason_code,
        lines=[RefundLine(one.line, one.quantity) for one in body.lines or ()],
        destination=body.refund_to,
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
    return List[OrderView].of(page, lambda order: order_view(call, order, lines))


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
    Currency.of(currency)  # refuses what is no currency
    summary = await service.summarize(call.tx, currency)
    return SummaryView(
        livemode=call.key.livemode,
        orders=summary.orders,
        money=money_view(summary.money, currency),
        ledger_balanced=summary.is_balanced,
        human_touches_per_1000=summary.human_touches_per_1000,
    )


def _voucher(nth: int, voucher: PlaceVoucher) -> Voucher:
    seller, pointer = voucher.seller, f"/vouchers/{nth}/seller"
    return Voucher(
        code=voucher.code,
        funded_by=voucher.funded_by,
        amount=None if voucher.amount is None else voucher.amount.money(),
        rate_bp=voucher.rate_bp,
        seller_id=None if seller is None else parties.SELLER.parse(seller, pointer=pointer),
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
    return order_view(call, order, await service.lines_of(call.tx, [order.order_id]))
