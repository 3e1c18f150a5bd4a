"""Months and years as a legal entity counts them, in its time zone."""

import re
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from banyan.invoicing.errors import InvalidLegalEntity, InvalidMonth
from banyan.kernel import Fault

MONTH_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])$"
_MONTH = re.compile(MONTH_PATTERN)


def zone_of(name: str) -> tzinfo:
    """The time zone of this name (``Europe/Berlin``); ``InvalidLegalEntity``."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = f"{name[:60]!r} is no time zone, such as America/Sao_Paulo."
        fault = Fault("invalid_time_zone", detail, "/time_zone")
        raise InvalidLegalEntity(detail, faults=(fault,)) from None


def day_of(at: datetime, time_zone: str) -> date:
    """The day that an instant falls on."""
    return at.astimezone(zone_of(time_zone)).date()


def month_of(at: datetime, time_zone: str) -> str:
    """The month that an instant falls in: ``2018-03``."""
    return f"{day_of(at, time_zone):%Y-%m}"


def bounds(month: str, time_zone: str) -> tuple[datetime, datetime]:
    """The first instant of a month and that of the next one; ``InvalidMonth``."""
    if not _MONTH.fullmatch(month) or month < "1970-01" or month > "9998-12":
        raise InvalidMonth(f"{month[:20]!r} is no month, such as 2018-03.")
    first = date.fromisoformat(f"{month}-01")
    zone = zone_of(time_zone)
    return _midnight(first, zone), _midnight(next_month(first), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def next_month(first: date) -> date:
    """The first of the month behind that of ``first``."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def month_after(month: str) -> str:
    """The month behind ``month``."""
    return f"{next_month(date.fromisoformat(f'{month}-01')):%Y-%m}"
