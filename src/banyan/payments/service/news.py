"""The events of payments. Each has the order that it is about, and a sentence that says why."""

from typing import Literal
from uuid import UUID

from banyan import fx
from banyan.kernel import Money
from banyan.parties import SELLER
from banyan.payments.model import (
    ANY_CURRENCY,
    ATTEMPT,
    BATCH,
    DEBIT,
    DEBT,
    DISPUTE,
    PAYMENT,
    PAYOUT,
    REFUND,
    Attempt,
    Debit,
    Dispute,
    Payment,
    PaymentSplit,
    Payout,
    PayoutAccount,
    PayoutBatch,
    Refund,
    SellerDebt,
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


def about_unknown(
    payment: Payment, attempt: Attempt, why: Literal["no_answer", "taken_back"], reason: str
) -> Event:
    """``taken_back``: the provider says now that it did not do what it had said it did."""
    more = {"operation": attempt.operation, "attempt": ATTEMPT.text(attempt.attempt_id)}
    return about_payment("unknown", payment, reason, why=why, **more)


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
            "exchanged": payout.source
            and {
                "amount": amount(payout.source),
                "rate": f"{payout.rate:f}",
                "quote": payout.quote_id and fx.QUOTE.text(payout.quote_id),
            },
        },
    )


def about_holdback(what: str, seller: str, kind: str, total: Money, reason: str) -> Event:
    return Event(
        f"holdback.{what}",
        seller,
        {"seller": seller, "kind": kind, "amount": amount(total), "reason": reason},
    )


def about_account(what: str, account: PayoutAccount, reason: str) -> Event:
    """Without the number: only what it ends with."""
    return Event(
        f"payout_account.{what}",
        SELLER.text(account.seller_id),
        {
            "seller": SELLER.text(account.seller_id),
            "currency": None if account.currency == ANY_CURRENCY else account.currency,
            "destination": account.masked_destination,
            "reason": reason,
        },
    )


def about_hold(what: str, seller_id: UUID, kind: str, reason: str) -> Event:
    return Event(
        f"seller_payouts.{what}",
        SELLER.text(seller_id),
        {"seller": SELLER.text(seller_id), "kind": kind, "reason": reason},
    )


def about_batch(what: str, batch: PayoutBatch, reason: str) -> Event:
    return Event(
        f"payout_batch.{what}",
        BATCH.text(batch.batch_id),
        {
            "batch": BATCH.text(batch.batch_id),
            "kind": batch.kind,
            "provider": batch.provider,
            "count": batch.count,
            "total": amount(batch.total),
            "reason": reason,
        },
    )


def about_debt(what: str, debt: SellerDebt, owed: Money, reason: str) -> Event:
    return Event(
        f"seller_debt.{what}",
        DEBT.text(debt.debt_id),
        {
            "debt": DEBT.text(debt.debt_id),
            "seller": SELLER.text(debt.seller_id),
            "owed": amount(owed),
            "reason": reason,
        },
    )


def about_debit(what: str, debit: Debit, reason: str) -> Event:
    return Event(
        f"debit.{what}",
        DEBIT.text(debit.debit_id),
        {
            "debit": DEBIT.text(debit.debit_id),
            "debt": DEBT.text(debit.debt_id),
            "seller": SELLER.text(debit.seller_id),
            "amount": amount(debit.amount),
            "provider": debit.provider,
            "reason": reason,
            "failure_code": debit.failure_code,
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
