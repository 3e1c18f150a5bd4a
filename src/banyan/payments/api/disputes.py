"""Disputes over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Struct

from banyan.payments import model
from banyan.payments.errors import DisputeNotFound
from banyan.payments.model import DISPUTE, PAYMENT
from banyan.payments.service import disputes
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, id_meta


class DisputeView(Struct, kw_only=True):
    id: str
    object: Literal["dispute"] = "dispute"
    livemode: bool
    state: model.DisputeState
    payment: str
    order: str
    amount: Amount
    fee: Amount
    reason: str
    opened_at: datetime
    closed_at: datetime | None


class ListDisputes(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.DisputeState | None = None
    payment: Annotated[str, id_meta(model.PAYMENT)] | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="listDisputes",
            method="GET",
            path="/v1/disputes",
            summary="List disputes, the newest first",
            handler=list_disputes,
            scope="payments:read",
            query=ListDisputes,
            returns=List[DisputeView],
        ),
        Operation(
            id="getDispute",
            method="GET",
            path="/v1/disputes/{dispute_id}",
            ids={"dispute_id": DISPUTE},
            summary="Fetch a dispute",
            handler=get_dispute,
            scope="payments:read",
            returns=DisputeView,
            errors=(DisputeNotFound,),
        ),
    ]


async def list_disputes(call: Call[ListDisputes]) -> List[DisputeView]:
    query = call.query
    page = await disputes.list_disputes(
        call.tx,
        state=query.state,
        payment_id=None if query.payment is None else PAYMENT.parse(query.payment),
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[DisputeView].of(
        page, lambda dispute: dispute_view(dispute, livemode=call.key.livemode)
    )


async def get_dispute(call: Call) -> DisputeView:
    dispute = await disputes.get_dispute(call.tx, call.path["dispute_id"])
    return dispute_view(dispute, livemode=call.key.livemode)


def dispute_view(dispute: model.Dispute, *, livemode: bool) -> DisputeView:
    return DisputeView(
        id=model.DISPUTE.text(dispute.dispute_id),
        livemode=livemode,
        state=dispute.state,
        payment=model.PAYMENT.text(dispute.payment_id),
        order=dispute.subject,
        amount=Amount.of(dispute.amount),
        fee=Amount.of(dispute.fee),
        reason=dispute.reason,
        opened_at=dispute.opened_at,
        closed_at=dispute.closed_at,
    )
