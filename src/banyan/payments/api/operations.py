"""The operations, and their handlers."""

from dataclasses import replace

from msgspec import UNSET
from msgspec.structs import asdict

from banyan.kernel import new_id
from banyan.parties import SELLER, SellerNotFound, get_seller
from banyan.payments.api.shapes import (
    CreateRefund,
    DisputeView,
    ListDisputes,
    ListPayments,
    ListPayouts,
    ListRefunds,
    PaymentView,
    PayoutAccountView,
    PayoutView,
    RefundView,
    SetPayoutAccount,
    SettingsView,
    UpdateSettings,
    account_view,
    dispute_view,
    payment_view,
    payout_view,
    refund_view,
    settings_view,
)
from banyan.payments.errors import (
    DisputeNotFound,
    PaymentNotFound,
    PaymentNotReady,
    PayoutNotFound,
    ProviderMissing,
    RefundNotFound,
    RefundTooLarge,
    UnknownToken,
)
from banyan.payments.model import DISPUTE, PAYMENT, PAYOUT, REFUND
from banyan.payments.service import disputes, payments, payouts, refunds, settings
from banyan.runtime.http import Call, List, Operation


def operations() -> list[Operation]:
    return [*_payments(), *_refunds(), *_disputes(), *_payouts(), *_settings()]


def _payments() -> list[Operation]:
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
            errors=(PaymentNotFound, PaymentNotReady, RefundTooLarge),
            example={"amount": {"amount": 1999, "currency": "BRL"}, "reason": "Damaged."},
            needs_idempotency_key=True,
        ),
    ]


def _refunds() -> list[Operation]:
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


def _disputes() -> list[Operation]:
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


def _payouts() -> list[Operation]:
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


def _settings() -> list[Operation]:
    return [
        Operation(
            id="getPaymentSettings",
            method="GET",
            path="/v1/payment_settings",
            summary="Fetch the commission, its tax and the payout rules",
            handler=get_settings,
            scope="payments:read",
            returns=SettingsView,
        ),
        Operation(
            id="updatePaymentSettings",
            method="POST",
            path="/v1/payment_settings",
            summary="Change the commission, its tax or the payout rules from now on",
            handler=update_settings,
            scope="payments:write",
            body=UpdateSettings,
            returns=SettingsView,
            example={"commission_bp": 1200},
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
    return payment_view(payment, livemode=call.key.livemode, splits=splits[payment.payment_id])


async def complete_authentication(call: Call) -> PaymentView:
    payment = await payments.complete_authentication(call.tx, call.path["payment_id"])
    return payment_view(payment, livemode=call.key.livemode)


async def create_refund(call: Call, body: CreateRefund) -> RefundView:
    refund = await refunds.refund(
        call.tx,
        call.path["payment_id"],
        amount=None if body.amount is None else body.amount.money(),
        refund_id=new_id(call.tx.now),
        reason=body.reason,
        by=call.tx.cause.actor or call.tx.cause.id,
    )
    return refund_view(refund, livemode=call.key.livemode)


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


async def get_settings(call: Call) -> SettingsView:
    return settings_view(await settings.get_settings(call.tx), livemode=call.key.livemode)


async def update_settings(call: Call, body: UpdateSettings) -> SettingsView:
    changes = {name: value for name, value in asdict(body).items() if value is not UNSET}
    changed = replace(await settings.get_settings(call.tx), **changes)
    await settings.update_settings(call.tx, changed)
    return settings_view(changed, livemode=call.key.livemode)
