"""What the API of payments takes and answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from banyan.parties import BUYER, SELLER
from banyan.payments import model
from banyan.runtime.http import Amount, ListQuery, PositiveAmount, id_meta

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class MethodView(Struct, kw_only=True):
    type: model.MethodType
    token: str
    installments: int


class SplitView(Struct, kw_only=True):
    """One seller's part. ``net`` is what the seller gets, before refunds and disputes."""

    seller: str
    gross: Amount
    shipping: Amount
    commission: Amount
    tax: Amount
    tax_jurisdiction: str
    net: Amount


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
    method: MethodView
    decline_code: str | None
    action_url: str | None
    created_at: datetime
    authorized_at: datetime | None
    captured_at: datetime | None
    released_at: datetime | None
    splits: list[SplitView] | None = None
    """On one payment; null in lists."""


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


class SettingsView(Struct, kw_only=True):
    """``provider`` null: no payment can be made. Hours are UTC; rates in hundredths of a percent."""

    object: Literal["payment_settings"] = "payment_settings"
    livemode: bool
    provider: str | None
    commission_bp: int
    commission_tax_bp: int
    tax_jurisdiction: str
    payout_cutoff_hour: int
    payout_minimum_minor: int


class ListPayments(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.PaymentState | None = None
    order: Annotated[str, Meta(min_length=1, max_length=80)] | None = None


class ListRefunds(ListQuery, kw_only=True, forbid_unknown_fields=True):
    payment: Annotated[str, id_meta(model.PAYMENT)] | None = None


class ListDisputes(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.DisputeState | None = None
    payment: Annotated[str, id_meta(model.PAYMENT)] | None = None


class ListPayouts(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.PayoutState | None = None
    seller: Annotated[str, id_meta(SELLER)] | None = None


class CreateRefund(Struct, kw_only=True, forbid_unknown_fields=True):
    """Without ``amount``, all that is left is refunded."""

    amount: PositiveAmount | None = None
    reason: Reason


class SetPayoutAccount(Struct, kw_only=True, forbid_unknown_fields=True):
    destination: Annotated[str, Meta(min_length=1, max_length=80, examples=["bank_ok"])]


class UpdateSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. Payments that were made keep their terms."""

    commission_bp: Annotated[int, Meta(ge=0, le=5_000)] | UnsetType = UNSET
    commission_tax_bp: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    tax_jurisdiction: Annotated[str, Meta(pattern="^[A-Z0-9-]{2,20}$")] | UnsetType = UNSET
    payout_cutoff_hour: Annotated[int, Meta(ge=0, le=23)] | UnsetType = UNSET
    payout_minimum_minor: Annotated[int, Meta(ge=1, le=10**12)] | UnsetType = UNSET


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
        method=MethodView(
            type=payment.method_type,
            token=payment.method_token,
            installments=payment.installments,
        ),
        decline_code=payment.decline_code,
        action_url=payment.action_url,
        created_at=payment.created_at,
        authorized_at=payment.authorized_at,
        captured_at=payment.captured_at,
        released_at=payment.released_at,
        splits=None if splits is None else [_split_view(split) for split in splits],
    )


def _split_view(split: model.PaymentSplit) -> SplitView:
    return SplitView(
        seller=SELLER.text(split.seller_id),
        gross=Amount(split.gross_minor, split.currency),
        shipping=Amount(split.shipping_minor, split.currency),
        commission=Amount(split.commission_minor, split.currency),
        tax=Amount(split.tax_minor, split.currency),
        tax_jurisdiction=split.tax_jurisdiction,
        net=Amount(split.net_minor, split.currency),
    )


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


def payout_view(payout: model.Payout, *, livemode: bool) -> PayoutView:
    return PayoutView(
        id=model.PAYOUT.text(payout.payout_id),
        livemode=livemode,
        state=payout.state,
        seller=SELLER.text(payout.seller_id),
        amount=Amount.of(payout.amount),
        destination=payout.destination,
        failure_code=payout.failure_code,
        created_at=payout.created_at,
        finished_at=payout.finished_at,
    )


def account_view(account: model.PayoutAccount, *, livemode: bool) -> PayoutAccountView:
    return PayoutAccountView(
        livemode=livemode,
        seller=SELLER.text(account.seller_id),
        destination=account.destination,
        blocked_reason=account.blocked_reason,
    )


def settings_view(settings: model.PaymentSettings, *, livemode: bool) -> SettingsView:
    return SettingsView(
        livemode=livemode,
        provider=settings.provider,
        commission_bp=settings.commission_bp,
        commission_tax_bp=settings.commission_tax_bp,
        tax_jurisdiction=settings.tax_jurisdiction,
        payout_cutoff_hour=settings.payout_cutoff_hour,
        payout_minimum_minor=settings.payout_minimum_minor,
    )
