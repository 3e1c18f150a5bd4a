"""Records of fraud."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan import parties
from banyan.kernel import IdKind, Money

ASSESSMENT = IdKind("fas")
LIST_ENTRY = IdKind("fle")
COUNT_MAX = 50
"""The highest count that settings take."""

VERSION = "limits-and-lists 1"

Outcome = Literal["allow", "challenge", "review", "deny"]
ListName = Literal["allow", "deny"]
ListKind = Literal["buyer", "payment", "country"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Amounts of one currency above which an order is stopped.

    Above ``review`` a person looks. Above ``first_challenge`` a buyer's first order must be
    confirmed by the buyer (3-D Secure or the like).
    """

    review: Money
    first_challenge: Money


LIMITS_DEFAULT = {
    limits.review.currency.code: limits
    for limits in (
        Limits(Money.parse("1000", "BRL"), Money.parse("800", "BRL")),
        Limits(Money.parse("500", "EUR"), Money.parse("400", "EUR")),
        Limits(Money.parse("500", "GBP"), Money.parse("400", "GBP")),
        Limits(Money.parse("500", "USD"), Money.parse("400", "USD")),
    )
}
"""BRL from 2,500 real orders of February 2018: 0.6 % were above 1,000, another 0.8 % above 800.
The others are starting points without data behind them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What stops an order in a marketplace. A count above its maximum asks for review."""

    limits: Mapping[str, Limits] = field(default_factory=LIMITS_DEFAULT.copy)
    """By currency."""
    buyer_orders_1h_max: int = 3
    buyer_orders_24h_max: int = 6
    payment_orders_24h_max: int = 6
    updated_at: datetime | None = None
    updated_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudRequest:
    """An order to be assessed. ``order`` is its prefixed id.

    ``fingerprint`` tells the same card or account again; leave it empty where that can't be told,
    never fill it with what many buyers share (such as a test token).
    """

    subject_id: UUID
    order: str
    buyer: parties.Buyer
    amount: Money
    fingerprint: str
    ship_to_country: str
    ship_to_region: str | None
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was noticed: what it was, a sentence, and what it asks for by itself."""

    name: str
    value: int | str
    detail: str
    outcome: Outcome
    score_bp: int


@dataclass(frozen=True, slots=True)
class FraudDecision:
    """What to do with an order.

    ``score_bp`` is 0 to 10,000, the highest of its signals: a rank of urgency, not a probability.
    """

    subject_id: UUID
    outcome: Outcome
    score_bp: int
    reason: str
    signals: tuple[Signal, ...]
    version: str = VERSION


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order that was assessed before."""

    subject_id: UUID
    buyer_id: UUID
    payment_fingerprint: str
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntryDraft:
    """``value`` is a buyer's prefixed id, a payment's fingerprint, or a country's code."""

    list: ListName
    kind: ListKind
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListEntry:
    """Somebody or something an operator has allowed or denied, until it is removed."""

    marketplace_id: UUID
    entry_id: UUID
    list: ListName
    kind: ListKind
    value: str
    reason: str
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment as it was recorded."""

    marketplace_id: UUID
    assessment_id: UUID
    subject_id: UUID
    subject: str
    buyer_id: UUID
    payment_fingerprint: str
    amount_minor: int
    currency: str
    ship_to_country: str
    ship_to_region: str | None
    outcome: Outcome
    score_bp: int
    reason: str
    signals: list[dict[str, str | int]]
    version: str
    placed_at: datetime
    assessed_at: datetime

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)
