"""What is held back from a seller's sales, by risk."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

HOLDBACK = IdKind("hbk")

Tier = Literal["low", "elevated", "high", "custom"]

HoldbackKind = Literal["held", "reserve"]
"""Which part of a sale waits: all of it for some days (held), or a share for longer (reserve)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerTerms:
    """How a seller's sales are held back from an instant on, and who said so why.

    Sales become available ``delay_days`` later than the schedule says; ``reserve_bp`` of them stay
    in reserve for ``reserve_days`` after that.
    """

    marketplace_id: UUID
    seller_id: UUID
    valid_from: datetime
    tier: Tier
    delay_days: int
    reserve_bp: int
    reserve_days: int
    reason: str
    set_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdback:
    """A part of a sale that becomes available on ``due_on``; ``left_minor`` of it is still there.

    The rest was taken for what the seller owed; ``version`` counts the takings.
    """

    marketplace_id: UUID
    holdback_id: UUID
    seller_id: UUID
    payment_id: UUID
    kind: HoldbackKind
    currency: str
    amount_minor: int
    left_minor: int
    version: int
    due_on: date
    created_at: datetime
    freed_at: datetime | None

    @property
    def left(self) -> Money:
        return Money.of(self.left_minor, self.currency)
