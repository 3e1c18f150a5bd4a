"""Records of parties."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from babel import Locale
from msgspec import UNSET, UnsetType

from banyan.kernel import IdKind, Money

SELLER = IdKind("sel")
BUYER = IdKind("buy")
OFFER = IdKind("off")

SellerStatus = Literal["pending", "active", "suspended"]
BuyerStatus = Literal["active", "blocked"]
OfferStatus = Literal["active", "paused"]

UNCHANGED: Final = UNSET
"""In an ``OfferChange``: leave it as it is (None means unlimited)."""

QUALITY_BP_DEFAULT = 8_000
"""What a seller starts with, before anything is known about its quality."""

_NOT_COUNTRIES = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ")
)
"""Codes in CLDR that ISO 3166-1 has not given to a country: unions, islands, tests."""

COUNTRIES = (
    frozenset(filter(re.compile("[A-Z]{2}").fullmatch, map(str, Locale("en").territories)))
    - _NOT_COUNTRIES
)
"""The codes of ISO 3166-1 in two letters, and XK for Kosovo, which is in wide use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerDraft:
    """A seller to be. ``quality_bp`` is 0 (worst) to 10,000."""

    name: str
    country: str
    currency: str
    region: str | None = None
    external_id: str | None = None
    status: SellerStatus = "active"
    quality_bp: int = QUALITY_BP_DEFAULT


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells. Only the offers of active sellers are matched."""

    marketplace_id: UUID
    seller_id: UUID
    external_id: str | None
    name: str
    country: str
    region: str | None
    currency: str
    quality_bp: int
    status: SellerStatus
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerDraft:
    country: str
    region: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, under the platform's own id; names and addresses stay with the platform."""

    marketplace_id: UUID
    buyer_id: UUID
    external_id: str | None
    country: str
    region: str | None
    status: BuyerStatus
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDraft:
    """An offer to be. Where it ships from is the seller's place unless given."""

    seller_id: UUID
    product: str
    price: Money
    lead_time_days: int
    category: str | None = None
    capacity: int | None = None
    country: str | None = None
    region: str | None = None
    external_id: str | None = None
    status: OfferStatus = "active"


@dataclass(frozen=True, slots=True)
class Offer:
    """One seller's product at a price; ``capacity`` is the units left, None if unlimited."""

    marketplace_id: UUID
    offer_id: UUID
    seller_id: UUID
    external_id: str | None
    product: str
    category: str | None
    price_minor: int
    currency: str
    lead_time_days: int
    capacity: int | None
    country: str
    region: str | None
    status: OfferStatus
    created_at: datetime

    @property
    def price(self) -> Money:
        """Of one unit."""
        return Money.of(self.price_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChange:
    """What to change of an offer; what isn't given stays."""

    price: Money | None = None
    lead_time_days: int | None = None
    capacity: int | UnsetType | None = UNCHANGED
    status: OfferStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerFilter:
    """``name`` is any part of a seller's name, in any case."""

    status: SellerStatus | None = None
    country: str | None = None
    external_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerFilter:
    status: BuyerStatus | None = None
    country: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFilter:
    seller_id: UUID | None = None
    product: str | None = None
    status: OfferStatus | None = None
    external_id: str | None = None
