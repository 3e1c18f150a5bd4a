"""Histograms of durations: buckets of the gateway's (``bucket_of``, 2 % wide) to how many fell in.

What is said of a quantile is right to 2 %.
"""

from collections.abc import Mapping


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
