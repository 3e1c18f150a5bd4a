"""Worlds for benchmarks/judge.py: an hour of two sides' traffic whose truth is known.

A world is given by what differs between the sides (nothing, in those that count false alarms) and by
what makes telling hard: failures in bursts, hours of the day, unequal shares, slow moments.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SECONDS = 3_600
TICK_S = 10
TICKS = SECONDS // TICK_S

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Rates are of failures per attempt; medians in ms; ``per_tick`` attempts in ten seconds."""

    name: str
    about: Literal["errors", "latency"]
    is_same: bool
    rates: tuple[float, float] = (0.002, 0.002)
    medians: tuple[float, float] = (50.0, 50.0)
    per_tick: tuple[int, int] = (50, 50)
    bursts: Literal["", "customers", "moments"] = ""
    is_daily: bool = False
    slow_moments: float = 0.0
    tail: float = 0.0
    """The part of the candidate's answers that take five times as long."""
    creep: float = 0.0
    """By which part the candidate gets slower every minute."""


@dataclass(slots=True)
class Hour:
    """What one side did, tick by tick: attempts, failures, failing customers, durations in µs."""

    attempts: Counts
    errors: Counts
    failing: list[dict[int, int]] = field(default_factory=list[dict[int, int]])
    durations: list[NDArray[np.float64]] = field(default_factory=list[NDArray[np.float64]])


ERROR_WORLDS = (
    World(name=".2 → .2 %", about="errors", is_same=True),
    World(name="3 → 3 %", about="errors", is_same=True, rates=(0.03, 0.03)),
    World(name=".2 → .2 %, robots", about="errors", is_same=True, bursts="customers"),
    World(name=".2 → .2 %, bad moments", about="errors", is_same=True, bursts="moments"),
    World(name="1 → 1 %, daily", about="errors", is_same=True, rates=(0.01, 0.01), is_daily=True),
    World(name=".2 → .2 %, 5 % share", about="errors", is_same=True, per_tick=(95, 5)),
    World(name=".2 → .6 %", about="errors", is_same=False, rates=(0.002, 0.006)),
    World(name=".2 → 1 %", about="errors", is_same=False, rates=(0.002, 0.01)),
    World(name=".2 → 2 %", about="errors", is_same=False, rates=(0.002, 0.02)),
    World(name="0 → .3 %", about="errors", is_same=False, rates=(0.0, 0.003)),
    World(name="0 → 1 %", about="errors", is_same=False, rates=(0.0, 0.01)),
    World(name="1 → 3 %, daily", about="errors", is_same=False, rates=(0.01, 0.03), is_daily=True),
    World(name=".2 → 100 %", about="errors", is_same=False, rates=(0.002, 1.0)),
    World(
        name=".2 → 5 %, 5 % share", about="errors", is_same=False, rates=(0.002, 0.05),
        per_tick=(95, 5),
    ),
)  # fmt: skip

LATENCY_WORLDS = (
    World(name="same", about="latency", is_same=True),
    World(name="same, daily", about="latency", is_same=True, is_daily=True),
    World(name="same, slow moments", about="latency", is_same=True, slow_moments=0.05),
    World(name="+60 %", about="latency", is_same=False, medians=(50.0, 80.0)),
    World(name="+100 %, daily", about="latency", is_same=False, medians=(50.0, 100.0), is_daily=True),
    World(name="+100 %, slow moments", about="latency", is_same=False, medians=(50.0, 100.0), slow_moments=0.05),
    World(name="one in ten 5 x", about="latency", is_same=False, tail=0.1),
    World(name="+3 % a minute", about="latency", is_same=False, creep=0.03),
)  # fmt: skip


def play(world: World, seed: int) -> tuple[Hour, Hour]:
    """Legacy's hour and the candidate's; the same seed gives the same hours."""
    rng = np.random.default_rng(seed)
    day = 1 + 0.8 * np.sin(2 * np.pi * (np.arange(TICKS) / TICKS + rng.random()))
    day = day if world.is_daily else np.ones(TICKS)
    return tuple(_side(world, arm, rng, day) for arm in (0, 1))  # type: ignore[return-value]


def _side(world: World, arm: int, rng: Generator, day: NDArray[np.float64]) -> Hour:
    attempts = np.full(TICKS, world.per_tick[arm])
    errors = rng.binomial(attempts, np.minimum(1, world.rates[arm] * day))
    hour = Hour(attempts, errors, [dict.fromkeys(_fresh(rng, k), 1) for k in errors])
    if world.bursts == "customers":
        _add_robots(hour, rng)
    if world.bursts == "moments":
        for tick in np.flatnonzero(rng.random(TICKS) < TICK_S / 600):
            more = rng.binomial(attempts[tick] - hour.errors[tick], 0.2)
            hour.errors[tick] += more
            hour.failing[tick] |= dict.fromkeys(_fresh(rng, more), 1)
    if world.about == "latency":
        hour.durations = [_durations(world, arm, tick, day[tick], rng) for tick in range(TICKS)]
    return hour


def _fresh(rng: Generator, count: int) -> list[int]:
    """Customers of whom nobody has heard."""
    return [int(one) for one in rng.integers(1, 2**60, count)]


def _add_robots(hour: Hour, rng: Generator) -> None:
    """About four an hour and side, who ask for one broken page five times in a tick, for minutes."""
    for _ in range(rng.poisson(4)):
        customer = int(rng.integers(1, 2**60))
        start, length = int(rng.integers(TICKS)), int(rng.integers(6, 60))
        for tick in range(start, min(TICKS, start + length)):
            hour.attempts[tick] += 5
            hour.errors[tick] += 5
            hour.failing[tick][customer] = 5


def _durations(
    world: World, arm: int, tick: int, day: float, rng: Generator
) -> NDArray[np.float64]:
    median = world.medians[arm] * (0.5 + day / 2)
    if arm == 1 and world.creep:
        median *= 1 + world.creep * tick * TICK_S / 60
    if rng.random() < world.slow_moments:
        median *= 5
    times = median * 1_000 * np.exp(rng.normal(0, 0.5, world.per_tick[arm]))
    if arm == 1 and world.tail:
        times[rng.random(len(times)) < world.tail] *= 5
    return times
