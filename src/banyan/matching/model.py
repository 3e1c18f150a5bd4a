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
class Score:
    """How an offer does beside the others, in parts and together: 0 to 10,000, more is better."""

    price_bp: int
    time_bp: int
    quality_bp: int
    total_bp: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that could do. ``delivery_days`` is its lead time and what the way adds."""

    offer: parties.Offer
    delivery_days: int
    score: Score


@dataclass(frozen=True, slots=True)
class Match:
    """The request's units are reserved at ``offer``; ``candidates`` offers could have done.

    ``lead_time_days`` is until delivery, with what the way to the buyer adds.
    """

    request_id: UUID
    offer: parties.Offer
    lead_time_days: int
    score: Score
    candidates: int
    reason: str
    version: str = VERSION

    @property
    def offer_id(self) -> UUID:
        return self.offer.offer_id

    @property
    def seller_id(self) -> UUID:
        return self.offer.seller_id

    @property
    def unit_price(self) -> Money:
        return self.offer.price


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
