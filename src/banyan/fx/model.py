"""The records of foreign exchange.

A rate says what one unit of its ``base`` costs: 1 EUR = 1.0842 USD has the base EUR and the currency
USD. Quotes are seen from outside: the one who is quoted *sells* and *buys*. Deals are seen by us:
what came *in*, and what went *out* for it.

The marketplace's *own* currency is the one that costs, values and gains are counted in.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

RATE = IdKind("fxr")
QUOTE = IdKind("fxq")
DEAL = IdKind("fxd")

Fixed = Literal["sell", "buy"]
QuoteState = Literal["open", "used", "expired"]
DealKind = Literal["conversion", "trade"]

_SHOWN = Context(prec=12)


def shown(rate: Fraction) -> Decimal:
    """A rate with 12 significant digits, for people: amounts are computed with the exact one."""
    return _SHOWN.divide(Decimal(rate.numerator), Decimal(rate.denominator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a marketplace exchanges.

    ``spread_bp`` is what it takes off the middle rate. A rate is too old when more than
    ``rate_age_days_max`` working days have begun since its own. Of several ``sources`` for a pair the
    first with a rate that isn't too old counts.
    """

    spread_bp: int = 100
    quote_ttl_s: int = 900
    rate_age_days_max: int = 2
    sources: list[str]
    updated_at: datetime | None = None
    updated_by: str = ""


@dataclass(frozen=True, slots=True)
class RateDraft:
    """A rate as a source gives it."""

    base: str
    currency: str
    rate: Decimal
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as it was recorded. A correction has the same instant and a higher version."""

    rate_id: UUID
    source: str
    base: str
    currency: str
    rate: Decimal
    effective_at: datetime
    version: int
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Step:
    """One rate on the way from a currency to another; inverted where the way goes to its base."""

    rate_id: UUID
    source: str
    base: str
    currency: str
    rate: Decimal
    effective_at: datetime
    version: int
    is_inverted: bool

    @property
    def factor(self) -> Fraction:
        return 1 / Fraction(self.rate) if self.is_inverted else Fraction(self.rate)


@dataclass(frozen=True, slots=True)
class CrossRate:
    """What one unit of ``sell`` is worth in ``buy``, and which rates that comes from (in order)."""

    sell: str
    buy: str
    path: tuple[Step, ...]

    @property
    def value(self) -> Fraction:
        """The exact rate."""
        product = Fraction(1)
        for step in self.path:
            product *= step.factor
        return product

    @property
    def effective_at(self) -> datetime | None:
        """The instant of the oldest rate on the way; None between a currency and itself."""
        return min((step.effective_at for step in self.path), default=None)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the rates of a file. ``skipped`` names currencies nobody pays with today."""

    source: str
    added: int
    corrected: int
    unchanged: int
    first_at: datetime | None
    last_at: datetime | None
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteDraft:
    """A quote to be made: ``amount`` is what is sold or bought, ``other`` the currency for it.

    ``spread_bp`` and ``ttl_s`` None: as the settings say.
    """

    quote_id: UUID
    amount: Money
    other: str
    fixed: Fixed = "sell"
    spread_bp: int | None = None
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A promise to take ``sell`` and to give ``buy`` for it, until ``expires_at``, once.

    ``value`` is what ``sell`` is worth at the middle rate in the marketplace's own currency, and
    ``spread`` the part of it that stays with the marketplace. ``path`` and ``own_path`` hold the
    rates used (see ``Step``), from sell to buy and from buy to the own currency.
    """

    marketplace_id: UUID
    quote_id: UUID
    fixed: Fixed
    sell_minor: int
    sell_currency: str
    buy_minor: int
    buy_currency: str
    spread_bp: int
    mid_rate: Decimal
    own_currency: str
    value_minor: int
    spread_minor: int
    path: list[dict[str, str | int | bool]]
    own_path: list[dict[str, str | int | bool]]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: str | None

    @property
    def sell(self) -> Money:
        return Money.of(self.sell_minor, self.sell_currency)

    @property
    def buy(self) -> Money:
        return Money.of(self.buy_minor, self.buy_currency)

    @property
    def value(self) -> Money:
        return Money.of(self.value_minor, self.own_currency)

    @property
    def spread(self) -> Money:
        return Money.of(self.spread_minor, self.own_currency)

    @property
    def rate(self) -> Decimal:
        """What the one who is quoted gets for one unit, after the spread and before rounding."""
        return shown(Fraction(self.mid_rate) * (10_000 - self.spread_bp) / 10_000)

    def state(self, now: datetime) -> QuoteState:
        if self.used_at is not None:
            return "used"
        return "open" if now < self.expires_at else "expired"


@dataclass(frozen=True, slots=True)
class TradeDraft:
    """A trade that we made at a bank: we gave ``sold`` and got ``bought``, at an instant (None: now)."""

    trade_id: UUID
    sold: Money
    bought: Money
    subject: str
    traded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An exchange that has changed our positions. ``number`` is its place in the book."""

    marketplace_id: UUID
    deal_id: UUID
    kind: DealKind
    subject: str
    in_minor: int
    in_currency: str
    out_minor: int
    out_currency: str
    own_currency: str
    in_value_minor: int
    out_value_minor: int
    made_at: datetime
    number: int | None = None
    booked_at: datetime | None = None

    @property
    def came_in(self) -> Money:
        return Money.of(self.in_minor, self.in_currency)

    @property
    def went_out(self) -> Money:
        return Money.of(self.out_minor, self.out_currency)

    @property
    def value(self) -> Money:
        """What came in, in own currency."""
        return Money.of(self.in_value_minor, self.own_currency)

    @property
    def spread(self) -> Money:
        return Money.of(self.in_value_minor - self.out_value_minor, self.own_currency)


