"""Durations in buckets: fine enough to tell 5 %, few enough to keep for every minute.

A bucket is a sixteenth of a doubling (4.4 %): 0 is everything up to 10 µs, 16 is 20 µs, about 320
reach past three hours. What is said of a quantile is therefore right to 4.4 %.
"""

from collections.abc import Mapping
from math import ceil, log2

PER_DOUBLING = 16
SMALLEST_US = 10
BUCKET_MAX = 511


def bucket_of(duration_us: int) -> int:
    """The bucket of a duration: the smallest whose ``upper_us`` is not below it."""
    if duration_us <= SMALLEST_US:
        return 0
    return min(ceil(PER_DOUBLING * log2(duration_us / SMALLEST_US) - 1e-9), BUCKET_MAX)


def upper_us(bucket: int) -> float:
    return SMALLEST_US * 2 ** (bucket / PER_DOUBLING)


def middle_us(bucket: int) -> float:
    """What stands for a bucket: its geometric middle."""
    return SMALLEST_US * 2 ** ((bucket - 0.5) / PER_DOUBLING)


def merged(*histograms: Mapping[int, int]) -> dict[int, int]:
    """One histogram of several."""
    whole: dict[int, int] = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            whole[bucket] = whole.get(bucket, 0) + count
    return whole


def bucket_at(histogram: Mapping[int, int], rank: int) -> int:
    """The bucket of the answer with this rank from the fastest (1 is the fastest).

    A rank below 1 gives the first bucket, one beyond the count the last.
    """
    seen, bucket = 0, 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            break
    return bucket
