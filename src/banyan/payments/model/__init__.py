"""The records of payments: what was agreed, what was asked of a provider, and what came of it.

A payment is ``authorizing`` until the provider has answered::

    authorizing ─┬─ requires_action ── authorizing      3-D Secure
                 ├─ unknown ── (as authorizing)         no definite answer for a while
                 ├─ declined
                 └─ authorized ─┬─ voiding ── voided
                                └─ capturing ─┬─ capture_failed
                                              └─ captured ── partially_refunded ── refunded

Events: ``payment.authorized|declined|requires_action|authentication_expired|unknown|captured|
capture_failed|voided|void_failed|released``, ``refund.created|succeeded|failed``,
``dispute.opened|won|lost``, ``payout.created|paid|failed``. Their subject is the payment, refund,
dispute or payout; the payload has ``payment``, ``order`` (the payment's subject), ``amount``,
``provider``, ``reason`` (one sentence) and, where there is one, ``decline_code``.
"""

from banyan.payments.model.attempts import ATTEMPT, Attempt, AttemptState, Operation
from banyan.payments.model.disputes import (
    DISPUTE,
    Dispute,
    DisputeResult,
    DisputeStage,
    DisputeState,
)
from banyan.payments.model.methods import Authentication, Liability, Method, MethodType
from banyan.payments.model.payments import PAYMENT, TAKEN, Payment, PaymentDraft, PaymentState
from banyan.payments.model.payouts import PAYOUT, Payout, PayoutAccount, PayoutState
from banyan.payments.model.refunds import REFUND, Refund, RefundState
from banyan.payments.model.settings import PaymentSettings
from banyan.payments.model.splits import PaymentSplit, Reversal, Share, Split, Terms
from banyan.payments.model.summary import Movement, Summary

__all__ = [
    "ATTEMPT",
    "DISPUTE",
    "PAYMENT",
    "PAYOUT",
    "REFUND",
    "TAKEN",
    "Attempt",
    "AttemptState",
    "Authentication",
    "Dispute",
    "DisputeResult",
    "DisputeStage",
    "DisputeState",
    "Liability",
    "Method",
    "MethodType",
    "Movement",
    "Operation",
    "Payment",
    "PaymentDraft",
    "PaymentSettings",
    "PaymentSplit",
    "PaymentState",
    "Payout",
    "PayoutAccount",
    "PayoutState",
    "Refund",
    "RefundState",
    "Reversal",
    "Share",
    "Split",
    "Summary",
    "Terms",
]