@dataclass(frozen=True, slots=True)
class Position:
    """What we hold of a currency (above zero) or owe (below), and its cost in own currency."""

    currency: str
    quantity_minor: int = 0
    cost_minor: int = 0

    @property
    def quantity(self) -> Money:
        return Money.of(self.quantity_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What closing (part of) a position has brought, in own currency; below zero a loss.

    ``closed_minor`` is above zero for what we held, below for what we owed; cost and value have its
    sign, and the gain is value less cost.
    """

    deal_id: UUID
    currency: str
    closed_minor: int
    cost_minor: int
    value_minor: int
    gain_minor: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """One currency as it stands now. ``market`` is None if there is no rate that isn't too old.

    ``is_balanced``: the ledger's account says the same quantity as the deals.
    """

    currency: str
    quantity: Money
    book: Money
    market: Money | None
    rate: CrossRate | None
    is_balanced: bool

    @property
    def unrealised(self) -> Money | None:
        return None if self.market is None else self.market - self.book


@dataclass(frozen=True, slots=True)
class Positions:
    """Every currency that we hold or owe, as of an instant.

    ``is_balanced``: the ledger's account of the own currency mirrors the costs to the minor unit.
    """

    own_currency: str
    at: datetime
    exposures: tuple[Exposure, ...]
    is_balanced: bool
    deals_not_booked: int

    @property
    def book(self) -> Money:
        return sum((it.book for it in self.exposures), Money.zero(self.own_currency))

    @property
    def unrealised(self) -> Money | None:
        """The sum over the currencies; None if one of them has no rate."""
        total = Money.zero(self.own_currency)
        for exposure in self.exposures:
            if exposure.unrealised is None:
                return None
            total += exposure.unrealised
        return total


@dataclass(frozen=True, slots=True)
class RealisedGain:
    """What closing positions in one currency has brought in a period."""

    currency: str
    deals: int
    gain: Money


@dataclass(frozen=True, slots=True)
class Results:
    """What exchanging has brought in a period, in own currency."""

    own_currency: str
    spread: Money
    gains: tuple[RealisedGain, ...]

    @property
    def realised(self) -> Money:
        return sum((it.gain for it in self.gains), Money.zero(self.own_currency))
