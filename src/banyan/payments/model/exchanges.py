"""What a provider exchanges, where it settles in another currency than the buyer paid in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from uuid import UUID

from banyan.kernel import Money

_SHOWN = Context(prec=12)


def shown_rate(sold: Money, bought: Money) -> Decimal:
    """What one unit of ``sold`` brought, with 12 significant digits: for people, not to compute with."""
    return _SHOWN.divide(bought.decimal, sold.decimal)


@dataclass(frozen=True, slots=True)
class ProviderRate:
    """A rate as a provider gives it: it settles ``settled`` for ``paid``, neither of them zero."""

    paid: Money
    settled: Money

    def of(self, part: Money) -> Money:
        """What a part of ``paid`` comes to, to the nearest minor unit; all of it to ``settled``."""
        minor = round(Fraction(part.minor * self.settled.minor, self.paid.minor))
        return Money(minor, self.settled.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a provider holds for us was ``sold`` for ``bought``, after a step of a payment."""

    marketplace_id: UUID
    exchange_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    sold_minor: int
    sold_currency: str
    bought_minor: int
    bought_currency: str
    made_at: datetime

    @property
    def sold(self) -> Money:
        return Money.of(self.sold_minor, self.sold_currency)

    @property
    def bought(self) -> Money:
        return Money.of(self.bought_minor, self.bought_currency)

    @property
    def rate(self) -> Decimal:
        """What one unit of ``sold`` brought, for people."""
        return shown_rate(self.sold, self.bought)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeWait:
    """Why a seller's balance in a currency can't be exchanged into that of the account for now."""

    marketplace_id: UUID
    seller_id: UUID
    currency: str
    into_currency: str
    reason: str
    since_at: datetime
