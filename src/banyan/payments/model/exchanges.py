"""What a provider exchanges, where it settles in another currency than the buyer paid in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from uuid import UUID

from banyan.kernel import Money

_SHOWN = Context(prec=12)


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
        return _SHOWN.divide(self.bought.decimal, self.sold.decimal)
