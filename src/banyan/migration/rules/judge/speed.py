"""The gate on latency: quantiles of both sides, bounded at every moment at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, isinf, pi

from banyan.gateway import bucket_of, bucket_us
from banyan.migration.model.bounds import Bounds
from banyan.migration.model.verdict import Gate, GateState
from banyan.migration.rules.judge.betting import CONTROL_PART_MIN
from banyan.migration.rules.judge.bounds import Interval, quantile_interval, share_interval
from banyan.migration.rules.judge.evidence import Evidence, GroupEvidence, Speeds
from banyan.migration.rules.judge.gathering import SPAN_US
from banyan.migration.rules.judge.measured import label, worst
from banyan.migration.rules.judge.spread import ANSWERS_MIN, SPANS_MIN
from banyan.migration.rules.latency import bucket_at
from banyan.migration.rules.words import change, count, duration, percent

LATENCY_PART = 0.25
TAILS = ((2_000, 0.99), (500, 0.95), (0, 0.9))
"""From how many answers of the smaller side on which quantile stands for the tail."""

CONTROL_MIN = 100
BASELINE_SLOWER = 1.5
"""Legacy may have been so much faster in its last baseline than it would be now."""

BASELINE_DISPERSION = 4.0
"""What answers of two different times vary more than those of one."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is set against what: histograms, and how much they vary beyond chance."""

    legacy: Mapping[int, int]
    candidate: Mapping[int, int]
    dispersions: tuple[float, float]
    is_baseline: bool
    is_enough: bool
    """Whether there was time to see how much the answers vary."""

    @property
    def fewest(self) -> int:
        return min(sum(self.legacy.values()), sum(self.candidate.values()))


@dataclass(frozen=True, slots=True)
class _Quantile:
    """One quantile of both sides: surely beyond the bound, surely within it, or neither."""

    part: float
    legacy: Interval
    candidate: Interval
    state: GateState
    is_recent: bool = False

    @property
    def name(self) -> str:
        return f"p{100 * self.part:.0f}"

    @property
    def sentence(self) -> str:
        ratio = self.candidate.estimate / self.legacy.estimate
        name = "median" if self.part == 0.5 else self.name
        return (
            f"{name} {duration(self.candidate.estimate)}, legacy "
            f"{duration(self.legacy.estimate)} ({change(ratio)})"
        )


def latency_gate(evidence: Evidence, bounds: Bounds) -> Gate:
    """Whether the candidate is slower than it may be; the worst group speaks."""
    gates = [
        _latency_of(name, group, bounds, evidence)
        for name, group in evidence.groups.items()
        if group.latency.candidate or group.block.candidate
    ]
    if not gates:
        sentence = "No answer of the candidate was timed yet."
        return Gate(name="latency", state="wait", sentence=sentence)
    return worst(gates)


def _latency_of(name: str, group: GroupEvidence, bounds: Bounds, evidence: Evidence) -> Gate:
    alpha = 1 - bounds.confidence
    groups = max(1, len(evidence.groups))
    age_us = evidence.ended_at_us - evidence.whole_since_us
    whole = _sides(group, group.latency, age_us)
    lately = _sides(group, group.recent, age_us)
    if not whole.legacy or not whole.candidate:
        sentence = "There is no latency of legacy's to compare with."
        return Gate(name="latency", state="wait", sentence=label(name, sentence))
    for_back = alpha * LATENCY_PART / groups / 8
    spent = for_back * 6 / (pi * max(1, group.blocks)) ** 2
    recent = _quantiles(lately, bounds, alpha / 2, spent, is_recent=True)
    found = _quantiles(whole, bounds, alpha / 2, for_back, is_recent=False)
    failed = [one for one in found if one.state == "fail"]
    failed = failed or [one for one in recent if one.state == "fail"]
    state = "fail" if failed else worst_state([one.state for one in found])
    text = "; ".join(one.sentence for one in (failed or found))
    if failed and failed[0].is_recent:
        text = f"In the last minutes {text}"
    limit = f"{change(1 + bounds.latency_increase_max)} or {duration(bounds.latency_floor_us)} is allowed"
    if whole.is_baseline:
        limit += "; legacy's figures are of before"
    if state == "wait":
        limit += f"; {_why_wait(whole, found)}"
    return Gate(
        name="latency",
        state=state,
        sentence=label(name, f"{text[0].upper()}{text[1:]}; {limit}."),
        numbers=_numbers(name, bounds, found, whole),
    )


