"""The records of payments: what was agreed, what was asked of a provider, and what came of it.

A payment is ``authorizing`` until the provider has answered::

    authorizing ─┬─ requires_action ── authorizing      3-D Secure, or confirmed elsewhere
                 ├─ awaiting_payment ─┬─ captured       the buyer pays by transfer, code or slip
                 │                    └─ expired
                 ├─ processing ── captured | declined   a direct debit is on its way
                 ├─ unknown ── (as authorizing)         no definite answer for a while
                 ├─ authorizing                         declined here, tried at the next provider
                 ├─ declined
                 ├─ captured                            methods that take the money at once
                 └─ authorized ─┬─ voiding ── voided
                                └─ capturing ─┬─ capture_failed
                                              └─ captured ── partially_refunded ── refunded

docs/events.md lists the events. Their subject is the payment, refund, dispute or payout; the payload
has ``payment``, ``order`` (the payment's subject), ``amount``, ``provider``, ``reason`` (one sentence)
and, where there is one, ``decline_code``.
"""

from banyan.payments.model.attempts import ATTEMPT, Attempt, AttemptState, Operation
from banyan.payments.model.catalogue import METHODS, SCA_COUNTRIES
from banyan.payments.model.connections import Capability, ConnectionDetails, ConnectionDraft
from banyan.payments.model.debts import DEBIT, DEBT, Debit, DebitState, DebtState, SellerDebt
from banyan.payments.model.destinations import (
    ANY_CURRENCY,
    Destination,
    DestinationKind,
    PayoutAccount,
    masked,
)
from banyan.payments.model.disputes import (
    DISPUTE,
    Bearer,
    Booked,
    Decision,
    Dispute,
    DisputeCategory,
    DisputeMove,
    DisputeResult,
    DisputeSettings,
    DisputeStage,
    DisputeState,
    MoveKind,
    Strength,
)
from banyan.payments.model.evidence import (
    ANSWER,
    AnswerState,
    Appraisal,
    Bought,
    DisputeAnswer,
    EvidenceKind,
    Moment,
    Purchase,
)
from banyan.payments.model.exchanges import Exchange, ExchangeWait, ProviderRate
from banyan.payments.model.holdbacks import HOLDBACK, Holdback, HoldbackKind, SellerTerms, Tier
from banyan.payments.model.methods import (
    Authentication,
    Family,
    Liability,
    Method,
    MethodSpec,
    MethodType,
    Risk,
)
from banyan.payments.model.payments import (
    OPEN,
    PAYMENT,
    TAKEN,
    WITH_BUYER,
    Payment,
    PaymentDraft,
    PaymentState,
)
from banyan.payments.model.payouts import (
    BATCH,
    PAYOUT,
    BankFile,
    Payout,
    PayoutBatch,
    PayoutState,
    Rail,
)
from banyan.payments.model.refunds import (
    REFUND,
    CommissionTerms,
    KeptItem,
    Refund,
    RefundItem,
    RefundReason,
    RefundState,
)
from banyan.payments.model.reliability import (
    Age,
    Approvals,
    InTransit,
    OpenQuestions,
    Reliability,
    Transit,
)
from banyan.payments.model.routing import (
    FAULT,
    Candidate,
    Connection,
    FaultKind,
    ProviderHealth,
    ProviderKind,
    ProviderName,
    Route,
    RouteStats,
    RoutingPolicy,
    RoutingRule,
    SandboxFault,
)
from banyan.payments.model.schedules import (
    BankAccount,
    Cadence,
    CalendarKind,
    HoldKind,
    PayoutHold,
    PayoutSettings,
    Schedule,
)
from banyan.payments.model.settings import PaymentSettings
from banyan.payments.model.settlements import EntryType, Settlement, SettlementEntry
from banyan.payments.model.splits import Parts, PaymentSplit, Reversal, Share, Split, Terms
from banyan.payments.model.statements import (
    DatedAmount,
    LineKind,
    SellerMoney,
    Statement,
    StatementBalance,
    StatementLine,
)
from banyan.payments.model.summary import Movement, Summary
from banyan.payments.model.takings import BOOKED_FOR, Taking

__all__ = [
    "ANSWER",
    "ANY_CURRENCY",
    "ATTEMPT",
    "BATCH",
    "BOOKED_FOR",
    "DEBIT",
    "DEBT",
    "DISPUTE",
    "FAULT",
    "HOLDBACK",
    "METHODS",
    "OPEN",
    "PAYMENT",
    "PAYOUT",
    "REFUND",
    "SCA_COUNTRIES",
    "TAKEN",
    "WITH_BUYER",
    "Age",
    "AnswerState",
    "Appraisal",
    "Approvals",
    "Attempt",
    "AttemptState",
    "Authentication",
    "BankAccount",
    "BankFile",
    "Bearer",
    "Booked",
    "Bought",
    "Cadence",
    "CalendarKind",
    "Candidate",
    "Capability",
    "CommissionTerms",
    "Connection",
    "ConnectionDetails",
    "ConnectionDraft",
    "DatedAmount",
    "Debit",
    "DebitState",
    "DebtState",
    "Decision",
    "Destination",
    "DestinationKind",
    "Dispute",
    "DisputeAnswer",
    "DisputeCategory",
    "DisputeMove",
    "DisputeResult",
    "DisputeSettings",
    "DisputeStage",
    "DisputeState",
    "EntryType",
    "EvidenceKind",
    "Exchange",
    "ExchangeWait",
    "Family",
    "FaultKind",
    "HoldKind",
    "Holdback",
    "HoldbackKind",
    "InTransit",
    "KeptItem",
    "Liability",
    "LineKind",
    "Method",
    "MethodSpec",
    "MethodType",
    "Moment",
    "MoveKind",
    "Movement",
    "OpenQuestions",
    "Operation",
    "Parts",
    "Payment",
    "PaymentDraft",
    "PaymentSettings",
    "PaymentSplit",
    "PaymentState",
    "Payout",
    "PayoutAccount",
    "PayoutBatch",
    "PayoutHold",
    "PayoutSettings",
    "PayoutState",
    "ProviderHealth",
    "ProviderKind",
    "ProviderName",
    "ProviderRate",
    "Purchase",
    "Rail",
    "Refund",
    "RefundItem",
    "RefundReason",
    "RefundState",
    "Reliability",
    "Reversal",
    "Risk",
    "Route",
    "RouteStats",
    "RoutingPolicy",
    "RoutingRule",
    "SandboxFault",
    "Schedule",
    "SellerDebt",
    "SellerMoney",
    "SellerTerms",
    "Settlement",
    "SettlementEntry",
    "Share",
    "Split",
    "Statement",
    "StatementBalance",
    "StatementLine",
    "Strength",
    "Summary",
    "Taking",
    "Terms",
    "Tier",
    "Transit",
    "masked",
]
