"""Whether a difference between the sides is more than one side differs from itself.

Two answers of legacy (a, a') and one of the candidate (c) to one request. If the candidate behaves
like legacy, a' and c are exchangeable: that only a and c differ is as likely as that only a and a' do.
So of the requests where just one of the two happened, half are each: a sign test on the pairs, with
nothing assumed about how noisy a field is or whether requests are alike. It is looked at after every
request, so it is an e-value (a mixture over all rates above one half; Ville's inequality): under noise
alone it ever reaches 20 with a probability of at most 1/20. See Ramdas et al., "Game-theoretic
statistics and safe anytime-valid inference" (2023).
"""

import math

from banyan.comparison.model import Rates, Significance

CONVINCING = 20.0
_WITHIN_MIN = 2
_STEADY_AFTER = 20
_UNPAIRED_P = 0.001
_EXACT_UP_TO = 2_000


def e_value(between_only: int, within_only: int) -> float:
    """How many times likelier the pairs are under "more often between the sides" than under noise.

    The mean over rates t, uniform between 1/2 and 1, of ``(2t)^between (2(1-t))^within``.
    """
    n = between_only + within_only
    log_e = (
        (n + 1) * math.log(2)
        + math.lgamma(between_only + 1)
        + math.lgamma(within_only + 1)
        - math.lgamma(n + 2)
        + math.log(max(_up_to(n + 1, between_only), 1e-300))
    )
    return math.exp(min(log_e, 700.0))


def significance(rates: Rates) -> Significance:
    """Of one difference on one route, in a sentence with its numbers."""
    value = e_value(rates.between_only, rates.within_only)
    between = rates.both + rates.between_only + rates.unpaired_seen
    within = rates.both + rates.within_only
    looks = rates.paired + rates.unpaired
    if rates.paired == 0:
        is_beyond = between > 0
        sentence = (
            f"The sides differ here in {between:,} of {looks:,} requests; none of them had a second "
            "answer of legacy to tell noise by."
        )
        return Significance(1.0, is_beyond, sentence)
    is_beyond = value >= CONVINCING or not _is_explained(rates)
    verdict = (
        "more often than chance" if is_beyond else "no more often than legacy differs from itself"
    )
    return Significance(
        value,
        is_beyond,
        f"The sides differ here in {between:,} of {looks:,} requests, two answers of legacy in "
        f"{within:,} of {rates.paired:,}: {verdict} (e-value {_short(value)}).",
    )


def is_noise(rates: Rates) -> bool:
    """Whether a difference here may be put down to noise, by what was seen of the place before.

    Legacy must have differed from itself here at least twice, and the sides not more often than
    that. A place that is noisy in 1 % of requests and differs between the sides in all is no noise.
    """
    return (
        rates.both + rates.within_only >= _WITHIN_MIN
        and e_value(rates.between_only, rates.within_only) < CONVINCING
        and _is_explained(rates)
    )


def is_own_unsteadiness(rates: Rates) -> bool:
    """Whether legacy is known to be steady here, so that a candidate which differs from itself
    differs from legacy, too."""
    return rates.paired >= _STEADY_AFTER and rates.both + rates.within_only == 0


def _is_explained(rates: Rates) -> bool:
    """Whether requests without a second answer differ no more often than legacy from itself does.

    Fisher's exact test of the two shares, at a level that allows for many looks.
    """
    if rates.unpaired_seen == 0:
        return rates.between_only == 0 or rates.both + rates.within_only > 0
    within = rates.both + rates.within_only
    return (
        _hypergeometric_tail(
            rates.unpaired_seen,
            rates.unpaired,
            rates.unpaired_seen + within,
            rates.unpaired + rates.paired,
        )
        > _UNPAIRED_P
    )


def _hypergeometric_tail(seen: int, drawn: int, marked: int, total: int) -> float:
    """The chance that at least ``seen`` of ``drawn`` are marked, out of ``total``."""
    term = math.exp(
        _log_choose(marked, seen)
        + _log_choose(total - marked, drawn - seen)
        - _log_choose(total, drawn)
    )
    tail = 0.0
    for k in range(seen, min(drawn, marked) + 1):
        tail += term
        if term < 1e-12 * tail:
            break
        rest = total - marked - drawn + k + 1
        if rest <= 0:
            break
        term *= (marked - k) * (drawn - k) / ((k + 1) * rest)
    return min(tail, 1.0)


def _up_to(n: int, k: int) -> float:
    """P(Binomial(n, 1/2) <= k)."""
    if k >= n:
        return 1.0
    if n > _EXACT_UP_TO:
        return 0.5 * math.erfc((n / 2 - k - 0.5) / math.sqrt(n / 2))
    terms = (
        math.exp(_log_choose(n, i) - n * math.log(2)) for i in range(k, -1, -1)
    )  # the largest first, where k is below the middle
    return min(math.fsum(terms), 1.0)


def _log_choose(n: int, k: int) -> float:
    if k < 0 or k > n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 1000 else "over 1,000"
