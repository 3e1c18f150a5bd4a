"""A payment, before and after it is made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money
from banyan.payments.model.methods import Method, MethodType
from banyan.payments.model.splits import Split

PAYMENT = IdKind("pay")


PaymentState = Literal[
    "authorizing",
    "requires_action",
    "unknown",
    "authorized",
    "declined",
    "voiding",
    "voided",
    "capturing",
    "capture_failed",
    "captured",
    "partially_refunded",
    "refunded",
]


TAKEN: frozenset[PaymentState] = frozenset({"captured", "partially_refunded", "refunded"})
"""The states in which the buyer's money has been taken."""


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """A payment to be made. ``subject`` is what it pays for, such as ``ord_…``."""

    payment_id: UUID
    subject: str
    buyer_id: UUID
    amount: Money
    method: Method
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment. ``reversed_minor`` is what has gone back or is held to go back to the buyer."""

    marketplace_id: UUID
    payment_id: UUID
    subject: str
    buyer_id: UUID
    provider: str
    state: PaymentState
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    reversed_minor: int
    fee_minor: int
    method_type: MethodType
    method_token: str
    installments: int
    method_fingerprint: str
    provider_reference: str | None
    decline_code: str | None
    action_url: str | None
    action_expires_at: datetime | None
    void_reason: str | None
    created_at: datetime
    authorized_at: datetime | None
    captured_at: datetime | None
    released_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def captured(self) -> Money:
        return Money.of(self.captured_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money.of(self.refunded_minor, self.currency)

    @property
    def left(self) -> Money:
        """What can still be given back."""
        return Money.of(self.captured_minor - self.reversed_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money.of(self.fee_minor, self.currency)

    @property
    def method(self) -> Method:
        return Method(
            self.method_type, self.method_token, self.installments, self.method_fingerprint
        )
