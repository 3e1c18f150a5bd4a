"""How providers count money, where they count it otherwise than ISO 4217 does.

We count in ISO's minor units. A provider may give a currency more or fewer decimals, or take only
multiples of some step. Converting is exact or it is refused: an amount that a provider can't say is
never rounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from banyan.kernel import Money

__all__ = ["ADYEN_UNITS", "STRIPE_UNITS", "Units"]


@dataclass(frozen=True, slots=True)
class Units:
    """A provider's way to count.

    ``decimals`` by currency where they differ from ISO 4217; ``steps``: the provider takes only
    multiples of so many of its own units.
    """

    decimals: Mapping[str, int]
    steps: Mapping[str, int]

    def of(self, money: Money) -> int | None:
        """The amount as the provider counts it; None if it can't be said exactly."""
        code = money.currency.code
        shift = self._shift(money)
        units, rest = divmod(money.minor * 10 ** max(shift, 0), 10 ** max(-shift, 0))
        return None if rest or units % self.steps.get(code, 1) else units

    def money(self, units: int, currency: str) -> Money:
        """What a provider has said; ``ValueError`` if it is no whole number of our minor units."""
        unit = Money.zero(currency.upper())
        shift = self._shift(unit)
        minor, rest = divmod(units * 10 ** max(-shift, 0), 10 ** max(shift, 0))
        if rest:
            raise ValueError(f"{units} of {currency} is no whole number of minor units")
        return Money.of(minor, unit.currency.code)

    def _shift(self, money: Money) -> int:
        """How many decimals more than ISO the provider writes."""
        exponent = money.currency.exponent
        return self.decimals.get(money.currency.code, exponent) - exponent


_NO_DECIMALS = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
)  # fmt: skip

STRIPE_UNITS = Units(
    decimals={
        **dict.fromkeys(_NO_DECIMALS, 0),
        "ISK": 2,
        "UGX": 2,
        **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
        **dict.fromkeys(("HUF", "TWD"), 2),
    },
    steps={
        **dict.fromkeys(("ISK", "UGX"), 100),
        **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10),
    },
)
"""Payments and transfers (docs.stripe.com/currencies). Payouts to a bank, which we leave to the
connected accounts, round HUF and TWD to whole ones."""

ADYEN_UNITS = Units(decimals={"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}, steps={})
"""docs.adyen.com/development-resources/currency-codes, where it says "differs from standard"."""
