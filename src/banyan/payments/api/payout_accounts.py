"""Where sellers' payouts go, and what keeps them back, over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.parties import SELLER, SellerNotFound, get_seller
from banyan.payments import model
from banyan.payments.errors import (
    BankMissing,
    InvalidDestination,
    ProviderMissing,
    UnknownToken,
)
from banyan.payments.rules import destination_of
from banyan.payments.service import payout_accounts, payouts
from banyan.runtime.http import Call, CurrencyCode, List, Operation, check_currency


class PayoutAccountView(Struct, kw_only=True):
    """``destination`` is masked if it is an account number; ``currency`` null: any other."""

    object: Literal["payout_account"] = "payout_account"
    livemode: bool
    seller: str
    currency: str | None
    kind: model.DestinationKind
    destination: str
    has_mandate: bool
    blocked_reason: str | None


class SetPayoutAccount(Struct, kw_only=True, forbid_unknown_fields=True):
    """``destination``: a token of the sandbox, an IBAN, or an account at the provider (``acct_…``).

    An IBAN needs its ``holder``; ``mandate`` and ``mandate_signed_on`` allow to debit it. Without
    ``currency`` the account is for every currency that has none of its own.
    """

    destination: Annotated[str, Meta(min_length=1, max_length=80, examples=["bank_ok"])]
    currency: CurrencyCode | None = None
    holder: Annotated[str, Meta(min_length=1, max_length=70)] | None = None
    bic: Annotated[str, Meta(min_length=8, max_length=11)] | None = None
    mandate: Annotated[str, Meta(min_length=1, max_length=35)] | None = None
    mandate_signed_on: date | None = None

    def __post_init__(self) -> None:
        if self.currency is not None:
            check_currency(self.currency)


class PayoutHoldView(Struct, kw_only=True):
    """``until_at`` null: until it is lifted, or the seller is eligible again."""

    object: Literal["payout_hold"] = "payout_hold"
    kind: model.HoldKind
    reason: str
    held_by: str
    held_at: datetime
    until_at: datetime | None


class HoldPayouts(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


def operations() -> list[Operation]:
    ids = {"seller_id": SELLER}
    return [
        Operation(
            id="setPayoutAccount",
            method="PUT",
            path="/v1/sellers/{seller_id}/payout_account",
            ids=ids,
            summary="Say where a seller's payouts go",
            description=(
                "A payout that fails stops the next ones until the account is set again. After a "
                "change to an account that the seller did not have, payouts wait for the days of "
                "the payout settings."
            ),
            handler=set_payout_account,
            scope="payouts:write",
            body=SetPayoutAccount,
            returns=PayoutAccountView,
            errors=(
                SellerNotFound,
                UnknownToken,
                ProviderMissing,
                InvalidDestination,
                BankMissing,
            ),
            example={"destination": "bank_ok"},
        ),
        Operation(
            id="listPayoutAccounts",
            method="GET",
            path="/v1/sellers/{seller_id}/payout_accounts",
            ids=ids,
            summary="List where a seller's payouts go",
            handler=list_payout_accounts,
            scope="payouts:read",
            returns=List[PayoutAccountView],
            errors=(SellerNotFound,),
        ),
        Operation(
            id="listPayoutHolds",
            method="GET",
            path="/v1/sellers/{seller_id}/payout_holds",
            ids=ids,
            summary="List why a seller is not paid out for now",
            handler=list_payout_holds,
            scope="payouts:read",
            returns=List[PayoutHoldView],
            errors=(SellerNotFound,),
        ),
        Operation(
            id="holdPayouts",
            method="PUT",
            path="/v1/sellers/{seller_id}/payout_hold",
            ids=ids,
            summary="Pay nothing to a seller until further notice",
            handler=hold_payouts,
            scope="payouts:write",
            body=HoldPayouts,
            returns=PayoutHoldView,
            errors=(SellerNotFound,),
            example={"reason": "Fraud is looking at it."},
        ),
        Operation(
            id="resumePayouts",
            method="DELETE",
            path="/v1/sellers/{seller_id}/payout_hold",
            ids=ids,
            summary="Pay a seller again whose payouts somebody has held",
            handler=resume_payouts,
            scope="payouts:write",
            errors=(SellerNotFound,),
        ),
    ]


async def set_payout_account(call: Call, body: SetPayoutAccount) -> PayoutAccountView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    destination = destination_of(
        body.destination,
        holder=body.holder,
        bic=body.bic,
        mandate=body.mandate,
        mandate_signed_on=body.mandate_signed_on,
    )
    account = await payouts.set_payout_account(
        call.tx, seller.seller_id, destination, body.currency
    )
    return _account_view(account, livemode=call.key.livemode)


async def list_payout_accounts(call: Call) -> List[PayoutAccountView]:
    seller = await get_seller(call.tx, call.path["seller_id"])
    accounts = await payout_accounts.accounts_of(call.tx, seller.seller_id)
    return List[PayoutAccountView].whole(
        _account_view(account, livemode=call.key.livemode) for account in accounts
    )


async def list_payout_holds(call: Call) -> List[PayoutHoldView]:
    seller = await get_seller(call.tx, call.path["seller_id"])
    holds = await payout_accounts.holds_of(call.tx, seller.seller_id)
    return List[PayoutHoldView].whole(_hold_view(hold) for hold in holds)


async def hold_payouts(call: Call, body: HoldPayouts) -> PayoutHoldView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    await payout_accounts.hold(call.tx, seller.seller_id, "by_hand", body.reason)
    holds = await payout_accounts.holds_of(call.tx, seller.seller_id)
    return _hold_view(next(hold for hold in holds if hold.kind == "by_hand"))


async def resume_payouts(call: Call) -> None:
    seller = await get_seller(call.tx, call.path["seller_id"])
    await payout_accounts.lift_hold(call.tx, seller.seller_id, "by_hand")


def _account_view(account: model.PayoutAccount, *, livemode: bool) -> PayoutAccountView:
    return PayoutAccountView(
        livemode=livemode,
        seller=SELLER.text(account.seller_id),
        currency=None if account.currency == model.ANY_CURRENCY else account.currency,
        kind=account.kind,
        destination=account.masked_destination,
        has_mandate=account.mandate is not None,
        blocked_reason=account.blocked_reason,
    )


def _hold_view(hold: model.PayoutHold) -> PayoutHoldView:
    return PayoutHoldView(
        kind=hold.kind,
        reason=hold.reason,
        held_by=hold.held_by,
        held_at=hold.held_at,
        until_at=hold.until_at,
    )
