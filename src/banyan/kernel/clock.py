"""Time as an argument.

Everything that needs the time is given a ``Clock`` (or an instant taken from one), so that a run
can be repeated to the second. Instants are aware and in UTC.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is moved forward. It never goes back."""

    def __init__(self, at: datetime) -> None:
        self._at = _utc(at)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        assert by >= timedelta(0), "a clock never goes back"
        self._at += by


class FastClock:
    """A clock that starts at ``start`` and runs ``speed`` seconds in each real second."""

    def __init__(self, start: datetime, speed: float) -> None:
        assert speed > 0, "a clock runs forward"
        self._start = _utc(start)
        self._speed = speed
        self._started_s = time.monotonic()

    def now(self) -> datetime:
        elapsed_s = time.monotonic() - self._started_s
        return self._start + timedelta(seconds=elapsed_s * self._speed)


def _utc(at: datetime) -> datetime:
    assert at.tzinfo is not None, "an instant without a time zone is a bug"
    return at.astimezone(UTC)
