"""The gates that are no statistics: whole reports, enough traffic and time, and what people said."""

from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import Gate, GateName, GateState, Situation
from banyan.migration.rules.judge.evidence import Evidence, Tally, tallies
from banyan.migration.rules.words import count, duration

EJECTION_ERRORS_MIN = 5
EJECTION_PART_MIN = 0.5


def _gate(name: GateName, state: GateState, sentence: str, **numbers: float | int | str) -> Gate:
    return Gate(name=name, state=state, sentence=sentence, numbers=numbers)


def reports_gate(evidence: Evidence, situation: Situation) -> Gate:
    """Whether what was seen is recent and known to be whole."""
    age = situation.now_us - evidence.ended_at_us
    if not evidence.windows:
        return _gate("reports", "wait", "The data plane has reported nothing yet.")
    if age < 0:
        sentence = "The last report is of later than now: the clock was set back."
        return _gate("reports", "wait", sentence, age_us=age)
    if age > situation.window_age_max_us:
        return _gate("reports", "wait", f"The last report is {duration(age)} old.", age_us=age)
    if not evidence.is_whole:
        sentence = "Reports are missing: what was seen in the candidate's favour counts anew."
        return _gate("reports", "wait", sentence, gaps=evidence.gaps)
    return _gate("reports", "pass", "Reports are whole and recent.", gaps=evidence.gaps, age_us=age)


def ejection_gate(evidence: Evidence) -> Gate:
    """The candidate out of rotation: a reason to wait, and to go back where errors confirm it."""
    if not evidence.is_ejected:
        return _gate("ejection", "pass", "The candidate is in rotation.")
    lately = evidence.lately
    candidate = sum(one.tally.candidate for one in lately)
    errors = sum(one.tally.candidate_errors for one in lately)
    legacy = sum(one.tally.legacy for one in lately)
    legacy_errors = sum(one.tally.legacy_errors for one in lately)
    seen = Tally(legacy, legacy_errors, candidate, errors)
    sentence = (
        f"The candidate was taken out of rotation after {count(errors)} of its last "
        f"{count(candidate)} attempts failed (legacy {count(legacy_errors)} of {count(legacy)})."
    )
    return _gate(
        "ejection",
        "fail" if _confirms(seen) else "wait",
        sentence,
        candidate_attempts=candidate,
        candidate_errors=errors,
        legacy_attempts=legacy,
        legacy_errors=legacy_errors,
    )


def _confirms(seen: Tally) -> bool:
    """Whether the failures of the last minute are many, and the candidate's own."""
    if seen.candidate_errors < EJECTION_ERRORS_MIN:
        return False
    rate = seen.candidate_errors / seen.candidate
    legacy_rate = seen.legacy_errors / seen.legacy if seen.legacy else 0.0
    return rate >= EJECTION_PART_MIN and legacy_rate < rate / 2


def traffic_gates(evidence: Evidence, situation: Situation) -> list[Gate]:
    bounds = situation.bounds
    tally = tallies(evidence.groups)
    attempts = tally.candidate
    is_kept_away = situation.is_legacy_asked_after_write and not attempts and tally.legacy > 0
    why = " Legacy answers who has just written there." if is_kept_away else ""
    return [
        _gate(
            "requests",
            "pass" if attempts >= bounds.requests_min else "wait",
            f"{count(attempts)} of {count(bounds.requests_min)} attempts at the candidate.{why}",
            attempts=attempts,
            attempts_min=bounds.requests_min,
        ),
        _gate(
            "compared",
            "pass" if evidence.compared >= bounds.compared_min else "wait",
            f"{count(evidence.compared)} of {count(bounds.compared_min)} comparisons.",
            compared=evidence.compared,
            compared_min=bounds.compared_min,
        ),
        time_gate(situation, max(situation.entered_at_us, evidence.whole_since_us)),
    ]


def time_gate(situation: Situation, since_us: int) -> Gate:
    time_min_us = situation.bounds.time_min_us
    waited = situation.now_us - since_us
    left = time_min_us - waited
    sentence = f"{duration(left)} left." if left > 0 else f"{duration(waited)} have passed."
    return _gate(
        "time",
        "wait" if left > 0 else "pass",
        f"It has to stand for {duration(time_min_us)}: {sentence}",
        waited_us=waited,
        time_min_us=time_min_us,
    )


def agreed_gates(situation: Situation) -> list[Gate]:
    """What other parts and people have to say yes to."""
    return [
        _data_gate(situation),
        _rehearsal_gate(situation),
        _approval_gate(situation),
        _gate("held", "wait", f"It is held: {situation.held_why}")
        if situation.held_why
        else _gate("held", "pass", "Nobody holds it."),
        _gate("freeze", "wait", f"Nothing advances now: {situation.frozen_why}")
        if situation.frozen_why
        else _gate("freeze", "pass", "No freeze window is open."),
        _notice_gate(situation),
    ]


def _data_gate(situation: Situation) -> Gate:
    missing = situation.data_missing
    if missing:
        which = "; ".join(f"{name} ({why})" if why else name for name, why in missing.items())
        return _gate("data", "wait", f"Data is not verified: {which}.", missing=len(missing))
    if situation.bounds.data:
        return _gate("data", "pass", f"Data is verified: {', '.join(situation.bounds.data)}.")
    return _gate("data", "pass", "No data has to be verified.")


def _rehearsal_gate(situation: Situation) -> Gate:
    if situation.bounds.rehearsed and situation.rehearsal_missing:
        return _gate("rehearsal", "wait", f"Rehearsal: {situation.rehearsal_missing}.")
    done = "It has been rehearsed." if situation.bounds.rehearsed else "No rehearsal is asked for."
    return _gate("rehearsal", "pass", done)


def _approval_gate(situation: Situation) -> Gate:
    if situation.stays_in_phase:
        return _gate("approval", "pass", "No approval is asked for within a phase.")
    is_blind = not situation.is_candidate_asked and situation.phase is not Phase.LEGACY
    if situation.is_approved:
        return _gate("approval", "pass", "A person has said yes.")
    if is_blind:
        sentence = "Nothing of this route could be measured in this phase: a person has to say yes."
        return _gate("approval", "wait", sentence)
    if situation.bounds.approval:
        return _gate("approval", "wait", "A person has to say yes.")
    return _gate("approval", "pass", "No approval is asked for.")


def _notice_gate(situation: Situation) -> Gate:
    if not situation.notice_us:
        return _gate("notice", "pass", "Nobody has to be told beforehand.")
    until = situation.notice_until_us
    if until is None:
        sentence = f"Teams are told {duration(situation.notice_us)} before; they were not yet."
        return _gate("notice", "wait", sentence)
    left = until - situation.now_us
    if left > 0:
        return _gate("notice", "wait", f"Teams were told; {duration(left)} left.", left_us=left)
    return _gate("notice", "pass", "Teams were told in time.")
