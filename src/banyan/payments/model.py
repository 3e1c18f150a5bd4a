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

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

PAYMENT = IdKind("pay")
ATTEMPT = IdKind("att")
REFUND = IdKind("ref")
DISPUTE = IdKind("dsp")
PAYOUT = IdKind("pot")

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
RefundState = Literal["pending", "succeeded", "failed"]
DisputeState = Literal["open", "won", "lost"]
DisputeResult = Literal["won", "lost"]
PayoutState = Literal["pending", "paid", "failed", "returned"]
AttemptState = Literal["intended", "sent", "unknown", "answered", "applied"]
Operation = Literal["authorize", "authenticate", "capture", "void", "refund", "payout", "return"]
MethodType = Literal["card", "debit_card", "boleto", "pix", "voucher", "bank_transfer"]

TAKEN: frozenset[PaymentState] = frozenset({"captured", "partially_refunded", "refunded"})
"""The states in which the buyer's money has been taken."""


@dataclass(frozen=True, slots=True)
class Method:
    """How the buyer pays. ``token`` is the provider's; ``fingerprint`` tells one card again."""

    type: MethodType
    token: str
    installments: int = 1
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """What one seller sells in an order: goods, and what the buyer pays for shipping them."""

    seller_id: UUID
    goods: Money
    shipping: Money


@dataclass(frozen=True, slots=True)
class Split:
    """One seller's part of a payment, frozen when the payment is made.

    ``gross`` is what the buyer pays for it, shipping included; ``commission`` and the ``tax`` on
    the commission are taken from it, and the seller gets the rest.
    """

    seller_id: UUID
    gross: Money
    shipping: Money
    commission: Money
    tax: Money
    tax_jurisdiction: str

    @property
    def net(self) -> Money:
        """What the seller gets."""
        return self.gross - self.commission - self.tax


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """A payment to be made. ``subject`` is what it pays for, such as ``ord_…``."""

    payment_id: UUID
    subject: str
    buyer_id: UUID
    amount: Money
    method: Method
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the marketplace takes: commission on goods, and the tax on that commission."""

    commission_bp: int
    commission_tax_bp: int
    tax_jurisdiction: str


@dataclass(frozen=True, slots=True)
class PaymentSettings:
    """How a marketplace pays. Hours are of the marketplace's time, in UTC."""

    provider: str | None
    commission_bp: int
    commission_tax_bp: int
    tax_jurisdiction: str
    payout_cutoff_hour: int
    payout_minimum_minor: int

    @property
    def terms(self) -> Terms:
        return Terms(self.commission_bp, self.commission_tax_bp, self.tax_jurisdiction)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSplit:
    """A split as it stands: the parts agreed, and how much of each has been reversed."""

    marketplace_id: UUID
    payment_id: UUID
    seller_id: UUID
    currency: str
    gross_minor: int
    shipping_minor: int
    commission_minor: int
    tax_minor: int
    tax_jurisdiction: str
    reversed_seller_minor: int
    reversed_commission_minor: int
    reversed_tax_minor: int

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.commission_minor - self.tax_minor

    @property
    def left_minor(self) -> tuple[int, int, int]:
        """What is left of the seller's part, the commission and the tax."""
        return (
            self.net_minor - self.reversed_seller_minor,
            self.commission_minor - self.reversed_commission_minor,
            self.tax_minor - self.reversed_tax_minor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """One seller's part of a refund or dispute: who gives back how much.

    ``is_from_available``: it came out of the seller's available balance, because the payment was
    released already; otherwise out of the pending one.
    """

    marketplace_id: UUID
    reversal_id: UUID
    payment_id: UUID
    seller_id: UUID
    currency: str
    seller_minor: int
    commission_minor: int
    tax_minor: int
    tax_jurisdiction: str
    is_from_available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    marketplace_id: UUID
    refund_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    state: RefundState
    amount_minor: int
    currency: str
    reason: str
    requested_by: str
    decline_code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A buyer's objection at the bank. ``held_minor`` of it is held from sellers and commission."""

    marketplace_id: UUID
    dispute_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    provider_reference: str
    state: DisputeState
    amount_minor: int
    held_minor: int
    fee_minor: int
    currency: str
    reason: str
    opened_at: datetime
    closed_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money.of(self.fee_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    marketplace_id: UUID
    payout_id: UUID
    seller_id: UUID
    provider: str
    destination: str
    state: PayoutState
    amount_minor: int
    currency: str
    failure_code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAccount:
    """Where a seller's payouts go. Blocked after a failed one, until it is given again."""

    marketplace_id: UUID
    seller_id: UUID
    destination: str
    blocked_reason: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One operation asked of a provider. The row is written before the call is made.

    ``subject_id`` is the payment, refund or payout; the provider knows the attempt by its id,
    which is both the idempotency key and our reference. ``tries`` counts calls without a definite
    answer.
    """

    marketplace_id: UUID
    attempt_id: UUID
    subject_id: UUID
    payment_id: UUID | None
    operation: Operation
    provider: str
    amount_minor: int
    currency: str
    state: AttemptState
    tries: int
    outcome: str | None
    code: str | None
    note: str
    answer: dict[str, object] | None
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Summary:
    """Where the money of one currency is.

    ``is_balanced``: what the provider holds for us by the ledger is what it must hold by the
    payments, refunds, disputes and payouts.
    """

    currency: str
    payments: int
    taken: Money
    provider_fees: Money
    commission: Money
    tax: Money
    owed_to_sellers: Money
    paid_out: Money
    in_transit: Money
    in_dispute: Money
    lost_in_disputes: Money
    refunded: Money
    at_provider: Money
    is_balanced: bool


@dataclass(frozen=True, slots=True)
class Movement:
    """One leg of the ledger about an order. ``kind`` is the ledger's: posted, pending, post, void.

    What is pending has not moved yet; its post or void follows.
    """

    at: datetime
    code: str
    debit: str
    credit: str
    amount: Money
    kind: str
