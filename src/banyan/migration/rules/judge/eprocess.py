"""Evidence that may be looked at whenever one likes: bets against "the candidate is no worse".

Someone who believes the candidate fails ``odds`` times as often as legacy bets on each window at fair
odds; if it doesn't, no way of stopping makes the bettor's money grow by more than chance allows
(Ville 1939): it reaches ``1 / alpha`` with a probability of at most ``alpha``, ever. The money of
bettors with different beliefs, put together, is the e-value (Ramdas, Grünwald, Vovk and Shafer 2023).

Half of it is bet from the beginning, half by bettors who come later, ever less of it: otherwise a bad
hour of legacy's would be a hole out of which evidence against the candidate had to climb.

Failures come in bursts: a lock held for a second hits many customers and is one misfortune. So what
may be won within a moment is bounded, unless the candidate fails nearly always.
"""

from collections.abc import Sequence
from math import exp, lgamma, log, pi

from msgspec import Struct

ODDS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1_000.0)
"""The beliefs: from a little more often to always."""

MOMENT_US = 5_000_000
MOMENT_GAIN_MAX = log(4.0)
"""What may be won in a moment: five bad ones are needed to be sure at the usual bounds."""

JOIN_US = 600_000_000
"""How often bettors join."""

EXACT_ERRORS_MAX = 2_000
NOTHING = -1e300


class EProcess(Struct, frozen=True):
    """Logarithms of the money by belief: ``whole`` from the beginning, ``late`` of who came later.

    ``gains`` is what was won in the moment that runs.
    """

    whole: tuple[float, ...] = (0.0,) * len(ODDS)
    late: tuple[float, ...] = (NOTHING,) * len(ODDS)
    bets: int = 0
    joined: int = 0
    joined_at_us: int = 0
    moment: int = 0
    gains: tuple[float, ...] = (0.0,) * len(ODDS)

    @property
    def log_e(self) -> float:
        """The logarithm of the e-value."""
        halves = [*self.whole, *self.late]
        return _log_sum(halves) - log(len(halves))

    def after(self, factors: Sequence[float], at_us: int, *, is_total: bool = False) -> "EProcess":
        """With one more bet, settled ``at_us``, whose pay-off is ``exp(factor)`` by belief.

        Pay-offs may be cut without making the bets unfair to the candidate, never raised.
        """
        moment = at_us // MOMENT_US
        gains = self.gains if moment == self.moment else (0.0,) * len(ODDS)
        if not is_total:
            factors = [
                min(factor, max(0.0, MOMENT_GAIN_MAX - gain))
                for factor, gain in zip(factors, gains, strict=True)
            ]
        joins = not self.joined or at_us - self.joined_at_us >= JOIN_US
        joined = self.joined + joins
        joining = log(6 / pi**2) - 2 * log(joined) if joins else NOTHING
        return EProcess(
            tuple(money + factor for money, factor in zip(self.whole, factors, strict=True)),
            tuple(
                max(NOTHING, _log_sum((money, joining)) + factor)
                for money, factor in zip(self.late, factors, strict=True)
            ),
            self.bets + 1,
            joined,
            at_us if joins else self.joined_at_us,
            moment,
            tuple(gain + factor for gain, factor in zip(gains, factors, strict=True)),
        )


def against_concurrent(
    candidate: int, candidate_errors: int, legacy: int, legacy_errors: int
) -> tuple[float, ...] | None:
    """Pay-offs (logarithms) of one window in which both sides answered; None: no bet was possible.

    Given how many failed in all, how many of those fell to the candidate depends on nothing but the
    odds ratio (Fisher's noncentral hypergeometric distribution): not on the hour, nor on how the
    traffic is split. From ``EXACT_ERRORS_MAX`` errors on, the binomial stands in, whose pay-off is
    on average the smaller one under the null (Hoeffding 1963).
    """
    errors = candidate_errors + legacy_errors
    if not candidate or not legacy or not errors:
        return None
    if errors > EXACT_ERRORS_MAX:
        part = candidate / (candidate + legacy)
        normal = [errors * log(1 - part + part * odds) for odds in ODDS]
    else:
        lowest = max(0, errors - legacy)
        ways = [
            _log_choose(candidate, k) + _log_choose(legacy, errors - k)
            for k in range(lowest, min(errors, candidate) + 1)
        ]
        whole = _log_choose(candidate + legacy, errors)
        normal = [
            _log_sum([w + (lowest + i) * log(odds) for i, w in enumerate(ways)]) - whole
            for odds in ODDS
        ]
    return tuple(
        candidate_errors * log(odds) - norm for odds, norm in zip(ODDS, normal, strict=True)
    )


def against_rate(attempts: int, errors: int, rate_max: float) -> tuple[float, ...] | None:
    """Pay-offs (logarithms) of one window against "fails at most at this rate"."""
    if not attempts:
        return None
    return tuple(
        errors * log(odds) - attempts * log(1 - rate_max + rate_max * odds) for odds in ODDS
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _log_sum(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs))


def log_threshold(alpha: float) -> float:
    """How large the logarithm of an e-value has to be."""
    return log(1 / alpha)
