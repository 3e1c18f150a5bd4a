"""When a delivery is tried again."""

from datetime import timedelta

_WAITS_S = (5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200)
"""About a day in all: long enough for a team to mend its receiver over a night."""


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many tries; None: no more of them."""
    return timedelta(seconds=_WAITS_S[attempts - 1]) if attempts <= len(_WAITS_S) else None
