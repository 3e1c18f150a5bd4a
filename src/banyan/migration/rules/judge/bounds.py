"""Intervals that hold at every moment at once, for shares and for quantiles.

Both come from one martingale: under the true share ``p`` the likelihood of what was seen, averaged over
a Beta distribution of beliefs and divided by that under ``p``, exceeds ``1 / alpha`` with a probability
of at most ``alpha``, ever (Robbins 1970). Every ``p`` for which it doesn't is in the interval. For
quantiles: answers faster than legacy's true median are a share of exactly a half (Howard and Ramdas,
"Sequential estimation of quantiles", Bernoulli 2022).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, exp, floor, inf, lgamma, log

from banyan.gateway import bucket_us
from banyan.migration.rules.latency import bucket_at

SHARE_PRIORS = ((0.5, 0.5), (0.5, 50.0))
"""One belief that knows nothing, one that failures are rare; half the weight each."""

_HALVINGS = 30
_MORE_MAX = 10_000_000

QUANTILE_PRIOR = 100.0
"""How many observations the belief about a quantile is worth: tight from a few hundred on."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and what it may lie between."""

    low: float
    estimate: float
    high: float


def share_interval(errors: float, attempts: float, alpha: float) -> Interval:
    """The true share, where ``errors`` of ``attempts`` were seen (parts of one may be counted)."""
    if attempts <= 0:
        return Interval(0.0, 0.0, 1.0)
    estimate = errors / attempts
    limit = log(1 / alpha)

    def is_inside(p: float) -> bool:
        return _log_share_martingale(errors, attempts, p) < limit

    low = 0.0 if errors <= 0 else _edge(0.0, estimate, is_inside)
    high = 1.0 if errors >= attempts else _edge(1.0, estimate, is_inside)
    return Interval(low, estimate, high)


def attempts_to_tell(rate: float, share_max: float, alpha: float) -> float | None:
    """With how many attempts in all, failing at ``rate``, the interval would end below a bound.

    None: with none that one could wait for.
    """
    if rate >= share_max:
        return None
    attempts, limit = 1.0, log(1 / alpha)
    while _log_share_martingale(rate * attempts, attempts, share_max) < limit:
        attempts *= 1.2
        if attempts > _MORE_MAX:
            return None
    return attempts


def quantile_interval(
    histogram: Mapping[int, int], part: float, alpha: float, *, dispersion: float = 1.0
) -> Interval | None:
    """The true quantile in µs of the answers in a histogram; ``high`` may be infinite.

    ``dispersion`` is by how much the counts vary more than independent ones would: the interval is
    that of so many times fewer answers.
    """
    count = sum(histogram.values())
    if not count:
        return None
    low, high = _rank_shares(count / dispersion, part, alpha)
    return Interval(
        0.0 if low <= 0 else bucket_us(bucket_at(histogram, floor(low * count))),
        bucket_us(bucket_at(histogram, ceil(part * count))),
        inf if high >= 1 else bucket_us(bucket_at(histogram, ceil(high * count) + 1)),
    )


def _rank_shares(count: float, part: float, alpha: float) -> tuple[float, float]:
    """Between which shares of the answers the quantile lies."""
    limit = log(1 / alpha)
    a, b = part * QUANTILE_PRIOR, (1 - part) * QUANTILE_PRIOR

    def is_inside(share: float) -> bool:
        k = share * count
        seen = _log_beta(a + k, b + count - k) - _log_beta(a, b)
        return seen - k * log(part) - (count - k) * log(1 - part) < limit

    low = 0.0 if is_inside(0.0) else _edge(0.0, part, is_inside)
    high = 1.0 if is_inside(1.0) else _edge(1.0, part, is_inside)
    return low, high


def _edge(outside: float, inside: float, is_inside: Callable[[float], bool]) -> float:
    """Where the interval ends, from a point outside to one inside; on the outer side of it."""
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if is_inside(middle):
            inside = middle
        else:
            outside = middle
    return outside


def _log_share_martingale(errors: float, attempts: float, p: float) -> float:
    if p <= 0 or p >= 1:
        return inf
    good = attempts - errors
    logs = [_log_beta(a + errors, b + good) - _log_beta(a, b) for a, b in SHARE_PRIORS]
    top = max(logs)
    mixture = top + log(sum(exp(value - top) for value in logs) / len(logs))
    return mixture - errors * log(p) - good * log(1 - p)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
