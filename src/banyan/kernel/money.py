"""Money: whole minor units of a currency.

The number of decimals of a currency is ISO 4217's: 2 for EUR, 0 for JPY, 3 for KWD. There are no
floats and no division that could lose a unit: ``split`` keeps the sum, and ``portion`` says how it
rounds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Self

from babel.core import Locale, get_global
from babel.numbers import format_currency, get_currency_precision

from banyan.kernel.errors import Fault, InvalidRequest

MINOR_MAX = 10**15
"""The largest amount in minor units, either way; sums of many still fit PostgreSQL's bigint."""

_NOT_MONEY = frozenset({"XXX", "XTS", "XUA", "XSU", "XAU", "XAG", "XPT", "XPD"})
"""ISO 4217 codes that nobody pays with: no currency, tests, units of account, metals."""

_ISO_EXPONENT = {"IQD": 3} | dict.fromkeys(
    ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2
)
"""Where babel (CLDR) keeps the decimals that people still write and ISO 4217 has more."""

_DECIMAL = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?")


class InvalidMoney(InvalidRequest):
    code = "invalid_money"
    title = "Invalid money"


class CurrencyMismatch(InvalidRequest):
    code = "currency_mismatch"
    title = "Currencies differ"


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency in use and the number of decimals of its minor unit."""

    code: str
    exponent: int

    @staticmethod
    def of(code: str) -> "Currency":
        """The currency of an ISO 4217 code; ``InvalidMoney`` if nobody pays with it today."""
        return _currency(code)

    @staticmethod
    def codes() -> list[str]:
        """The codes that ``of`` knows, in order."""
        return sorted(_codes() - _NOT_MONEY)

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency's minor unit.

    >>> str(Money.of(1999, "EUR"))
    '19.99 EUR'
    >>> [share.minor for share in Money.of(100, "JPY").split([1, 1, 1])]
    [34, 33, 33]
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        assert type(self.minor) is int, "money is a whole number of minor units"
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise _invalid(f"The amount is beyond {MINOR_MAX} minor units.")

    @classmethod
    def of(cls, minor: int, currency: str) -> Self:
        return cls(minor, _currency(currency))

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, _currency(currency))

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """A decimal number such as ``"19.99"``; refused with more decimals than the currency has."""
        unit = _currency(currency)
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise _invalid(f"{text[:40]!r} is not a decimal number.")
        sign, whole, decimals = match[1], match[2], (match[3] or "").rstrip("0")
        if len(decimals) > unit.exponent:
            raise _invalid(f"{text[:40]!r} has more than the {unit.exponent} decimals of {unit}.")
        return cls(int(sign + whole + decimals.ljust(unit.exponent, "0")), unit)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-self.currency.exponent)

    def __str__(self) -> str:
        return f"{self.decimal:.{self.currency.exponent}f} {self.currency.code}"

    def format(self, locale: str = "en") -> str:
        """As people write it, with the currency's sign: ``R$189.90``."""
        standard = Locale.parse(locale).currency_formats["standard"].pattern
        decimals = f".{'0' * self.currency.exponent}" if self.currency.exponent else ""
        return format_currency(
            self.decimal,
            self.currency.code,
            standard.replace(".00", decimals),
            locale,
            currency_digits=False,
        )

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def portion(self, basis_points: int) -> "Money":
        """``basis_points`` / 10,000 of it, halves to the even neighbour (as banks round)."""
        whole, rest = divmod(self.minor * basis_points, 10_000)
        up = rest > 5_000 or (rest == 5_000 and whole % 2 == 1)
        return Money(whole + up, self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Shares by weight that add up to the whole, by the method of largest remainders.

        Weights are not negative and not all zero. Of equal remainders the first gets the unit.
        """
        total = sum(weights)
        assert total > 0, "a split needs a positive weight"
        assert min(weights) >= 0, "a weight is not negative"
        sign = -1 if self.minor < 0 else 1
        parts = [divmod(abs(self.minor) * weight, total) for weight in weights]
        missing = abs(self.minor) - sum(share for share, _ in parts)
        by_remainder = sorted(range(len(parts)), key=lambda index: -parts[index][1])
        gets_one_more = set(by_remainder[:missing])
        return [
            Money(sign * (share + (index in gets_one_more)), self.currency)
            for index, (share, _) in enumerate(parts)
        ]

    def _same(self, other: "Money") -> int:
        if other.currency.code != self.currency.code:
            raise CurrencyMismatch(f"{self} and {other} are in different currencies.")
        return other.minor


@cache
def _currency(code: str) -> Currency:
    if code not in _codes() or code in _NOT_MONEY:
        raise _invalid(f"{code[:10]!r} is not a currency of ISO 4217 that is in use.")
    return Currency(code, _ISO_EXPONENT.get(code, get_currency_precision(code)))


@cache
def _codes() -> frozenset[str]:
    """Every currency that is legal tender somewhere today."""
    return frozenset(
        code
        for history in get_global("territory_currencies").values()
        for code, _, end, is_tender in history
        if end is None and is_tender
    )


def _invalid(detail: str) -> InvalidMoney:
    return InvalidMoney(detail, faults=(Fault("invalid_money", detail),))
