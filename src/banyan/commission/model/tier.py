"""Tiers of sellers, and who belongs to which from when on."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.kernel import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A tier; of those that a seller reaches the one of the highest ``rank`` counts.

    With a volume it is reached by sales of so much within the last ``window_days``; without, only
    by hand.
    """

    marketplace_id: UUID
    tier: str
    rank: int
    volume_minor: int | None
    currency: str | None
    window_days: int | None
    updated_at: datetime

    @property
    def volume(self) -> Money | None:
        if self.volume_minor is None or self.currency is None:
            return None
        return Money.of(self.volume_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerTier:
    """A seller's tier (None: none) from ``since`` on, until the next one.

    ``is_fixed``: a person has set it, and sales don't change it.
    """

    marketplace_id: UUID
    seller_id: UUID
    since: datetime
    tier: str | None
    is_fixed: bool
    reason: str
    set_by: str
