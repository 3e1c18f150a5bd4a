"""On which days banks work.

Euros move on the days of TARGET (the ECB's calendar), other currencies on the working days of the
marketplace's country.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import holidays

from banyan.payments.model import CalendarKind

BusinessDay = Callable[[date], bool]
"""Whether banks work on a day."""


def calendar_of(kind: CalendarKind, currency: str, country: str) -> BusinessDay:
    """The banks' days for a currency in a marketplace. Without a known calendar, weekends rest."""
    if kind == "every_day":
        return every_day
    return _target if currency == "EUR" else _working_days(country)


def every_day(_: date) -> bool:
    """A calendar without rest, as the sandbox's bank keeps."""
    return True


def on_or_after(day: date, is_business_day: BusinessDay) -> date:
    """The day, or the next one on which banks work."""
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def business_days_after(day: date, count: int, is_business_day: BusinessDay) -> date:
    """The ``count``-th business day after a day; with zero, the day or the next business day."""
    day = on_or_after(day, is_business_day)
    for _ in range(count):
        day = on_or_after(day + timedelta(days=1), is_business_day)
    return day


def _target(day: date) -> bool:
    return day.weekday() < 5 and day not in _ecb()


@cache
def _ecb() -> holidays.HolidayBase:
    return holidays.financial_holidays("XECB")


@cache
def _working_days(country: str) -> BusinessDay:
    try:
        known = holidays.country_holidays(country)
    except NotImplementedError:
        return lambda day: day.weekday() < 5
    weekend = known.weekend
    return lambda day: day.weekday() not in weekend and day not in known
