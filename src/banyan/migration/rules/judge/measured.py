"""The gates on what was measured: errors, latency, divergence.

A wrong rollback in one phase and step has a probability of at most ``alpha = 1 - confidence`` over all
looks: half of it goes to errors, a quarter each to latency and to divergence, split again over the
groups, and over quantiles and spans of latency. A wrong advance needs all gates to be wrong at once,
so each may use ``alpha`` whole (an intersection-union test, Berger 1982).
"""

from dataclasses import dataclass

from banyan.migration.model.bounds import Bounds
from banyan.migration.model.verdict import Gate, GateState
from banyan.migration.rules.judge.betting import CONTROL_PART_MIN
from banyan.migration.rules.judge.bounds import Interval, attempts_to_tell, share_interval
from banyan.migration.rules.judge.eprocess import log_threshold
from banyan.migration.rules.judge.evidence import Evidence, GroupEvidence, Tally
from banyan.migration.rules.words import count, odds_of_chance, percent

CONTROL_MIN = 20
"""So many attempts at legacy are a control; below, its last baseline is one."""

ERRORS_PART = 0.5
DIVERGENCE_PART = 0.25


@dataclass(frozen=True, slots=True)
class _Errors:
    """One group's errors: the sides' intervals, and whether legacy's are of before."""

    candidate: Interval
    legacy: Interval
    tally: Tally
    is_baseline: bool
    increase: float


def errors_gate(evidence: Evidence, bounds: Bounds) -> Gate:
    """Whether the candidate fails more often than it may; the worst group speaks."""
    alpha = 1 - bounds.confidence
    gates = [
        _errors_of(name, group, evidence, bounds, alpha / max(1, len(evidence.groups)))
        for name, group in evidence.groups.items()
        if _is_measured(group)
    ]
    if not gates:
        return Gate(
            name="errors", state="wait", sentence="No attempt at the candidate was seen yet."
        )
    return worst(gates)


def worst(gates: list[Gate]) -> Gate:
    order: dict[GateState, int] = {"fail": 0, "wait": 1, "pass": 2}
    return min(gates, key=lambda gate: order[gate.state])


def label(name: str, text: str) -> str:
    return text if name == "reads" else f"{name.capitalize()}: {text[0].lower()}{text[1:]}"


def _is_measured(group: GroupEvidence) -> bool:
    return group.tally.candidate > 0 or group.errors.bets > 0


def _errors_of(
    name: str, group: GroupEvidence, evidence: Evidence, bounds: Bounds, alpha: float
) -> Gate:
    log_e = group.errors.log_e
    seen = _compared(group, group.tally, alpha / 2)
    lately = _lately(evidence)
    increase = max(seen.increase, _compared(group, lately, alpha / 2).increase)
    is_worse = log_e >= log_threshold(alpha * ERRORS_PART) and increase > bounds.errors_increase_max
    highest = seen.candidate.high - seen.legacy.low
    state: GateState
    if is_worse:
        state, why = "fail", f"the odds that chance did this are below {odds_of_chance(log_e)}"
    elif bounds.errors_increase_max == 0:
        is_within = seen.increase <= 0 and group.tally.candidate >= max(1, bounds.requests_min)
        state, why = ("pass" if is_within else "wait"), "it may not fail more often at all"
    elif highest <= bounds.errors_increase_max:
        state = "pass"
        why = f"at most {percent(max(0.0, highest))} more, {percent(bounds.errors_increase_max)} is allowed"
    else:
        state = "wait"
        why = f"up to {percent(highest)} more is possible, {percent(bounds.errors_increase_max)} is allowed"
        why += _more_attempts(seen, bounds.errors_increase_max, alpha / 2, group.cluster_size)
    tally = lately if is_worse and group.tally.candidate < CONTROL_MIN else group.tally
    if tally is lately:
        seen = _compared(group, lately, alpha / 2)
    sides = _sides(seen, tally)
    if is_worse and seen.increase <= bounds.errors_increase_max:
        sides += (
            f"; in the last minute {count(lately.candidate_errors)} of the candidate's "
            f"{count(lately.candidate)}"
        )
    return Gate(
        name="errors",
        state=state,
        sentence=label(name, f"{sides}; {why}."),
        numbers={
            "group": name,
            "candidate_attempts": group.tally.candidate,
            "candidate_errors": group.tally.candidate_errors,
            "legacy_attempts": seen.tally.legacy,
            "legacy_errors": seen.tally.legacy_errors,
            "increase": round(seen.increase, 8),
            "increase_high": round(highest, 8),
            "increase_max": bounds.errors_increase_max,
            "log_e": round(log_e, 3),
            "log_e_needed": round(log_threshold(alpha * ERRORS_PART), 3),
            "cluster_size": round(group.cluster_size, 2),
        },
    )


