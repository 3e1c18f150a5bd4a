"""Payouts, and the batches and files that they leave in."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money
from banyan.payments.model.destinations import masked
from banyan.payments.model.exchanges import shown_rate

PAYOUT = IdKind("pot")
BATCH = IdKind("pob")

PayoutState = Literal["pending", "paid", "failed", "returned", "cancelled"]

Rail = Literal["provider", "bank"]
"""How money leaves: out of what a provider holds for us, or by a file, out of our bank account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money on its way to a seller, or there.

    ``source`` and ``quote_id`` are set where it was exchanged, into the currency of the account.
    """

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
    source_minor: int | None = None
    source_currency: str | None = None
    quote_id: UUID | None = None

    @property
    def source(self) -> Money | None:
        """What left the seller's balance, where that is in another currency."""
        if self.source_minor is None or self.source_currency is None:
            return None
        return Money.of(self.source_minor, self.source_currency)

    @property
    def rate(self) -> Decimal | None:
        """What one unit of ``source`` brought, for people."""
        return None if self.source is None else shown_rate(self.source, self.amount)

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
