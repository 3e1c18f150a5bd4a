"""Payments over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from banyan.kernel import new_id
from banyan.parties import BUYER, SELLER
from banyan.payments import model
from banyan.payments.api.refunds import CreateRefund, RefundView, refund_view
from banyan.payments.errors import (
    PaymentNotFound,
    PaymentNotReady,
    ProviderMissing,
    RefundItemsInvalid,
    RefundTooLarge,
    UnknownToken,
)
from banyan.payments.model import PAYMENT
from banyan.payments.service import attempts, exchanges, payments, refunds
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation


class MethodView(Struct, kw_only=True):
    type: model.MethodType
    token: str
    installments: int


class SplitView(Struct, kw_only=True):
    """One seller's part, before refunds and disputes.

    The buyer pays ``gross`` and, with it, the ``service_fee`` and its tax. The platform adds
    ``platform_discount``; the seller gets ``net``. ``reason`` tells why the commission is what it is.
    """

    seller: str
    gross: Amount
    shipping: Amount
    seller_discount: Amount
    platform_discount: Amount
    shipping_kept: Amount
    commission: Amount
    tax: Amount
    tax_jurisdiction: str
    net: Amount
    reason: str
    service_fee: Amount
    service_fee_tax: Amount
    service_fee_jurisdiction: str
    service_fee_reason: str


class ExchangeView(Struct, kw_only=True):
    """What the provider exchanged of what it holds: ``sold`` for ``bought``, at ``rate`` for each one."""

    sold: Amount
    bought: Amount
    rate: str
    made_at: datetime


class PaymentView(Struct, kw_only=True):
    id: str
    object: Literal["payment"] = "payment"
    livemode: bool
    state: model.PaymentState
    order: str
    buyer: str
    amount: Amount
    captured: Amount
    refunded: Amount
    left: Amount
    provider: str
    provider_fee: Amount
    settled: Amount | None
    method: MethodView
    decline_code: str | None
    action_url: str | None
    instructions: dict[str, str] | None
    expires_at: datetime | None
    authentication: model.Authentication
    liability: model.Liability | None
    created_at: datetime
    authorized_at: datetime | None
    captured_at: datetime | None
    released_at: datetime | None
    splits: list[SplitView] | None = None
    exchanges: list[ExchangeView] | None = None
    """Both on one payment; null in lists."""


class AttemptView(Struct, kw_only=True):
    """One operation asked of a provider. ``tries`` counts calls without a definite answer.

    ``route`` tells why an authorization went to this provider, and what it was weighed against.
    """

    id: str
    object: Literal["attempt"] = "attempt"
    operation: model.Operation
    ordinal: int
    provider: str
    amount: Amount
    state: model.AttemptState
    outcome: str | None
    code: str | None
    tries: int
    note: str
    route: dict[str, Any] | None
    created_at: datetime
    answered_at: datetime | None


class ListPayments(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.PaymentState | None = None
    order: Annotated[str, Meta(min_length=1, max_length=80)] | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="listPayments",
            method="GET",
            path="/v1/payments",
            summary="List payments, the newest first",
            handler=list_payments,
            scope="payments:read",
            query=ListPayments,
            returns=List[PaymentView],
        ),
        Operation(
            id="getPayment",
            method="GET",
            path="/v1/payments/{payment_id}",
            ids={"payment_id": PAYMENT},
            summary="Fetch a payment and its sellers' parts",
            handler=get_payment,
            scope="payments:read",
            returns=PaymentView,
            errors=(PaymentNotFound,),
        ),
        Operation(
            id="completeAuthentication",
            method="POST",
            path="/v1/payments/{payment_id}/complete_authentication",
            ids={"payment_id": PAYMENT},
            summary="Go on after the buyer has been through 3-D Secure",
            handler=complete_authentication,
            scope="payments:write",
            returns=PaymentView,
            errors=(PaymentNotFound, PaymentNotReady),
        ),
        Operation(
            id="listPaymentAttempts",
            method="GET",
            path="/v1/payments/{payment_id}/attempts",
            ids={"payment_id": PAYMENT},
            summary="Every call of a provider about a payment, with why and what came of it",
            handler=list_attempts,
            scope="payments:read",
            returns=List[AttemptView],
            errors=(PaymentNotFound,),
        ),
        Operation(
            id="createRefund",
            method="POST",
            path="/v1/payments/{payment_id}/refunds",
            ids={"payment_id": PAYMENT},
            summary="Give the buyer money back",
            handler=create_refund,
            scope="payments:write",
            body=CreateRefund,
            returns=RefundView,
            status=201,
            errors=(
                PaymentNotFound,
                PaymentNotReady,
                RefundTooLarge,
                RefundItemsInvalid,
                UnknownToken,
                ProviderMissing,
            ),
            example={"amount": {"amount": 1999, "currency": "BRL"}, "reason": "Damaged."},
            needs_idempotency_key=True,
        ),
    ]


async def list_payments(call: Call[ListPayments]) -> List[PaymentView]:
    query = call.query
    page = await payments.list_payments(
        call.tx, state=query.state, subject=query.order, limit=query.limit, cursor=query.cursor
    )
    return List[PaymentView].of(
        page, lambda payment: payment_view(payment, livemode=call.key.livemode)
    )


async def get_payment(call: Call) -> PaymentView:
    payment = await payments.get_payment(call.tx, call.path["payment_id"])
    splits = await payments.splits_of(call.tx, [payment.payment_id])
    view = payment_view(payment, livemode=call.key.livemode, splits=splits[payment.payment_id])
    made = await exchanges.exchanges_of(call.tx, payment.payment_id)
    return replace(view, exchanges=[_exchange_view(exchange) for exchange in made])


async def complete_authentication(call: Call) -> PaymentView:
    payment = await payments.complete_authentication(call.tx, call.path["payment_id"])
    return payment_view(payment, livemode=call.key.livemode)


async def list_attempts(call: Call) -> List[AttemptView]:
    payment = await payments.get_payment(call.tx, call.path["payment_id"])
    found = await attempts.attempts_of(call.tx, payment.payment_id)
    return List[AttemptView].whole(
        AttemptView(
            id=model.ATTEMPT.text(attempt.attempt_id),
            operation=attempt.operation,
            ordinal=attempt.ordinal,
            provider=attempt.provider,
            amount=Amount.of(attempt.amount),
            state=attempt.state,
            outcome=attempt.outcome,
            code=attempt.code,
            tries=attempt.tries,
            note=attempt.note,
            route=attempt.routing,
            created_at=attempt.created_at,
            answered_at=attempt.answered_at,
        )
        for attempt in found
    )


async def create_refund(call: Call, body: CreateRefund) -> RefundView:
    refund = await refunds.refund(
        call.tx,
        call.path["payment_id"],
        amount=None if body.amount is None else body.amount.money(),
        refund_id=new_id(call.tx.now),
        reason=body.reason,
        by=call.tx.cause.actor or call.tx.cause.id,
        reason_code=body.reason_code,
        items=None
        if body.items is None
        else [
            model.RefundItem(SELLER.parse(item.seller), item.amount.money()) for item in body.items
        ],
        destination=body.destination,
    )
    return refund_view(refund, livemode=call.key.livemode)


def payment_view(
    payment: model.Payment, *, livemode: bool, splits: list[model.PaymentSplit] | None = None
) -> PaymentView:
    return PaymentView(
        id=model.PAYMENT.text(payment.payment_id),
        livemode=livemode,
        state=payment.state,
        order=payment.subject,
        buyer=BUYER.text(payment.buyer_id),
        amount=Amount.of(payment.amount),
        captured=Amount.of(payment.captured),
        refunded=Amount.of(payment.refunded),
        left=Amount.of(payment.left),
        provider=payment.provider,
        provider_fee=Amount.of(payment.fee),
        settled=Amount.of(payment.settled) if payment.settled else None,
        method=MethodView(
            type=payment.method_type,
            token=payment.method_token,
            installments=payment.installments,
        ),
        decline_code=payment.decline_code,
        action_url=payment.action_url,
        instructions=None if payment.instructions is None else dict(payment.instructions),
        expires_at=payment.action_expires_at,
        authentication=payment.authentication,
        liability=payment.liability,
        created_at=payment.created_at,
        authorized_at=payment.authorized_at,
        captured_at=payment.captured_at,
        released_at=payment.released_at,
        splits=None if splits is None else [_split_view(split) for split in splits],
    )


def _exchange_view(exchange: model.Exchange) -> ExchangeView:
    return ExchangeView(
        sold=Amount.of(exchange.sold),
        bought=Amount.of(exchange.bought),
        rate=f"{exchange.rate:f}",
        made_at=exchange.made_at,
    )


def _split_view(split: model.PaymentSplit) -> SplitView:
    def amount(minor: int) -> Amount:
        return Amount(minor, split.currency)

    return SplitView(
        seller=SELLER.text(split.seller_id),
        gross=amount(split.gross_minor),
        shipping=amount(split.shipping_minor),
        seller_discount=amount(split.seller_discount_minor),
        platform_discount=amount(split.platform_discount_minor),
        shipping_kept=amount(split.shipping_kept_minor),
        commission=amount(split.commission_minor),
        tax=amount(split.tax_minor),
        tax_jurisdiction=split.tax_jurisdiction,
        net=amount(split.net_minor),
        reason=split.reason,
        service_fee=amount(split.service_fee_minor),
        service_fee_tax=amount(split.service_fee_tax_minor),
        service_fee_jurisdiction=split.service_fee_jurisdiction,
        service_fee_reason=split.service_fee_reason,
    )
