"""The judge beside Kayenta's rule and Flagger's: false alarms, and minutes until a fault is found.

    PYTHONPATH=. python benchmarks/judge.py [--runs 40] [--seed 1]

Each run plays an hour of two sides whose truth is known (see judge_worlds.py); all rules see the
same hour. *Banyan* looks every ten seconds, at the default bounds and 99 % confidence. *Kayenta* is a
Mann-Whitney test with a 98 % confidence interval of the Hodges-Lehmann shift on the series of
minutes, which has to exceed a quarter of the estimate, once after 30 or after 60 minutes. *Flagger* goes back after
five minutes below 99 % success, or above 500 ms at the 99th percentile. *Fisher* looks every minute at
p < .01 (errors), *Mann-Whitney, peeking* likewise on all durations so far, which is what one writes
first. A false alarm is a rollback where both sides are the same.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import fisher_exact, mannwhitneyu, norm

from banyan.gateway import bucket_of
from banyan.migration.model.bounds import Bounds
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import Situation
from banyan.migration.rules.judge import begin, gather, judge
from benchmarks.judge_worlds import ERROR_WORLDS, LATENCY_WORLDS, TICK_S, TICKS, Hour, World, play

Rule = Callable[[World, Hour, Hour], float | None]
PER_MINUTE = 60 // TICK_S
MINUTES = TICKS // PER_MINUTE
BOUNDS = Bounds()


def by_banyan(world: World, legacy: Hour, candidate: Hour) -> float | None:
    """Minutes until the judge says rollback."""
    del world
    evidence = begin(BOUNDS)
    for tick in range(TICKS):
        began = 1_000_000_000 + tick * TICK_S * 1_000_000
        ended = began + TICK_S * 1_000_000
        window = Window(
            began_at_us=began,
            ended_at_us=ended,
            legacy=_arm(legacy, tick),
            candidate=_arm(candidate, tick),
        )
        evidence = gather(evidence, window)
        situation = Situation(
            phase=Phase.RAMP, bounds=BOUNDS, now_us=ended, entered_at_us=1_000_000_000
        )
        if judge(evidence, situation).kind == "rollback":
            return (tick + 1) * TICK_S / 60
    return None


def _arm(hour: Hour, tick: int) -> ArmWindow:
    buckets = Counter(bucket_of(int(us)) for us in hour.durations[tick]) if hour.durations else {}
    failing = hour.failing[tick]
    attempts = int(hour.attempts[tick])
    customers = attempts - sum(failing.values()) + len(failing)
    return ArmWindow(attempts, int(hour.errors[tick]), buckets, customers, failing)


def by_flagger(world: World, legacy: Hour, candidate: Hour) -> float | None:
    del legacy
    if world.about == "errors":
        bad = 1 - _per_minute(candidate.errors) / _per_minute(candidate.attempts) < 0.99
    else:
        bad = _quantiles(candidate, 0.99) > 500_000
    found = np.flatnonzero(np.cumsum(bad) >= 5)
    return None if not len(found) else float(found[0] + 1)


def by_kayenta(world: World, legacy: Hour, candidate: Hour) -> float | None:
    return _kayenta(world, legacy, candidate, MINUTES)


def by_early_kayenta(world: World, legacy: Hour, candidate: Hour) -> float | None:
    return _kayenta(world, legacy, candidate, MINUTES // 2)


def _kayenta(world: World, legacy: Hour, candidate: Hour, minutes: int) -> float | None:
    if world.about == "errors":
        series = [
            [_per_minute(hour.errors) / _per_minute(hour.attempts) for hour in (legacy, candidate)]
        ]
    else:
        series = [[_quantiles(hour, part) for hour in (legacy, candidate)] for part in (0.5, 0.99)]
    is_high = any(_is_high(before[:minutes], after[:minutes]) for before, after in series)
    return float(minutes) if is_high else None


def _is_high(legacy: NDArray[np.float64], candidate: NDArray[np.float64]) -> bool:
    """Kayenta's: the interval of the shift lies above a quarter of its estimate."""
    if np.array_equal(np.sort(legacy), np.sort(candidate)):
        return False
    shifts = np.sort(np.subtract.outer(candidate, legacy).ravel())
    n, m = len(legacy), len(candidate)
    half = norm.ppf(0.99) * np.sqrt(n * m * (n + m + 1) / 12)
    low = shifts[max(0, int(n * m / 2 - half))]
    return bool(low > 0.25 * abs(np.median(shifts)))


def by_peeking(world: World, legacy: Hour, candidate: Hour) -> float | None:
    for minute in range(1, MINUTES + 1):
        until = minute * PER_MINUTE
        if world.about == "errors":
            k = (int(candidate.errors[:until].sum()), int(legacy.errors[:until].sum()))
            n = (int(candidate.attempts[:until].sum()), int(legacy.attempts[:until].sum()))
            table = [[k[0], n[0] - k[0]], [k[1], n[1] - k[1]]]
            p = fisher_exact(table, alternative="greater")[1]
        else:
            sides = [np.concatenate(hour.durations[:until]) for hour in (candidate, legacy)]
            p = mannwhitneyu(*sides, alternative="greater", method="asymptotic")[1]
        if p < 0.01:
            return float(minute)
    return None


def _per_minute(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return counts.reshape(MINUTES, PER_MINUTE).sum(axis=1).astype(float)


def _quantiles(hour: Hour, part: float) -> NDArray[np.float64]:
    return np.array(
        [
            np.quantile(np.concatenate(hour.durations[m * PER_MINUTE : (m + 1) * PER_MINUTE]), part)
            for m in range(MINUTES)
        ]
    )


RULES: dict[str, Rule] = {
    "Banyan": by_banyan,
    "Kayenta @30": by_early_kayenta,
    "Kayenta @60": by_kayenta,
    "Flagger": by_flagger,
    "peeking, p < .01": by_peeking,
}


def _cell(found: list[float | None], *, is_same: bool) -> str:
    told = [minutes for minutes in found if minutes is not None]
    share = f"{len(told) / len(found):.0%}"
    if is_same or not told:
        return share
    return f"{share} @ {median(told):.3g}"


def measure(worlds: tuple[World, ...], runs: int, seed: int, console: Console) -> None:
    table = Table("", *RULES, title=worlds[0].about)
    alarms: dict[str, list[bool]] = {name: [] for name in RULES}
    for world in worlds:
        found: dict[str, list[float | None]] = {name: [] for name in RULES}
        for run in range(runs):
            legacy, candidate = play(world, seed * 100_000 + run)
            for name, rule in RULES.items():
                found[name].append(rule(world, legacy, candidate))
        for name, minutes in found.items():
            if world.is_same:
                alarms[name] += [one is not None for one in minutes]
        cells = [_cell(minutes, is_same=world.is_same) for minutes in found.values()]
        table.add_row(f"{world.name}{' (false alarm)' if world.is_same else ''}", *cells)
    console.print(table)
    shares = (f"{name} {sum(all_) / len(all_):.1%}" for name, all_ in alarms.items())
    console.print(f"False alarms, all worlds together: {', '.join(shares)}.\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    console = Console(width=110)
    console.print(f"{asked.runs} runs each: share that went back, median minutes until then.")
    measure(ERROR_WORLDS, asked.runs, asked.seed, console)
    measure(LATENCY_WORLDS, asked.runs, asked.seed, console)


if __name__ == "__main__":
    main()
