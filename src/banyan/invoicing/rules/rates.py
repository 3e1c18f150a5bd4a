"""Which rate of tax an amount was taken at, from the amounts alone.

A split keeps the tax, not its rate. A tax rounded to the cent leaves a range of rates; the largest
amounts leave the narrowest, so they are looked at first, and smaller ones join a rate that is known
already where it fits. Of several that are possible the roundest is taken: 19 % before 19.01 %.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

_STEPS = (100, 50, 25, 10, 5, 1)
RATE_BP_MAX = 10_000


def rates_of(amounts: Mapping[Key, tuple[int, int]]) -> dict[Key, int]:
    """The rate of each (net, tax), in hundredths of a percent, as few different ones as will do.

    Where no whole number fits (a rate of more decimals), the nearest one.
    """
    rates: dict[Key, int] = {}
    known: list[int] = []
    for key, (net, tax) in sorted(amounts.items(), key=lambda item: -item[1][0]):
        lowest, highest = _range(net, tax)
        rate = next((one for one in known if lowest <= one <= highest), None)
        if rate is None:
            rate = _roundest(lowest, highest)
            known.append(rate)
        rates[key] = rate
    return rates


def _range(net: int, tax: int) -> tuple[int, int]:
    """The lowest and the highest rate that round ``net`` to ``tax``; equal if none does."""
    if net <= 0 or tax <= 0:
        return 0, RATE_BP_MAX if net == 0 else max(0, 5_000 // net)
    lowest = -(-(2 * tax - 1) * 5_000 // net)
    highest = (2 * tax + 1) * 5_000 // net
    if lowest > highest:
        lowest = highest = (2 * tax * 5_000 + net // 2) // net
    return min(lowest, RATE_BP_MAX), min(highest, RATE_BP_MAX)


def _roundest(lowest: int, highest: int) -> int:
    if lowest == 0:
        return 0
    multiples = (-(-lowest // step) * step for step in _STEPS)
    return next((multiple for multiple in multiples if multiple <= highest), lowest)
