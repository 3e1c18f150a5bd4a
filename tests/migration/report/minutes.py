"""Seeded minutes of a route."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from random import Random

from banyan.gateway import bucket_of

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SeenMinute:
    route: str
    side: str
    phase: str
    minute: datetime
    requests: int
    errors: int
    fall_backs: int
    buckets: dict[str, int]


def minutes_of(
    side: str,
    phase: str,
    count: int,
    *,
    route: str = "product",
    after: int = 0,
    requests: int = 60,
    rate: float = 0.0,
    median_us: float = 50_000,
    seed: int = 1,
) -> list[SeenMinute]:
    """``count`` minutes, the first so many ``after`` the beginning."""
    rng = Random(f"{seed} {side} {phase}")
    found: list[SeenMinute] = []
    for i in range(count):
        errors = sum(rng.random() < rate for _ in range(requests))
        buckets: dict[str, int] = {}
        for _ in range(requests - errors):
            bucket = str(bucket_of(int(median_us * exp(rng.gauss(0, 0.4)))))
            buckets[bucket] = buckets.get(bucket, 0) + 1
        at = BEGAN + timedelta(minutes=after + i)
        found.append(SeenMinute(route, side, phase, at, requests, errors, 0, buckets))
    return found
