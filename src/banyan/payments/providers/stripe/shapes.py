"""What we rely on of Stripe's objects; everything else in them is passed over."""

from typing import Any

import msgspec
from msgspec import Struct

KEY, PAYMENT = "attempt", "payment"
"""What our names are called in Stripe's metadata."""

EXPAND = ["latest_charge.balance_transaction"]


class BalanceTransaction(Struct, frozen=True, kw_only=True):
    """Amounts are in the currency that is settled; ``fee`` is part of ``amount``."""

    id: str
    amount: int
    fee: int
    net: int
    currency: str
    type: str = ""
    reporting_category: str = ""
    created: int = 0
    source: str | dict[str, Any] | None = None


class PaymentError(Struct, frozen=True, kw_only=True):
    code: str | None = None
    decline_code: str | None = None
    message: str = ""


class ThreeDSecure(Struct, frozen=True, kw_only=True):
    result: str | None = None


class CardDetails(Struct, frozen=True, kw_only=True):
    three_d_secure: ThreeDSecure | None = None


class MethodDetails(Struct, frozen=True, kw_only=True):
    card: CardDetails | None = None


class Charge(Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str
    metadata: dict[str, str] = {}
    payment_intent: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    balance_transaction: BalanceTransaction | str | None = None
    payment_method_details: MethodDetails | None = None


class Intent(Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str
    created: int
    amount_received: int | None = None
    metadata: dict[str, str] = {}
    latest_charge: Charge | str | None = None
    last_payment_error: PaymentError | None = None
    next_action: dict[str, Any] | None = None
    cancellation_reason: str | None = None


class Refund(Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str | None
    metadata: dict[str, str] = {}
    failure_reason: str | None = None
    balance_transaction: BalanceTransaction | str | None = None


class Transfer(Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    reversed: bool = False
    metadata: dict[str, str] = {}


class EvidenceDetails(Struct, frozen=True, kw_only=True):
    due_by: int | None = None
    submission_count: int = 0


class DisputeCard(Struct, frozen=True, kw_only=True):
    case_type: str | None = None
    network_reason_code: str | None = None


class DisputeMethod(Struct, frozen=True, kw_only=True):
    card: DisputeCard | None = None


class DisputedIntent(Struct, frozen=True, kw_only=True):
    metadata: dict[str, str] = {}


class Dispute(Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str
    reason: str
    balance_transactions: list[BalanceTransaction] = []
    evidence_details: EvidenceDetails = EvidenceDetails()
    payment_intent: DisputedIntent | str | None = None
    payment_method_details: DisputeMethod | None = None


class Payout(Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: str
    arrival_date: int
    automatic: bool = True


def _plain(value: Any) -> Any:
    return value.to_dict() if hasattr(value, "to_dict") else value


def intent_of(value: object) -> Intent:
    return msgspec.convert(_plain(value), Intent)


def charge_of(value: object) -> Charge:
    return msgspec.convert(_plain(value), Charge)


def refund_of(value: object) -> Refund:
    return msgspec.convert(_plain(value), Refund)


def transfer_of(value: object) -> Transfer:
    return msgspec.convert(_plain(value), Transfer)


def dispute_of(value: object) -> Dispute:
    return msgspec.convert(_plain(value), Dispute)


def payout_of(value: object) -> Payout:
    return msgspec.convert(_plain(value), Payout)


def balance_transaction_of(value: object) -> BalanceTransaction:
    return msgspec.convert(_plain(value), BalanceTransaction)
