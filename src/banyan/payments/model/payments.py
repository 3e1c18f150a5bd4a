"""A payment, before and after it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money
from banyan.payments.model.exchanges import ProviderRate
from banyan.payments.model.methods import Authentication, Liability, Method, MethodType, Risk
from banyan.payments.model.splits import Split

PAYMENT = IdKind("pay")


PaymentState = Literal[
    "authorizing",
    "requires_action",
    "awaiting_payment",
    "processing",
    "unknown",
    "authorized",
    "declined",
    "expired",
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

OPEN: frozenset[PaymentState] = frozenset({"authorizing", "processing", "unknown"})
"""The states in which the provider owes an answer to an authorization."""

WITH_BUYER: frozenset[PaymentState] = frozenset({"requires_action", "awaiting_payment"})
"""The states in which the buyer has something to do."""


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """A payment to be made. ``subject`` is what it pays for, such as ``ord_…``.

    ``country`` is the buyer's; empty: the marketplace's own.
    """

    payment_id: UUID
    subject: str
    buyer_id: UUID
    amount: Money
    method: Method
    splits: tuple[Split, ...]
    country: str = ""
    risk: Risk = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment. ``reversed_minor`` is what has gone back or is held to go back to the buyer.

    ``provider`` and ``ordinal`` are those of the authorization in use: after a decline the next one
    may be tried elsewhere. ``action_expires_at`` is until when the buyer can act; ``instructions`` are
    how to pay, where the buyer has to. ``settled_*`` is what the provider settles, where that is in
    another currency; ``fee_currency`` is set where its fee is in another one. ``voids_refused`` counts
    the voids that the provider has refused: the next one is another call.
    """

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
    method_tokens: Mapping[str, str]
    country: str | None
    authentication: Authentication
    ordinal: int
    provider_reference: str | None
    decline_code: str | None
    action_url: str | None
    action_expires_at: datetime | None
    instructions: Mapping[str, str] | None
    liability: Liability | None
    settled_minor: int | None
    settled_currency: str | None
    fee_currency: str | None
    void_reason: str | None
    voids_refused: int
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
        return Money.of(self.fee_minor, self.fee_currency or self.currency)

    @property
    def settled(self) -> Money | None:
        """What the provider settles, where that is in another currency; less a fee in the paid one."""
        if self.settled_minor is None or self.settled_currency is None:
            return None
        return Money.of(self.settled_minor, self.settled_currency)

    @property
    def settled_rate(self) -> ProviderRate | None:
        """At which rate the provider has exchanged what was captured."""
        if self.settled is None:
            return None
        paid = self.captured if self.fee_currency else self.captured - self.fee
        return ProviderRate(paid, self.settled) if paid.minor > 0 else None

    @property
    def method(self) -> Method:
        return Method(
            self.method_type,
            self.method_token,
            self.installments,
            self.method_fingerprint,
            self.method_tokens,
        )
