"""Intervals of 95 % from minutes, whose requests are alike and therefore count for less.

Requests of one minute share load, caches and neighbours; so the variance is taken between minutes
(the linearised ratio estimator of survey sampling), and is never below that of independent requests.
A quantile's interval is found by turning that of the share below it (Woodruff 1952); two intervals make
one of a difference or ratio by MOVER (Zou and Donner 2008).
"""

from collections.abc import Mapping, Sequence
from math import ceil, exp, log, sqrt

from banyan.gateway import bucket_us
from banyan.migration.model.report import Estimate
from banyan.migration.rules.latency import bucket_at, merged

MINUTES_MIN = 5
_Z = 1.959964


def quantile(minutes: Sequence[Mapping[int, int]], part: float) -> Estimate | None:
    """A quantile in µs of all answers in the minutes' histograms; None without answers."""
    whole = merged(*minutes)
    answers = sum(whole.values())
    if not answers:
        return None
    at = bucket_at(whole, ceil(part * answers))
    if len(minutes) < MINUTES_MIN:
        return Estimate(bucket_us(at))
    below = [sum(n for bucket, n in minute.items() if bucket <= at) for minute in minutes]
    error = _standard_error(below, [sum(minute.values()) for minute in minutes], part)
    margin = _t(len(minutes) - 1) * error
    low, high = max(0.0, part - margin), part + margin
    if high >= 1 or low <= 0:
        return Estimate(bucket_us(at))
    return Estimate(
        bucket_us(at),
        bucket_us(bucket_at(whole, ceil(low * answers))),
        bucket_us(bucket_at(whole, ceil(high * answers))),
    )


def share(hits: Sequence[int], counts: Sequence[int]) -> Estimate:
    """The share of hits, by minute; the interval is Wilson's, for as many as minutes are worth."""
    whole = sum(counts)
    if not whole:
        return Estimate(0.0)
    value = sum(hits) / whole
    if len(counts) < MINUTES_MIN:
        return Estimate(value)
    worth = float(whole)
    if 0 < value < 1:
        error = _standard_error(hits, counts, value)
        worth = min(worth, value * (1 - value) / error**2)
    return Estimate(value, *_wilson(value, worth, _t(len(counts) - 1)))


def difference(before: Estimate, after: Estimate) -> Estimate:
    """After less before."""
    value = after.value - before.value
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return Estimate(value)
    return Estimate(
        value,
        value - sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2),
        value + sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2),
    )


def ratio(before: Estimate, after: Estimate) -> Estimate | None:
    """After as a part of before; both are above 0, else None."""
    if before.value <= 0 or after.value <= 0:
        return None
    found = difference(_logarithm(before), _logarithm(after))
    return Estimate(
        exp(found.value),
        None if found.low is None else exp(found.low),
        None if found.high is None else exp(found.high),
    )


def _logarithm(one: Estimate) -> Estimate:
    if not one.low or not one.high:
        return Estimate(log(one.value))
    return Estimate(log(one.value), log(one.low), log(one.high))


def _standard_error(hits: Sequence[int], counts: Sequence[int], part: float) -> float:
    """Of the share of hits: between minutes, but at least as if requests were independent."""
    whole, minutes = sum(counts), len(counts)
    apart = sum((hit - count * part) ** 2 for hit, count in zip(hits, counts, strict=True))
    between = apart * minutes / (minutes - 1) / whole**2
    return sqrt(max(between, part * (1 - part) / whole))


def _wilson(value: float, worth: float, z: float) -> tuple[float, float]:
    middle = (value + z * z / (2 * worth)) / (1 + z * z / worth)
    half = z / (1 + z * z / worth) * sqrt(value * (1 - value) / worth + z * z / (4 * worth**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _t(freedom: int) -> float:
    """Student's 97.5 % point (the expansion of Cornish and Fisher; 1 % off at four degrees)."""
    z = _Z
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
