"""How much more the speed of answers varies from window to window than chance would make it.

Answers of one moment are slow together (a lock, a collection of garbage, a neighbour). Counted as
independent they would prove differences that are none. What both sides share, such as the hour of the
day, does no harm and is left out: only how far they part is measured, window by window, against the
hypergeometric variance (McCullagh's dispersion, as in quasi-likelihood).
"""

from collections.abc import Mapping
from math import ceil

from msgspec import Struct

from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.rules.latency import bucket_at

SPREADS = (0.5, 0.9)
"""The quantiles at which it is measured: the one for the median, the other for the tail."""

ANSWERS_MIN = 100
WINDOWS_MIN = 5


class Spread(Struct, frozen=True):
    """Sums over windows: by how much the sides part, its weight, its square, its variance."""

    apart: float = 0.0
    weight: float = 0.0
    squares: float = 0.0
    variance: float = 0.0
    windows: int = 0

    @property
    def dispersion(self) -> float:
        return max(1.0, self.squares / self.variance) if self.variance else 1.0

    def plus(self, slow: tuple[int, int], count: tuple[int, int]) -> "Spread":
        """With a window in which so many of so many were slow, at legacy and at the candidate."""
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
            self.windows + 1,
        )


def with_window(
    spreads: tuple[Spread, ...], legacy_before: Mapping[int, int], window: Window
) -> tuple[Spread, ...]:
    """What a window adds; "slow" is above what legacy's quantile was before it."""
    before = sum(legacy_before.values())
    counts = (sum(window.legacy.buckets.values()), sum(window.candidate.buckets.values()))
    if before < ANSWERS_MIN or not all(counts):
        return spreads
    grown: list[Spread] = []
    for part, spread in zip(SPREADS, spreads, strict=True):
        limit = bucket_at(legacy_before, ceil(part * before))
        slow = (_slower(window.legacy, limit), _slower(window.candidate, limit))
        grown.append(spread.plus(slow, counts))
    return tuple(grown)


def _slower(arm: ArmWindow, bucket: int) -> int:
    return sum(count for at, count in arm.buckets.items() if at > bucket)
