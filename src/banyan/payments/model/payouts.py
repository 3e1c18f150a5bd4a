"""Payouts, and where they go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

PAYOUT = IdKind("pot")


PayoutState = Literal["pending", "paid", "failed", "returned"]


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