def _sides(seen: _Errors, tally: Tally) -> str:
    candidate = f"Candidate {percent(seen.candidate.estimate)} of {count(tally.candidate)} failed"
    if not seen.tally.legacy:
        return f"{candidate}, legacy wasn't seen"
    legacy = f"legacy {percent(seen.legacy.estimate)} of {count(seen.tally.legacy)}"
    return f"{candidate}, {legacy}{' before' if seen.is_baseline else ''}"


def _compared(group: GroupEvidence, tally: Tally, alpha: float) -> _Errors:
    """Intervals of both sides, for as many attempts fewer as failures come in clusters."""
    size = group.cluster_size
    candidate = share_interval(tally.candidate_errors / size, tally.candidate / size, alpha)
    is_baseline = tally.legacy < max(CONTROL_MIN, CONTROL_PART_MIN * tally.candidate)
    is_baseline = is_baseline and group.baseline.legacy > tally.legacy
    control = group.baseline if is_baseline else tally
    legacy = share_interval(control.legacy_errors / size, control.legacy / size, alpha)
    return _Errors(candidate, legacy, control, is_baseline, candidate.estimate - legacy.estimate)


def _lately(evidence: Evidence) -> Tally:
    return Tally(
        sum(one.tally.legacy for one in evidence.lately),
        sum(one.tally.legacy_errors for one in evidence.lately),
        sum(one.tally.candidate for one in evidence.lately),
        sum(one.tally.candidate_errors for one in evidence.lately),
    )


def _more_attempts(seen: _Errors, increase_max: float, alpha: float, size: float) -> str:
    """About how many attempts would do, if both sides went on as they do."""
    highest = min(1.0, seen.legacy.low + increase_max)
    attempts = attempts_to_tell(seen.candidate.estimate, highest, alpha)
    return (
        "" if attempts is None else f"; about {count(_round(attempts * size))} attempts will tell"
    )


def _round(number: float) -> float:
    digits = len(str(int(number))) - 2
    return round(number, -max(0, digits))


def divergence_gate(evidence: Evidence, bounds: Bounds) -> Gate:
    """Whether more answers differ than may; nothing compared is no pass, unless none is asked for."""
    alpha = 1 - bounds.confidence
    share_max = bounds.divergence_max
    log_e = evidence.divergence.log_e
    sure = share_interval(evidence.diverged, evidence.compared, alpha * DIVERGENCE_PART / 2)
    likely = share_interval(evidence.diverged, evidence.compared, alpha)
    is_bet_won = (
        log_e >= log_threshold(alpha * DIVERGENCE_PART / 2) and evidence.divergence_max >= share_max
    )
    sides = _differing(evidence)
    state: GateState
    if sure.low > share_max or is_bet_won:
        state = "fail"
        why = f"more than the {percent(share_max)} allowed"
        if is_bet_won:
            why += f", and the odds that chance did this are below {odds_of_chance(log_e)}"
        if likely.estimate <= share_max:  # a gap came: what was seen before isn't forgotten
            sides, why = "Answers differed", f"{why}. Since reports were missing: {sides.lower()}"
    elif not evidence.compared:
        state = "pass" if bounds.compared_min == 0 else "wait"
        why = "none is needed" if bounds.compared_min == 0 else "some are needed"
    elif share_max == 0:
        state, why = "pass", "none is allowed to"
    elif likely.high <= share_max:
        state, why = "pass", f"at most {percent(likely.high)}, {percent(share_max)} is allowed"
    else:
        state = "wait"
        why = f"up to {percent(likely.high)} is possible, {percent(share_max)} is allowed"
        why += _more_compared(likely.estimate, share_max, alpha)
    return Gate(
        name="divergence",
        state=state,
        sentence=f"{sides}; {why}.",
        numbers={
            "compared": evidence.compared,
            "diverged": evidence.diverged,
            "share_low": round(sure.low, 8),
            "share_high": round(likely.high, 8),
            "share_max": share_max,
            "log_e": round(log_e, 3),
        },
    )


def _differing(evidence: Evidence) -> str:
    if not evidence.compared:
        return "No answers were compared"
    return f"{count(evidence.diverged)} of {count(evidence.compared)} compared answers differ"


def _more_compared(rate: float, share_max: float, alpha: float) -> str:
    compared = attempts_to_tell(rate, share_max, alpha)
    return "" if compared is None else f"; about {count(_round(compared))} comparisons will tell"
