"""The events of payments. Each has the order that it is about, and a sentence that says why."""

from typing import Literal

from banyan.kernel import Money
from banyan.parties import SELLER
from banyan.payments.model import (
    DISPUTE,
    PAYMENT,
    PAYOUT,
    REFUND,
    Dispute,
    Payment,
    PaymentSplit,
    Payout,
    Refund,
)
from banyan.runtime import Event, Json


def about_payment(what: str, payment: Payment, reason: str, **more: Json) -> Event:
    return Event(
        f"payment.{what}",
        PAYMENT.text(payment.payment_id),
        {
            "payment": PAYMENT.text(payment.payment_id),
            "order": payment.subject,
            "amount": amount(payment.amount),
            "provider": payment.provider,
            "reason": reason,
            "decline_code": payment.decline_code,
            **more,
        },
    )


def about_refund(what: str, refund: Refund, reason: str) -> Event:
    return Event(
        f"refund.{what}",
        REFUND.text(refund.refund_id),
        {
            "refund": REFUND.text(refund.refund_id),
            "payment": PAYMENT.text(refund.payment_id),
            "order": refund.subject,
            "amount": amount(refund.amount),
            "provider": refund.provider,
            "reason": reason,
            "reason_code": refund.reason_code,
            "sending": refund.sending,
            "requested_by": refund.requested_by,
            "decline_code": refund.decline_code,
        },
    )


DisputeNews = Literal[
    "inquiry_opened",
    "inquiry_closed",
    "opened",
    "reopened",
    "escalated",
    "changed",
    "contested",
    "accepted",
    "answer_refused",
    "won",
    "lost",
]


def about_dispute(what: DisputeNews, dispute: Dispute, reason: str) -> Event:
    return Event(
        f"dispute.{what}",
        DISPUTE.text(dispute.dispute_id),
        {
            "dispute": DISPUTE.text(dispute.dispute_id),
            "payment": PAYMENT.text(dispute.payment_id),
            "order": dispute.subject,
            "amount": amount(dispute.amount),
            "fee": amount(dispute.fee),
            "provider": dispute.provider,
            "reason": reason,
            "stage": dispute.stage,
            "category": dispute.category,
            "respond_by": dispute.respond_by and dispute.respond_by.isoformat(),
            "borne_by": dispute.bearer,
        },
    )


def about_payout(what: str, payout: Payout, reason: str) -> Event:
    return Event(
        f"payout.{what}",
        PAYOUT.text(payout.payout_id),
        {
            "payout": PAYOUT.text(payout.payout_id),
            "seller": SELLER.text(payout.seller_id),
            "amount": amount(payout.amount),
            "provider": payout.provider,
            "reason": reason,
            "failure_code": payout.failure_code,
        },
    )


def amount(money: Money) -> Json:
    return {"amount": money.minor, "currency": money.currency.code}


def shares(splits: list[PaymentSplit]) -> Json:
    """What each seller is left with, and what was taken from it."""
    return [
        {
            "seller": SELLER.text(split.seller_id),
            "gross": amount(Money.of(split.gross_minor, split.currency)),
            "commission": amount(Money.of(split.commission_minor, split.currency)),
            "tax": amount(Money.of(split.tax_minor, split.currency)),
            "net": amount(Money.of(split.net_minor, split.currency)),
            "reason": split.reason,
        }
        for split in splits
    ]
