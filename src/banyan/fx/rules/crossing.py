"""Which rates lead from one currency to another, and whether they are young enough.

Of the rates of a pair (in either direction) the first source in the marketplace's order counts that
has one which isn't too old. Then the shortest way counts: the pair's own rate, or over one currency
that both have a rate with. For the rates of the European Central Bank that one is the euro.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache

import holidays

from banyan.fx.errors import RateMissing, RateStale
from banyan.fx.model import CrossRate, Rate, Settings, Step

_Edges = dict[frozenset[str], Rate]


def is_stale(effective_at: datetime, at: datetime, days_max: int) -> bool:
    """Whether more than ``days_max`` working days (UTC) have begun since the day of the rate.

    Weekends and the holidays of the euro's payment system make no rate older: on the Tuesday after
    Easter the rate of Thursday is one day old.
    """
    day, last = effective_at.date(), at.date()
    age_days = 0
    while day < last and age_days <= days_max:
        day += timedelta(days=1)
        age_days += _is_working_day(day)
    return age_days > days_max


def _is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _target()


@cache
def _target() -> holidays.HolidayBase:
    """The days on which euros don't move between banks, and no reference rates are made.

    Made when it is asked for: it brings every country's calendar along, at which no command that
    has nothing to do with rates should have to wait.
    """
    return holidays.financial_holidays("ECB")


class RateBook:
    """The rates that hold at one instant. It answers for the currencies that it was made for."""

    def __init__(self, rates: Iterable[Rate], at: datetime, settings: Settings) -> None:
        self._at = at
        self._days_max = settings.rate_age_days_max
        known = [rate for rate in rates if rate.source in settings.sources]
        order = {source: place for place, source in enumerate(settings.sources)}
        known.sort(key=lambda rate: rate.effective_at, reverse=True)
        known.sort(key=lambda rate: order[rate.source])
        fresh = [r for r in known if not is_stale(r.effective_at, at, self._days_max)]
        self._fresh = _first_of_each_pair(fresh)
        self._all = _first_of_each_pair([*fresh, *known])

    def cross(self, sell: str, buy: str) -> CrossRate:
        """The rate from ``sell`` to ``buy``; ``RateMissing``, ``RateStale``."""
        if sell == buy:
            return CrossRate(sell, buy, ())
        path = _shortest(self._fresh, sell, buy)
        if path is not None:
            return CrossRate(sell, buy, path)
        old = _shortest(self._all, sell, buy)
        if old is None:
            raise RateMissing(f"No rate leads from {sell} to {buy} at {self._at:%Y-%m-%d %H:%M}.")
        since = min(step.effective_at for step in old)
        raise RateStale(
            f"The rate from {sell} to {buy} is of {since:%Y-%m-%d}, more than {self._days_max} "
            f"working days before {self._at:%Y-%m-%d}."
        )

    def last(self, sell: str, buy: str) -> CrossRate | None:
        """The rate however old it is: what has happened has to be valued by something."""
        path = _shortest(self._fresh, sell, buy) or _shortest(self._all, sell, buy)
        return None if path is None else CrossRate(sell, buy, path)


def _first_of_each_pair(rates: Iterable[Rate]) -> _Edges:
    edges: _Edges = {}
    for rate in rates:
        edges.setdefault(frozenset((rate.base, rate.currency)), rate)
    return edges


def _shortest(edges: _Edges, sell: str, buy: str) -> tuple[Step, ...] | None:
    direct = edges.get(frozenset((sell, buy)))
    if direct is not None:
        return (_step(direct, sell),)
    middles = {
        currency for pair in edges if sell in pair for currency in pair if currency != sell
    } & {currency for pair in edges if buy in pair for currency in pair if currency != buy}
    ways = [
        (edges[frozenset((sell, middle))], edges[frozenset((middle, buy))], middle)
        for middle in sorted(middles)
    ]
    if not ways:
        return None
    first, second, middle = max(ways, key=lambda way: min(way[0].effective_at, way[1].effective_at))
    return (_step(first, sell), _step(second, middle))


def _step(rate: Rate, start: str) -> Step:
    return Step(
        rate.rate_id,
        rate.source,
        rate.base,
        rate.currency,
        rate.rate,
        rate.effective_at,
        rate.version,
        is_inverted=rate.currency == start,
    )
