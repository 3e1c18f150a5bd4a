"""How much more the speed of answers varies from moment to moment than chance would make it.

Answers of one moment are slow together (a lock, a collection of garbage, a neighbour). Counted as
independent they would prove differences that are none. What both sides share, such as the hour of the
day, does no harm and is left out: only how far they part is measured, span by span, against the
hypergeometric variance (McCullagh's dispersion, as in quasi-likelihood).
"""

from collections.abc import Mapping
from math import ceil

from msgspec import Struct

from banyan.migration.rules.latency import bucket_at

SPREADS = (0.5, 0.9)
"""The quantiles at which it is measured: the one for the median, the other for the tail."""

ANSWERS_MIN = 100
SPANS_MIN = 4


class Spread(Struct, frozen=True):
    """Sums over spans: by how much the sides part, its weight, its square, its variance."""

    apart: float = 0.0
    weight: float = 0.0
    squares: float = 0.0
    variance: float = 0.0
    spans: int = 0

    @property
    def dispersion(self) -> float:
        return max(1.0, self.squares / self.variance) if self.variance else 1.0

    def plus(self, slow: tuple[int, int], count: tuple[int, int]) -> "Spread":
        """With a span in which so many of so many were slow, at legacy and at the candidate."""
        answers, slow_ones = sum(count), sum(slow)
        weight = count[0] * count[1] / answers
        apart = slow[1] - count[1] * slow_ones / answers
        expected = weight * (self.apart / self.weight) if self.weight else 0.0
        part = slow_ones / answers
        return Spread(
            self.apart + apart,
            self.weight + weight,
            self.squares + (apart - expected) ** 2,
            self.variance + weight * part * (1 - part) * answers / max(1, answers - 1),
            self.spans + 1,
        )


def with_span(
    spreads: tuple[Spread, ...],
    legacy_so_far: Mapping[int, int],
    legacy: Mapping[int, int],
    candidate: Mapping[int, int],
) -> tuple[Spread, ...]:
    """What a few seconds add; "slow" is above what legacy's quantile has been so far."""
    so_far = sum(legacy_so_far.values())
    counts = (sum(legacy.values()), sum(candidate.values()))
    if so_far < ANSWERS_MIN or not all(counts):
        return spreads
    grown: list[Spread] = []
    for part, spread in zip(SPREADS, spreads, strict=True):
        limit = bucket_at(legacy_so_far, ceil(part * so_far))
        grown.append(spread.plus((_slower(legacy, limit), _slower(candidate, limit)), counts))
    return tuple(grown)


def _slower(histogram: Mapping[int, int], bucket: int) -> int:
    return sum(count for at, count in histogram.items() if at > bucket)
