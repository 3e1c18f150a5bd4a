"""On which days a seller is paid out, and when the run of a day begins."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from banyan.kernel import Fault
from banyan.payments.errors import InvalidSchedule
from banyan.payments.model import PayoutSettings, Schedule
from banyan.payments.rules.calendars import BusinessDay

_LOOK_BACK_DAYS_MAX = 62
"""Longer than the longest rest of banks, and than any cadence."""


def check_schedule(schedule: Schedule) -> None:
    """``InvalidSchedule`` unless the day fits the cadence."""
    for name, value, cadence in (
        ("weekday", schedule.weekday, "weekly"),
        ("month_day", schedule.month_day, "monthly"),
    ):
        if (value is not None) != (schedule.cadence == cadence):
            detail = f"A {cadence} schedule has a {name}, any other has none."
            raise InvalidSchedule(detail, faults=(Fault("invalid_schedule", detail, f"/{name}"),))


def is_payout_day(schedule: Schedule, day: date, is_business_day: BusinessDay) -> bool:
    """Whether the schedule pays out on a day: its own day, or the first on which banks work again."""
    if not is_business_day(day):
        return False
    for _ in range(_LOOK_BACK_DAYS_MAX):
        if _is_named(schedule, day):
            return True
        day -= timedelta(days=1)
        if is_business_day(day):
            return False
    return False


def is_due(schedule: Schedule, since: date, until: date, is_business_day: BusinessDay) -> bool:
    """Whether there was a payout day from ``since`` to ``until``, both included.

    So a run that comes late pays what the missed ones would have paid.
    """
    days = min((until - since).days, _LOOK_BACK_DAYS_MAX)
    return any(
        is_payout_day(schedule, until - timedelta(days=back), is_business_day)
        for back in range(days + 1)
    )


def next_payout_day(schedule: Schedule, after: date, is_business_day: BusinessDay) -> date | None:
    """The first payout day after a day; None where the schedule leaves it to people."""
    if schedule.cadence == "manual":
        return None
    day = after + timedelta(days=1)
    while not is_payout_day(schedule, day, is_business_day):
        day += timedelta(days=1)
    return day


def local_day(at: datetime, settings: PayoutSettings) -> date:
    """Which day it is in the marketplace's time zone."""
    return at.astimezone(ZoneInfo(settings.time_zone)).date()


def start_of(day: date, settings: PayoutSettings) -> datetime:
    """The instant at which a day begins there."""
    return _instant(day, 0, settings)


def cutoff_of(day: date, settings: PayoutSettings) -> datetime:
    """The instant at which the payouts of a day are made."""
    return _instant(day, settings.cutoff_hour, settings)


def next_run(now: datetime, settings: PayoutSettings) -> date:
    """The day of the next cut-off after ``now``."""
    today = local_day(now, settings)
    return today if cutoff_of(today, settings) > now else today + timedelta(days=1)


def _is_named(schedule: Schedule, day: date) -> bool:
    match schedule.cadence:
        case "daily":
            return True
        case "weekly":
            return day.isoweekday() == schedule.weekday
        case "monthly":
            assert schedule.month_day is not None, "a monthly schedule has a day"
            return day.day == min(schedule.month_day, monthrange(day.year, day.month)[1])
        case "manual":
            return False


def _instant(day: date, hour: int, settings: PayoutSettings) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(settings.time_zone)).astimezone(
        ZoneInfo("UTC")
    )
