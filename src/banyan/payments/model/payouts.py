"""Payouts, and the batches and files that they leave in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money
from banyan.payments.model.destinations import masked

PAYOUT = IdKind("pot")
BATCH = IdKind("pob")

PayoutState = Literal["pending", "paid", "failed", "returned", "cancelled"]

Rail = Literal["provider", "bank"]
"""How money leaves: out of what a provider holds for us, or by a file, out of our bank account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money on its way to a seller, or there."""

    marketplace_id: UUID
    payout_id: UUID
    seller_id: UUID
    provider: str
    rail: Rail
    batch_id: UUID | None
    destination: str = field(repr=False)
    holder: str | None = field(repr=False)
    bic: str | None
    state: PayoutState
    amount_minor: int
    currency: str
    failure_code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def masked_destination(self) -> str:
        return masked(self.destination)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutBatch:
    """What one run sends one way in one currency. Count and total are set when it is closed."""

    marketplace_id: UUID
    batch_id: UUID
    run: str
    kind: Literal["payout", "debit"]
    provider: str
    rail: Rail
    currency: str
    state: Literal["open", "closed", "handed_over"]
    count: int
    total_minor: int
    created_at: datetime
    closed_at: datetime | None

    @property
    def total(self) -> Money:
        return Money.of(self.total_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFile:
    """A file for a bank, as it was written. ``handed_over_at``: since then it may be carried out."""

    marketplace_id: UUID
    batch_id: UUID
    format: str
    message_id: str
    content: bytes = field(repr=False)
    created_at: datetime
    handed_over_at: datetime | None
    handed_over_by: str | None

    @property
    def name(self) -> str:
        return f"{self.message_id}.xml"
