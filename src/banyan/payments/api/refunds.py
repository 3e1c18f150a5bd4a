"""Refunds over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.parties import SELLER
from banyan.payments import model
from banyan.payments.errors import (
    ProviderMissing,
    RefundNotFound,
    RefundNotReady,
    RefundTooLarge,
    UnknownToken,
)
from banyan.payments.model import PAYMENT, REFUND
from banyan.payments.service import refunds
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, PositiveAmount, id_meta

Destination = Annotated[str, Meta(min_length=1, max_length=80, examples=["bank_ok"])]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class RefundItemView(Struct, kw_only=True):
    """What of a refund one seller's part gives."""

    seller: str
    amount: Amount


class RefundView(Struct, kw_only=True):
    id: str
    object: Literal["refund"] = "refund"
    livemode: bool
    state: model.RefundState
    payment: str
    order: str
    amount: Amount
    reason: str
    reason_code: model.RefundReason
    items: list[RefundItemView] | None
    destination: str | None
    requested_by: str
    decline_code: str | None
    created_at: datetime
    finished_at: datetime | None


class ListRefunds(ListQuery, kw_only=True, forbid_unknown_fields=True):
    payment: Annotated[str, id_meta(model.PAYMENT)] | None = None


class RefundPart(Struct, kw_only=True, forbid_unknown_fields=True):
    seller: Annotated[str, id_meta(SELLER)]
    amount: PositiveAmount


class CreateRefund(Struct, kw_only=True, forbid_unknown_fields=True):
    """Without ``amount``, all that is left is refunded, or what ``items`` add up to.

    ``items`` name the sellers whose parts it is taken from; without them all give in proportion.
    ``destination`` is a bank account of the buyer, in place of the way that the money came.
    """

    amount: PositiveAmount | None = None
    reason: Reason
    reason_code: model.RefundReason = "other"
    items: Annotated[list[RefundPart], Meta(min_length=1, max_length=30)] | None = None
    destination: Destination | None = None


class SetRefundDestination(Struct, kw_only=True, forbid_unknown_fields=True):
    destination: Destination


class CancelRefund(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


def operations() -> list[Operation]:
    return [
        Operation(
            id="listRefunds",
            method="GET",
            path="/v1/refunds",
            summary="List refunds, the newest first",
            handler=list_refunds,
            scope="payments:read",
            query=ListRefunds,
            returns=List[RefundView],
        ),
        Operation(
            id="getRefund",
            method="GET",
            path="/v1/refunds/{refund_id}",
            ids={"refund_id": REFUND},
            summary="Fetch a refund",
            handler=get_refund,
            scope="payments:read",
            returns=RefundView,
            errors=(RefundNotFound,),
        ),
        *_changing(),
    ]


def _changing() -> list[Operation]:
    refused = (RefundNotFound, RefundNotReady)
    return [
        Operation(
            id="setRefundDestination",
            method="PUT",
            path="/v1/refunds/{refund_id}/destination",
            ids={"refund_id": REFUND},
            summary="Name the bank account of the buyer that a refund goes to",
            description="For a refund whose way back is closed (`needs_destination`), or that failed.",
            handler=set_destination,
            scope="payments:write",
            body=SetRefundDestination,
            returns=RefundView,
            errors=(*refused, RefundTooLarge, UnknownToken, ProviderMissing),
            example={"destination": "bank_ok"},
        ),
        Operation(
            id="retryRefund",
            method="POST",
            path="/v1/refunds/{refund_id}/retry",
            ids={"refund_id": REFUND},
            summary="Try a refund once more that failed",
            handler=retry_refund,
            scope="payments:write",
            returns=RefundView,
            errors=(*refused, RefundTooLarge),
            needs_idempotency_key=True,
        ),
        Operation(
            id="cancelRefund",
            method="POST",
            path="/v1/refunds/{refund_id}/cancel",
            ids={"refund_id": REFUND},
            summary="Keep the money after all, while the refund has not been sent",
            handler=cancel_refund,
            scope="payments:write",
            body=CancelRefund,
            returns=RefundView,
            errors=refused,
            example={"reason": "The buyer keeps the goods."},
        ),
    ]


async def list_refunds(call: Call[ListRefunds]) -> List[RefundView]:
    query = call.query
    payment_id = None if query.payment is None else PAYMENT.parse(query.payment)
    page = await refunds.list_refunds(
        call.tx, payment_id=payment_id, limit=query.limit, cursor=query.cursor
    )
    return List[RefundView].of(page, lambda refund: refund_view(refund, livemode=call.key.livemode))


async def get_refund(call: Call) -> RefundView:
    refund = await refunds.get_refund(call.tx, call.path["refund_id"])
    return refund_view(refund, livemode=call.key.livemode)


async def set_destination(call: Call, body: SetRefundDestination) -> RefundView:
    refund = await refunds.send_refund_again(
        call.tx, call.path["refund_id"], destination=body.destination
    )
    return refund_view(refund, livemode=call.key.livemode)


async def retry_refund(call: Call) -> RefundView:
    refund = await refunds.send_refund_again(call.tx, call.path["refund_id"])
    return refund_view(refund, livemode=call.key.livemode)


async def cancel_refund(call: Call, body: CancelRefund) -> RefundView:
    refund = await refunds.cancel_refund(call.tx, call.path["refund_id"], body.reason)
    return refund_view(refund, livemode=call.key.livemode)


def refund_view(refund: model.Refund, *, livemode: bool) -> RefundView:
    return RefundView(
        id=model.REFUND.text(refund.refund_id),
        livemode=livemode,
        state=refund.state,
        payment=model.PAYMENT.text(refund.payment_id),
        order=refund.subject,
        amount=Amount.of(refund.amount),
        reason=refund.reason,
        reason_code=refund.reason_code,
        items=None
        if refund.items is None
        else [
            RefundItemView(
                seller=item["seller"], amount=Amount(item["amount_minor"], refund.currency)
            )
            for item in refund.items
        ],
        destination=refund.destination,
        requested_by=refund.requested_by,
        decline_code=refund.decline_code,
        created_at=refund.created_at,
        finished_at=refund.finished_at,
    )
