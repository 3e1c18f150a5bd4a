"""Payouts over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.fx import QUOTE
from banyan.parties import SELLER, SellerNotFound, get_seller
from banyan.payments import model
from banyan.payments.errors import PayoutNotCancellable, PayoutNotFound
from banyan.payments.model import PAYOUT
from banyan.payments.service import payouts
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, id_meta


class PayoutExchangeView(Struct, kw_only=True):
    """What left the seller's balance in another currency, and what each unit of it brought."""

    amount: Amount
    rate: str
    quote: str


class PayoutView(Struct, kw_only=True):
    id: str
    object: Literal["payout"] = "payout"
    livemode: bool
    state: model.PayoutState
    seller: str
    amount: Amount
    exchanged: PayoutExchangeView | None
    provider: str
    batch: str | None
    destination: str
    failure_code: str | None
    created_at: datetime
    finished_at: datetime | None


class ListPayouts(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.PayoutState | None = None
    seller: Annotated[str, id_meta(SELLER)] | None = None


class CancelPayout(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


def operations() -> list[Operation]:
    return [
        Operation(
            id="listPayouts",
            method="GET",
            path="/v1/payouts",
            summary="List payouts, the newest first",
            handler=list_payouts,
            scope="payouts:read",
            query=ListPayouts,
            returns=List[PayoutView],
        ),
        Operation(
            id="getPayout",
            method="GET",
            path="/v1/payouts/{payout_id}",
            ids={"payout_id": PAYOUT},
            summary="Fetch a payout",
            handler=get_payout,
            scope="payouts:read",
            returns=PayoutView,
            errors=(PayoutNotFound,),
        ),
        Operation(
            id="runPayouts",
            method="POST",
            path="/v1/payouts",
            summary="Pay out now every seller who has the minimum available",
            description="Whatever the schedules say. By itself it runs by them, at the cut-off of the payout settings.",
            handler=run_payouts,
            scope="payouts:write",
            returns=List[PayoutView],
            status=201,
            needs_idempotency_key=True,
        ),
        Operation(
            id="runSellerPayouts",
            method="POST",
            path="/v1/sellers/{seller_id}/payouts",
            ids={"seller_id": SELLER},
            summary="Pay out now to one seller",
            description="For a seller with a manual schedule, or one who shouldn't wait.",
            handler=run_seller_payouts,
            scope="payouts:write",
            returns=List[PayoutView],
            status=201,
            errors=(SellerNotFound,),
            needs_idempotency_key=True,
        ),
        Operation(
            id="cancelPayout",
            method="POST",
            path="/v1/payouts/{payout_id}/cancel",
            ids={"payout_id": PAYOUT},
            summary="Take back a payout that has not been sent",
            description=(
                "The money is available to the seller again. Hold the seller's payouts as well if "
                "the next run is not to pay it out."
            ),
            handler=cancel_payout,
            scope="payouts:write",
            body=CancelPayout,
            returns=PayoutView,
            errors=(PayoutNotFound, PayoutNotCancellable),
            example={"reason": "The seller asked for another account."},
        ),
    ]


async def list_payouts(call: Call[ListPayouts]) -> List[PayoutView]:
    query = call.query
    page = await payouts.list_payouts(
        call.tx,
        state=query.state,
        seller_id=None if query.seller is None else SELLER.parse(query.seller),
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[PayoutView].of(page, lambda payout: payout_view(payout, livemode=call.key.livemode))


async def get_payout(call: Call) -> PayoutView:
    payout = await payouts.get_payout(call.tx, call.path["payout_id"])
    return payout_view(payout, livemode=call.key.livemode)


async def run_payouts(call: Call) -> List[PayoutView]:
    made = await payouts.run_payouts(call.tx)
    return List[PayoutView].whole(
        payout_view(payout, livemode=call.key.livemode) for payout in made
    )


async def run_seller_payouts(call: Call) -> List[PayoutView]:
    seller = await get_seller(call.tx, call.path["seller_id"])
    made = await payouts.run_payouts(call.tx, seller.seller_id)
    return List[PayoutView].whole(
        payout_view(payout, livemode=call.key.livemode) for payout in made
    )


async def cancel_payout(call: Call, body: CancelPayout) -> PayoutView:
    payout = await payouts.cancel_payout(call.tx, call.path["payout_id"], body.reason)
    return payout_view(payout, livemode=call.key.livemode)


def payout_view(payout: model.Payout, *, livemode: bool) -> PayoutView:
    return PayoutView(
        id=model.PAYOUT.text(payout.payout_id),
        livemode=livemode,
        state=payout.state,
        seller=SELLER.text(payout.seller_id),
        amount=Amount.of(payout.amount),
        exchanged=_exchange_view(payout),
        provider=payout.provider,
        batch=None if payout.batch_id is None else model.BATCH.text(payout.batch_id),
        destination=payout.masked_destination,
        failure_code=payout.failure_code,
        created_at=payout.created_at,
        finished_at=payout.finished_at,
    )


def _exchange_view(payout: model.Payout) -> PayoutExchangeView | None:
    if payout.source is None or payout.quote_id is None:
        return None
    return PayoutExchangeView(
        amount=Amount.of(payout.source),
        rate=f"{payout.rate:f}",
        quote=QUOTE.text(payout.quote_id),
    )
