"""Records of matching."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan import parties
from banyan.kernel import Money

VERSION = "weighted-score 1"

MissCode = Literal["no_offer", "too_expensive", "no_capacity", "offer_unavailable"]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much price, delivery time and the seller's quality count; 10,000 together."""

    price_bp: int = 4_000
    time_bp: int = 3_000
    quality_bp: int = 3_000

    def __post_init__(self) -> None:
        parts = (self.price_bp, self.time_bp, self.quality_bp)
        assert min(parts) >= 0, "a weight is not negative"
        assert sum(parts) == 10_000, "weights add up to 10,000"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRequest:
    """Some units of a product to be brought to a place.

    ``unit_price_max`` is the most that the buyer pays for one unit. ``offer_id`` leaves no choice:
    that offer or none.
    """

    request_id: UUID
    product: str
    quantity: int
    currency: str
    country: str
    region: str | None = None
    unit_price_max: Money | None = None
    offer_id: UUID | None = None

    def __post_init__(self) -> None:
        assert self.quantity > 0, "at least one unit is asked for"


@dataclass(frozen=True, slots=True)
class Scored:
    """An offer beside the others for one request. Parts and score are 0 to 10,000, more is better.

    ``delivery_days`` is the offer's lead time and what the way to the buyer adds.
    """

    offer: parties.Offer
    quality_bp: int
    delivery_days: int
    price_part_bp: int
    time_part_bp: int
    score_bp: int

    @property
    def quality_part_bp(self) -> int:
        return self.quality_bp


@dataclass(frozen=True, slots=True)
class Match:
    """The request's units are reserved at this offer. ``candidates`` counts those that could do."""

    request_id: UUID
    chosen: Scored
    candidates: int
    reason: str
    version: str = VERSION

    @property
    def offer(self) -> parties.Offer:
        return self.chosen.offer

    @property
    def seller_id(self) -> UUID:
        return self.chosen.offer.seller_id

    @property
    def unit_price(self) -> Money:
        return self.chosen.offer.price

    @property
    def lead_time_days(self) -> int:
        """Days until delivery, with what the way to the buyer adds."""
        return self.chosen.delivery_days


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No offer will do; nothing is reserved."""

    request_id: UUID
    code: MissCode
    reason: str
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class Decision:
    """A match or miss as it was logged."""

    marketplace_id: UUID
    decision_id: UUID
    request_id: UUID
    product: str
    quantity: int
    currency: str
    country: str
    region: str | None
    unit_price_max_minor: int | None
    asked_offer_id: UUID | None
    outcome: Literal["matched", "no_offer", "too_expensive", "no_capacity", "offer_unavailable"]
    offer_id: UUID | None
    candidates_count: int
    candidates: list[dict[str, str | int]]
    reason: str
    version: str
    weights: dict[str, int]
    decided_at: datetime