def fall_back_gate(evidence: Evidence, bounds: Bounds) -> Gate:
    """Whether legacy itself answers before it would be asked in the candidate's place.

    What legacy overtakes counts as a failure of the candidate, which would be found guilty of being
    as slow as legacy is. So many of legacy's answers may take longer as the candidate may fail more.
    """
    reads, after_us = evidence.groups.get("reads"), bounds.fall_back_after_us
    answers = reads.latency.legacy if reads is not None else {}
    total = sum(answers.values())
    if reads is None or after_us is None or not total:
        return Gate(name="fall_back", state="pass", sentence="Legacy is in time.")
    slow = sum(many for bucket, many in answers.items() if bucket > bucket_of(after_us))
    few = max(1.0, reads.latency.spreads[1].dispersion)
    seen = share_interval(slow / few, total / few, 1 - bounds.confidence)
    share_max = bounds.errors_increase_max
    usual = bucket_us(bucket_at(answers, ceil((1 - share_max) * total)))
    sentence = (
        f"{percent(seen.estimate)} of legacy's own answers take longer than {duration(after_us)}: "
        "as legacy is asked as well then, slow answers of the candidate count as failures. Let "
        f"`fall_back.after` be above {duration(usual)}."
    )
    is_hasty = seen.low > share_max
    return Gate(
        name="fall_back",
        state="wait" if is_hasty else "pass",
        sentence=sentence if is_hasty else "Legacy is in time.",
        numbers={"after_us": after_us, "slow": slow, "answers": total},
    )


def worst_state(states: list[GateState]) -> GateState:
    return "fail" if "fail" in states else "wait" if "wait" in states or not states else "pass"


def _why_wait(sides: _Sides, found: list[_Quantile]) -> str:
    legacy = sum(sides.legacy.values())
    if not sides.is_enough and legacy < ANSWERS_MIN:
        return f"{count(legacy)} of {count(ANSWERS_MIN)} answers of legacy seen"
    if not sides.is_enough:
        return f"{duration(SPANS_MIN * SPAN_US)} with answers of both sides are needed"
    open_ended = any(isinf(one.candidate.high) or one.legacy.low == 0 for one in found)
    answers = f"{count(sides.fewest)} answers of a side"
    return f"{answers} are too few to tell" if open_ended else f"{answers} do not tell yet"


def _sides(group: GroupEvidence, speeds: Speeds, age_us: int) -> _Sides:
    answers = sum(speeds.candidate.values())
    is_few = sum(speeds.legacy.values()) < max(CONTROL_MIN, CONTROL_PART_MIN * answers)
    if is_few and group.baseline_latency:
        return _Sides(
            group.baseline_latency,
            speeds.candidate,
            (BASELINE_DISPERSION, BASELINE_DISPERSION),
            is_baseline=True,
            is_enough=age_us >= SPANS_MIN * SPAN_US,
        )
    median, tail = speeds.spreads
    return _Sides(
        speeds.legacy,
        speeds.candidate,
        (median.dispersion, tail.dispersion),
        is_baseline=False,
        is_enough=median.spans >= SPANS_MIN,
    )


def _quantiles(
    sides: _Sides, bounds: Bounds, for_advance: float, for_back: float, *, is_recent: bool
) -> list[_Quantile]:
    tail = next(part for fewest, part in TAILS if sides.fewest >= fewest)
    found: list[_Quantile] = []
    for part, dispersion in zip((0.5, tail), sides.dispersions, strict=True):
        likely = _intervals(sides, part, for_advance, dispersion)
        sure = _intervals(sides, part, for_back, dispersion)
        if likely is None or sure is None:
            continue
        state: GateState = "wait"
        if sides.is_enough and _is_beyond(sure, bounds, is_baseline=sides.is_baseline):
            state = "fail"
        elif sides.is_enough and _is_within(likely, bounds):
            state = "pass"
        found.append(_Quantile(part, *likely, state=state, is_recent=is_recent))
    return found


def _intervals(
    sides: _Sides, part: float, alpha: float, dispersion: float
) -> tuple[Interval, Interval] | None:
    legacy = quantile_interval(sides.legacy, part, alpha, dispersion=dispersion)
    candidate = quantile_interval(sides.candidate, part, alpha, dispersion=dispersion)
    return None if legacy is None or candidate is None else (legacy, candidate)


def _is_beyond(sure: tuple[Interval, Interval], bounds: Bounds, *, is_baseline: bool) -> bool:
    legacy, candidate = sure
    highest = legacy.high * (BASELINE_SLOWER if is_baseline else 1)
    return (
        candidate.low > highest * (1 + bounds.latency_increase_max)
        and candidate.low - highest > bounds.latency_floor_us
    )


def _is_within(likely: tuple[Interval, Interval], bounds: Bounds) -> bool:
    legacy, candidate = likely
    return (
        candidate.high <= legacy.low * (1 + bounds.latency_increase_max)
        or candidate.high - legacy.low <= bounds.latency_floor_us
    )


def _numbers(
    name: str, bounds: Bounds, found: list[_Quantile], sides: _Sides
) -> dict[str, float | int | str | None]:
    numbers: dict[str, float | int | str | None] = {
        "group": name,
        "increase_max": bounds.latency_increase_max,
        "floor_us": bounds.latency_floor_us,
        "answers": sides.fewest,
        "dispersion": round(max(sides.dispersions), 2),
    }
    for one in found:
        for side, interval in (("legacy", one.legacy), ("candidate", one.candidate)):
            numbers[f"{one.name}_{side}_us"] = round(interval.estimate)
            numbers[f"{one.name}_{side}_low_us"] = round(interval.low)
            numbers[f"{one.name}_{side}_high_us"] = (
                None if isinf(interval.high) else round(interval.high)
            )
    return numbers
