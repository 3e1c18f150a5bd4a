"""What an amount costs in another currency.

Everything is exact until the end, and rounded once: what is bought down, what is sold up, so in the
marketplace's favour by less than one minor unit. Values in the marketplace's own currency are
rounded to the nearest unit, halves to the even one.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from banyan.fx.errors import AmountTooSmall
from banyan.fx.model import CrossRate, Fixed
from banyan.kernel import Currency, Money

_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Priced:
    """Both amounts; ``value`` of what is sold and the ``spread`` in it, in own currency."""

    sell: Money
    buy: Money
    value: Money
    spread: Money


def price(amount: Money, *, fixed: Fixed, mid: CrossRate, own: CrossRate, spread_bp: int) -> Priced:
    """Both amounts of an exchange of which one is given.

    ``mid`` leads from the sold to the bought currency, ``own`` from the bought to the marketplace's
    own. ``AmountTooSmall`` if nothing would be bought, ``InvalidMoney`` beyond what money can be.
    """
    sell_currency, buy_currency = Currency.of(mid.sell), Currency.of(mid.buy)
    minor_rate = in_minor_units(mid.value, sell_currency, buy_currency)
    after_spread = minor_rate * (_WHOLE_BP - spread_bp) / _WHOLE_BP
    if fixed == "sell":
        sell = amount
        buy = Money(math.floor(amount.minor * after_spread), buy_currency)
    else:
        sell = Money(math.ceil(amount.minor / after_spread), sell_currency)
        buy = amount
    if buy.minor < 1:
        raise AmountTooSmall(f"{sell} is worth less than one minor unit of {buy_currency}.")
    kept = sell.minor * minor_rate - buy.minor
    value, spread = _values(sell, buy, kept, mid, own)
    return Priced(sell, buy, value, spread)


def _values(
    sell: Money, buy: Money, kept: Fraction, mid: CrossRate, own: CrossRate
) -> tuple[Money, Money]:
    """The value of ``sell`` and of the spread. An amount in own currency is its own value.

    ``kept`` is what stays with the marketplace, in minor units of the bought currency.
    """
    currency = Currency.of(own.buy)
    if mid.sell == own.buy:
        back = in_minor_units(1 / mid.value, buy.currency, currency)
        return sell, Money(round(kept * back), currency)
    to_own = in_minor_units(own.value, buy.currency, currency)
    spread = Money(round(kept * to_own), currency)
    return Money(round(buy.minor * to_own), currency) + spread, spread


def worth(amount: Money, rate: CrossRate) -> Money:
    """``amount`` at a middle rate, to the nearest minor unit, halves to the even one."""
    currency = Currency.of(rate.buy)
    minor_rate = in_minor_units(rate.value, amount.currency, currency)
    return Money(round(amount.minor * minor_rate), currency)


def in_minor_units(rate: Fraction, sell: Currency, buy: Currency) -> Fraction:
    """A rate between whole units as one between minor units: of yen there are no hundredths."""
    return rate * Fraction(10) ** (buy.exponent - sell.exponent)
