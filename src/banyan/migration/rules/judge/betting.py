"""Bets on failures: what of a window is bet on, when, and against which rate of legacy."""

from collections.abc import Mapping

from msgspec.structs import replace

from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.rules.judge.bounds import share_interval
from banyan.migration.rules.judge.eprocess import MOMENT_US, against_concurrent, against_rate
from banyan.migration.rules.judge.evidence import GroupEvidence, Lately, Pending, Tally, summed

REPEATS_MAX = 2
"""In so many moments a customer's failures count in the bets: a robot that asks for one broken page
all night is no news after that."""

BROAD_CUSTOMERS = 3
BROAD_PART = 0.1
"""Where so many customers fail within two moments, and lately so large a part of the attempts, it is no
lone robot, and they count again: a shop with few customers has no others who could."""

REMEMBERED_MAX = 500
BET_ATTEMPTS_MIN = 5
"""So many of both sides are bet on at once; fewer wait for more, a moment long."""

BET_AGE_MAX_US = 30_000_000

CONTROL_PART_MIN = 0.1
"""Legacy answers at least this part of what the candidate does, or its last baseline stands in."""

BASELINE_MIN = 1_000
BASELINE_INFLATION = 2.0
"""Yesterday's legacy is no control: its rate may have doubled before the candidate is blamed."""

UNKNOWN_RATE_MAX = 0.1
"""Legacy of whom little is known, and no failure, is believed to fail no more often: a route of few
writes comes to its cutover without a baseline, and a candidate that fails must be told there too."""

TOTAL_ERRORS_MIN = 3
TOTAL_PART = 0.5
"""A candidate that fails half of the time is not having a bad moment."""


def with_bets(group: GroupEvidence, window: Window, lately: tuple[Lately, ...]) -> GroupEvidence:
    """What is seen waits until there is enough to bet on: that may depend on attempts, not failures."""
    seen = dict(group.seen)
    moment = window.ended_at_us // MOMENT_US
    is_broad = _is_broad(seen, moment, lately)
    candidate, candidate_errors = _units(window.candidate, seen, moment, is_broad=is_broad)
    legacy, legacy_errors = _units(window.legacy, seen, moment, is_broad=is_broad)
    if not candidate and not legacy:
        return group
    before = group.pending
    pending = Pending(
        before.began_at_us or window.began_at_us,
        before.legacy + legacy,
        before.legacy_errors + legacy_errors,
        before.candidate + candidate,
        before.candidate_errors + candidate_errors,
    )
    baseline = _baseline_of(group)
    if not _is_ripe(pending, baseline, window.ended_at_us - pending.began_at_us):
        return replace(group, pending=pending, seen=seen)
    bet = _bet(pending, baseline)
    is_total = (
        pending.candidate_errors >= TOTAL_ERRORS_MIN
        and pending.candidate_errors >= TOTAL_PART * pending.candidate
    )
    errors = group.errors
    if bet is not None:
        errors = errors.after(bet, window.ended_at_us, is_total=is_total)
    return replace(group, errors=errors, pending=Pending(), seen=seen)


def _baseline_of(group: GroupEvidence) -> Tally:
    """Legacy of before; where that is little, with what was seen of it since."""
    if is_known(group.baseline):
        return group.baseline
    return Tally(
        legacy=group.baseline.legacy + group.tally.legacy,
        legacy_errors=group.baseline.legacy_errors + group.tally.legacy_errors,
    )


def _is_ripe(pending: Pending, baseline: Tally, age_us: int) -> bool:
    """Whether there is enough to bet on, or it was waited for long enough."""
    is_old = age_us >= MOMENT_US
    fewest = pending.candidate if is_known(baseline) else min(pending.candidate, pending.legacy)
    if not fewest and is_old and pending.candidate >= BET_ATTEMPTS_MIN:
        return True  # legacy isn't asked any more, and hardly was
    is_ripe = fewest >= BET_ATTEMPTS_MIN or (fewest >= 1 and is_old)
    return is_ripe or age_us >= BET_AGE_MAX_US


def _bet(pending: Pending, baseline: Tally) -> tuple[float, ...] | None:
    """The pay-offs: against legacy of the same moment if it has enough, else against its baseline."""
    is_controlled = pending.legacy >= CONTROL_PART_MIN * pending.candidate
    if pending.legacy and (is_controlled or not is_known(baseline)):
        return against_concurrent(
            pending.candidate, pending.candidate_errors, pending.legacy, pending.legacy_errors
        )
    return against_rate(pending.candidate, pending.candidate_errors, baseline_rate_max(baseline))


def _is_broad(seen: Mapping[int, tuple[int, int]], moment: int, lately: tuple[Lately, ...]) -> bool:
    """Whether a side's failures are many customers', and a large part of what it answers."""
    if sum(last >= moment - 1 for _, last in seen.values()) < BROAD_CUSTOMERS:
        return False
    tally = summed(one.tally for one in lately)
    return (
        tally.candidate_errors >= BROAD_PART * max(1, tally.candidate)
        or tally.legacy_errors >= BROAD_PART * max(1, tally.legacy)
    )  # fmt: skip


def _units(
    arm: ArmWindow, seen: dict[int, tuple[int, int]], moment: int, *, is_broad: bool
) -> tuple[int, int]:
    """Trials and failures that are bet on: customers where they are known, else attempts.

    A customer's failures count once in a moment, and unless they are one of many in ``REPEATS_MAX``
    moments. Those that don't count are left out as trials, too.
    """
    if not arm.customers:
        return arm.attempts, arm.errors
    failed = 0
    for customer in arm.failing:
        times, last = seen.get(customer, (0, -1))
        counts = last != moment and (is_broad or times < REPEATS_MAX)
        failed += counts
        if times or len(seen) < REMEMBERED_MAX:
            seen[customer] = (min(times + counts, REPEATS_MAX), moment)
    return arm.customers - (len(arm.failing) - failed), failed


def is_known(baseline: Tally) -> bool:
    """Whether legacy was seen often enough before to stand in for legacy now."""
    return baseline.legacy >= BASELINE_MIN // 10


def baseline_rate_max(baseline: Tally) -> float:
    """The highest error rate that legacy's last baseline lets one believe in."""
    likely = share_interval(baseline.legacy_errors, baseline.legacy, 0.01).high
    rate = min(0.5, likely * BASELINE_INFLATION)
    is_guess = not is_known(baseline) and not baseline.legacy_errors
    return min(rate, UNKNOWN_RATE_MAX) if is_guess else rate
