"""Durations counted in buckets that are each 2 % wide."""

import math

GROWTH = 1.02
_LOG_GROWTH = math.log(GROWTH)


def bucket_of(duration_us: int) -> int:
    """The bucket of a duration: bucket ``b`` holds 1.02**b <= µs < 1.02**(b+1); below 1 µs it is 0."""
    return int(math.log(duration_us) / _LOG_GROWTH) if duration_us > 1 else 0


def bucket_us(bucket: int) -> float:
    """The duration that stands for a bucket: its geometric middle, at most 1 % off, in µs."""
    return math.exp((bucket + 0.5) * _LOG_GROWTH)
