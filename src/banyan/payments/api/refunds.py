"""Refunds over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.payments import model
from banyan.payments.errors import RefundNotFound
from banyan.payments.model import PAYMENT, REFUND
from banyan.payments.service import refunds
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, PositiveAmount, id_meta

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class RefundView(Struct, kw_only=True):
    id: str
    object: Literal["refund"] = "refund"
    livemode: bool
    state: model.RefundState
    payment: str
    order: str
    amount: Amount
    reason: str
    requested_by: str
    decline_code: str | None
    created_at: datetime
    finished_at: datetime | None


class ListRefunds(ListQuery, kw_only=True, forbid_unknown_fields=True):
    payment: Annotated[str, id_meta(model.PAYMENT)] | None = None


class CreateRefund(Struct, kw_only=True, forbid_unknown_fields=True):
    """Without ``amount``, all that is left is refunded."""

    amount: PositiveAmount | None = None
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


def refund_view(refund: model.Refund, *, livemode: bool) -> RefundView:
    return RefundView(
        id=model.REFUND.text(refund.refund_id),
        livemode=livemode,
        state=refund.state,
        payment=model.PAYMENT.text(refund.payment_id),
        order=refund.subject,
        amount=Amount.of(refund.amount),
        reason=refund.reason,
        requested_by=refund.requested_by,
        decline_code=refund.decline_code,
        created_at=refund.created_at,
        finished_at=refund.finished_at,
    )
