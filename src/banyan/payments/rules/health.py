"""The circuit breaker: when a provider is spared new payments, and when it is tried again.

Calls without a definite answer, and calls that could not be made, count as failed. Counts halve
every five minutes. A circuit opens when most of at least five recent calls have failed; after a
minute one payment at a time is let through to find out, and the first answer closes it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from banyan.payments.model import ProviderHealth

HALF_LIFE = timedelta(minutes=5)
FAILED_MIN = 5.0
FAILED_SHARE = 0.5
PROBE_AFTER = timedelta(minutes=1)

Circuit = Literal["closed", "probing", "open"]


def decayed(count: float, since: timedelta, half_life: timedelta) -> float:
    """What a count weighs after a while."""
    return count * 0.5 ** max(0.0, since / half_life)


def circuit_of(health: ProviderHealth | None, now: datetime) -> Circuit:
    """Whether a provider gets new payments: all, one to find out, or none."""
    if health is None or health.opened_at is None:
        return "closed"
    last = max(health.opened_at, health.probed_at or health.opened_at)
    return "probing" if now - last >= PROBE_AFTER else "open"


def observed(
    health: ProviderHealth | None, provider: str, *, answered: int, failed: int, now: datetime
) -> ProviderHealth:
    """The health after some more calls."""
    if health is None:
        health = ProviderHealth(provider, 0.0, 0.0, now, None, None)
    since = now - health.counted_at
    fresh = replace(
        health,
        answered=decayed(health.answered, since, HALF_LIFE) + answered,
        failed=decayed(health.failed, since, HALF_LIFE) + failed,
        counted_at=max(now, health.counted_at),
    )
    if fresh.opened_at is not None:
        if answered and not failed:
            return replace(fresh, failed=0.0, opened_at=None, probed_at=None)
        return fresh
    share = fresh.failed / (fresh.answered + fresh.failed) if fresh.failed else 0.0
    if fresh.failed >= FAILED_MIN and share >= FAILED_SHARE:
        return replace(fresh, opened_at=now, probed_at=None)
    return fresh
