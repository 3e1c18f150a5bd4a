"""Payouts, and where they go, over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.parties import SELLER, SellerNotFound, get_seller
from banyan.payments import model
from banyan.payments.errors import PayoutNotFound, ProviderMissing, UnknownToken
from banyan.payments.model import PAYOUT
from banyan.payments.service import payouts
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, id_meta


class PayoutView(Struct, kw_only=True):
    id: str
    object: Literal["payout"] = "payout"
    livemode: bool
    state: model.PayoutState
    seller: str
    amount: Amount
    destination: str
    failure_code: str | None
    created_at: datetime
    finished_at: datetime | None


class PayoutAccountView(Struct, kw_only=True):
    object: Literal["payout_account"] = "payout_account"
    livemode: bool
    seller: str
    destination: str
    blocked_reason: str | None


class ListPayouts(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.PayoutState | None = None
    seller: Annotated[str, id_meta(SELLER)] | None = None


class SetPayoutAccount(Struct, kw_only=True, forbid_unknown_fields=True):
    destination: Annotated[str, Meta(min_length=1, max_length=80, examples=["bank_ok"])]


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
            description="It runs by itself once a day, at the hour of the payment settings.",
            handler=run_payouts,
            scope="payouts:write",
            returns=List[PayoutView],
            status=201,
            needs_idempotency_key=True,
        ),
        Operation(
            id="setPayoutAccount",
            method="PUT",
            path="/v1/sellers/{seller_id}/payout_account",
            ids={"seller_id": SELLER},
            summary="Say where a seller's payouts go",
            description="A payout that fails stops the next ones until the account is set again.",
            handler=set_payout_account,
            scope="payouts:write",
            body=SetPayoutAccount,
            returns=PayoutAccountView,
            errors=(SellerNotFound, UnknownToken, ProviderMissing),
            example={"destination": "bank_ok"},
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


async def set_payout_account(call: Call, body: SetPayoutAccount) -> PayoutAccountView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    account = await payouts.set_payout_account(call.tx, seller.seller_id, body.destination)
    return account_view(account, livemode=call.key.livemode)


def payout_view(payout: model.Payout, *, livemode: bool) -> PayoutView:
    return PayoutView(
        id=model.PAYOUT.text(payout.payout_id),
        livemode=livemode,
        state=payout.state,
        seller=SELLER.text(payout.seller_id),
        amount=Amount.of(payout.amount),
        destination=payout.masked_destination,
        failure_code=payout.failure_code,
        created_at=payout.created_at,
        finished_at=payout.finished_at,
    )


def account_view(account: model.PayoutAccount, *, livemode: bool) -> PayoutAccountView:
    return PayoutAccountView(
        livemode=livemode,
        seller=SELLER.text(account.seller_id),
        destination=account.masked_destination,
        blocked_reason=account.blocked_reason,
    )
