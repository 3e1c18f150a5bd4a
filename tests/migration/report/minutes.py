"""Seeded minutes of a route."""

from datetime import UTC, datetime, timedelta
from math import exp
from random import Random
from typing import Literal

from banyan.gateway import bucket_of
from banyan.migration import Minute, Phase

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def minutes_of(
    side: Literal["legacy", "candidate", "served"],
    phase: str,
    count: int,
    *,
    route: str = "product",
    after: int = 0,
    requests: int = 60,
    rate: float = 0.0,
    median_us: float = 50_000,
    seed: int = 1,
) -> list[Minute]:
    """``count`` minutes, the first so many ``after`` the beginning."""
    rng = Random(f"{seed} {side} {phase}")
    found: list[Minute] = []
    for i in range(count):
        errors = sum(rng.random() < rate for _ in range(requests))
        buckets: dict[str, int] = {}
        for _ in range(requests - errors):
            bucket = str(bucket_of(int(median_us * exp(rng.gauss(0, 0.4)))))
            buckets[bucket] = buckets.get(bucket, 0) + 1
        at = BEGAN + timedelta(minutes=after + i)
        found.append(
            Minute(
                route=route,
                side=side,
                phase=Phase(phase),
                minute=at,
                requests=requests,
                errors=errors,
                fall_backs=0,
                buckets=buckets,
            )
        )
    return found
