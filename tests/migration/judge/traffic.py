"""Seeded traffic for the judge: windows of two sides that fail and take as long as they are told."""

from collections import Counter
from collections.abc import Iterator
from math import exp
from random import Random

from banyan.gateway import bucket_of
from banyan.migration.model.bounds import Bounds
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import Situation

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
QUICK = Bounds(requests_min=100, compared_min=0, time_min_us=0)


def side(
    rng: Random, attempts: int, rate: float, median_us: float = 50_000, spread: float = 0.5
) -> ArmWindow:
    """One side's window: independent failures, log-normal durations."""
    errors = sum(rng.random() < rate for _ in range(attempts))
    buckets = Counter(
        bucket_of(int(median_us * exp(rng.gauss(0, spread)))) for _ in range(attempts - errors)
    )
    return ArmWindow(attempts, errors, buckets)


def ticks(count: int, every_us: int = SECOND, start_us: int = START) -> Iterator[tuple[int, int]]:
    """When windows begin and end."""
    for at in range(start_us, start_us + count * every_us, every_us):
        yield at, at + every_us


def window(at: tuple[int, int], legacy: ArmWindow, candidate: ArmWindow, **more: object) -> Window:
    return Window(
        began_at_us=at[0],
        ended_at_us=at[1],
        legacy=legacy,
        candidate=candidate,
        **more,  # type: ignore[arg-type]
    )


def situation(
    now_us: int, bounds: Bounds = QUICK, phase: Phase = Phase.RAMP, **more: object
) -> Situation:
    return Situation(
        phase=phase,
        bounds=bounds,
        now_us=now_us,
        entered_at_us=START,
        next_step="10 % of customers",
        **more,  # type: ignore[arg-type]
    )
