"""Each gate, and what the verdict makes of them all."""

from dataclasses import replace
from random import Random

import pytest

from banyan.migration.model.bounds import DEFAULT_BOUNDS, MINUTE_US, Bounds
from banyan.migration.model.evidence import ArmWindow
from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import GateName, Situation, Verdict
from banyan.migration.rules.judge import Evidence, begin, gather, judge
from tests.migration.judge.traffic import QUICK, SECOND, START, side, situation, ticks, window


def evidence_of(
    seconds: int = 120,
    *,
    rates: tuple[float, float] = (0.0, 0.0),
    medians: tuple[float, float] = (50_000, 50_000),
    attempts: tuple[int, int] = (40, 40),
    compared: int = 0,
    diverged: int = 0,
    bounds: Bounds = QUICK,
    seed: int = 1,
    before: Evidence | None = None,
) -> Evidence:
    rng = Random(seed)
    evidence = before or begin(bounds)
    for at in ticks(seconds, start_us=evidence.ended_at_us or START):
        legacy = side(rng, attempts[0], rates[0], medians[0])
        candidate = side(rng, attempts[1], rates[1], medians[1])
        evidence = gather(
            evidence, window(at, legacy, candidate, compared=compared, diverged=diverged)
        )
    return evidence


GOOD = evidence_of(240)


def asked(evidence: Evidence = GOOD, bounds: Bounds = QUICK, **more: object) -> Verdict:
    now = more.pop("now_us", evidence.ended_at_us + SECOND)
    return judge(evidence, situation(now, bounds, **more))  # type: ignore[arg-type]


def state(verdict: Verdict, name: GateName) -> str:
    gate = verdict.find(name)
    assert gate is not None
    return gate.state


def test_a_good_candidate_goes_on() -> None:
    verdict = asked()
    assert verdict.kind == "advance"
    assert all(gate.state == "pass" for gate in verdict.gates)
    assert verdict.sentence.startswith("Ready for 10 % of customers. Candidate 0 % of 9,600")


def test_nothing_seen_waits() -> None:
    for bounds in (QUICK, Bounds(requests_min=0, compared_min=0, time_min_us=0)):
        verdict = asked(begin(bounds), bounds, now_us=START + MINUTE_US)
        assert verdict.kind == "hold"
        assert {g.name for g in verdict.gates if g.state == "wait"} >= {
            "reports",
            "errors",
            "latency",
        }


def test_a_failing_candidate_goes_back() -> None:
    verdict = asked(evidence_of(rates=(0.002, 0.03)))
    assert verdict.kind == "rollback"
    assert verdict.sentence.startswith("Back to legacy. Candidate 3.")
    assert "the odds that chance did this are below 1 in " in verdict.sentence
    assert verdict.sentence.endswith("Mend the candidate, then release the route.")


def test_a_shop_slower_than_its_fall_back_waits_for_a_longer_one() -> None:
    slow = evidence_of(240, medians=(900_000, 900_000))
    hasty = replace(QUICK, fall_back_after_us=1_000_000)
    verdict = asked(slow, hasty)
    assert state(verdict, "fall_back") == "wait"
    assert verdict.kind == "hold"
    assert "of legacy's own answers take longer than 1 s" in verdict.sentence
    assert "Let `fall_back.after` be above " in verdict.sentence
    assert state(asked(slow, replace(QUICK, fall_back_after_us=9_000_000)), "fall_back") == "pass"
    assert state(asked(GOOD, hasty), "fall_back") == "pass"
    failing = asked(evidence_of(240, rates=(0, 0.2), medians=(900_000, 900_000)), hasty)
    assert failing.kind == "rollback"
    assert "Let `fall_back.after` be above " in failing.sentence


def test_in_shadow_it_stays() -> None:
    verdict = asked(evidence_of(rates=(0.002, 0.03)), phase=Phase.SHADOW)
    assert verdict.kind == "hold"
    assert state(verdict, "errors") == "fail"
    assert verdict.sentence.startswith("Stays in shadow. Candidate 3.")


def test_what_waits_for_a_person_can_go_back_all_the_same() -> None:
    verdict = asked(
        evidence_of(rates=(0, 0.05)), held_why="Ada looks at it.", frozen_why="Christmas."
    )
    assert verdict.kind == "rollback"


def test_a_late_failure_after_a_long_good_time_goes_back() -> None:
    good = evidence_of(1_500, attempts=(200, 200))
    bad = evidence_of(25, attempts=(200, 200), rates=(0, 0.02), before=good)
    verdict = asked(bad)
    assert verdict.kind == "rollback"
    assert "in the last minute" in verdict.sentence


def test_more_failures_than_legacy_within_what_is_allowed_are_let_be() -> None:
    bounds = replace(QUICK, errors_increase_max=0.05)
    verdict = asked(evidence_of(300, rates=(0.001, 0.01), attempts=(60, 60)), bounds)
    assert verdict.kind == "advance"
    gate = verdict.find("errors")
    assert gate is not None
    assert float(gate.numbers["log_e"] or 0) > float(gate.numbers["log_e_needed"] or 0)


def test_few_attempts_wait_and_say_how_many_would_tell() -> None:
    verdict = asked(evidence_of(60, attempts=(10, 10)))
    assert verdict.kind == "hold"
    assert state(verdict, "errors") == "wait"
    assert " attempts will tell" in verdict.sentence


def test_no_increase_at_all_can_be_asked_for() -> None:
    bounds = replace(QUICK, errors_increase_max=0.0)
    assert state(asked(bounds=bounds), "errors") == "pass"
    worse = evidence_of(rates=(0.0, 0.001))
    assert state(asked(worse, bounds), "errors") == "wait"


def test_a_slower_candidate_goes_back_and_a_faster_goes_on() -> None:
    slow = asked(evidence_of(240, medians=(50_000, 90_000)))
    assert slow.kind == "rollback"
    assert "Median " in slow.sentence
    assert "+25 % or 20 ms is allowed" in slow.sentence
    assert state(asked(evidence_of(240, medians=(50_000, 20_000))), "latency") == "pass"


def test_slowness_that_nobody_feels_is_let_be() -> None:
    verdict = asked(evidence_of(240, medians=(1_000, 4_000)))
    assert state(verdict, "latency") == "pass"


def test_a_slow_tail_alone_goes_back() -> None:
    rng = Random(2)
    evidence = begin(QUICK)
    for at in ticks(240):
        legacy, candidate = side(rng, 40, 0), side(rng, 34, 0)
        tail = side(rng, 6, 0, median_us=900_000)
        buckets = dict(candidate.buckets)
        for bucket, count in tail.buckets.items():
            buckets[bucket] = buckets.get(bucket, 0) + count
        evidence = gather(evidence, window(at, legacy, ArmWindow(40, 0, buckets)))
    verdict = asked(evidence)
    assert verdict.kind == "rollback"
    assert verdict.sentence.startswith("Back to legacy. P99 ")


def test_a_late_slowness_shows_in_the_last_minutes() -> None:
    good = evidence_of(1_000, attempts=(10, 10))
    good = replace_time(good, 3_000 * SECOND)
    slow = evidence_of(900, attempts=(20, 20), medians=(50_000, 100_000), before=good)
    verdict = asked(slow)
    assert verdict.kind == "rollback"


def replace_time(evidence: Evidence, later_us: int) -> Evidence:
    """As if nobody had come for a while, so that a new block of latency begins."""
    return gather(
        evidence,
        window(
            (evidence.ended_at_us + later_us, evidence.ended_at_us + later_us + SECOND),
            ArmWindow(1, 0, {500: 1}),
            ArmWindow(1, 0, {500: 1}),
        ),
    )


def test_slow_moments_of_one_side_are_no_slow_side() -> None:
    """Every tenth second one side stands still; both do so as often: no verdict against either."""
    rng = Random(4)
    for _ in range(3):
        evidence = begin(QUICK)
        for at in ticks(400):
            medians = [200_000.0 if rng.random() < 0.15 else 50_000.0 for _ in range(2)]
            legacy, candidate = (side(rng, 20, 0, median, 0.2) for median in medians)
            evidence = gather(evidence, window(at, legacy, candidate))
        assert evidence.groups["reads"].latency.spreads[1].dispersion > 2
        assert asked(evidence).kind != "rollback"


def test_diverging_answers_go_back_or_stay_in_shadow() -> None:
    evidence = evidence_of(compared=10, diverged=1)
    assert asked(evidence).kind == "rollback"
    verdict = asked(evidence, phase=Phase.SHADOW)
    assert verdict.kind == "hold"
    assert "120 of 1,200 compared answers differ; more than the 0.50 % allowed" in verdict.sentence


def test_answers_that_differed_before_a_gap_are_told_as_such() -> None:
    evidence = evidence_of(compared=10, diverged=1)
    at = (evidence.ended_at_us, evidence.ended_at_us + SECOND)
    gap = gather(evidence, window(at, ArmWindow(), ArmWindow(), is_whole=False))
    gate = asked(gap, phase=Phase.SHADOW).find("divergence")
    assert gate is not None
    assert gate.state == "fail"
    assert gate.sentence.startswith("Answers differed; more than the 0.50 % allowed, and the odds")
    assert gate.sentence.endswith(". Since reports were missing: no answers were compared.")


def test_comparison_that_is_missing_waits() -> None:
    bounds = replace(QUICK, compared_min=50)
    verdict = asked(bounds=bounds)
    assert verdict.kind == "hold"
    assert state(verdict, "divergence") == "wait"
    assert state(verdict, "compared") == "wait"
    assert asked(evidence_of(240, compared=20, bounds=bounds), bounds).kind == "advance"


def test_no_divergence_at_all_can_be_asked_for() -> None:
    bounds = replace(QUICK, divergence_max=0.0, compared_min=50)
    clean = evidence_of(compared=1, bounds=bounds)
    assert state(asked(clean, bounds), "divergence") == "pass"
    at = (clean.ended_at_us, clean.ended_at_us + SECOND)
    one = gather(clean, window(at, ArmWindow(), ArmWindow(), compared=1, diverged=1))
    assert state(asked(one, bounds), "divergence") == "fail"


def test_a_bound_made_looser_is_not_judged_by_bets_on_the_old_one() -> None:
    evidence = evidence_of(compared=20, diverged=1)
    assert state(asked(evidence, replace(QUICK, divergence_max=0.2)), "divergence") == "pass"


@pytest.mark.parametrize(
    ("bounds", "more", "gate", "said"),
    [
        ({"requests_min": 20_000}, {}, "requests", "9,600 of 20,000 attempts"),
        ({"time_min_us": 60 * MINUTE_US}, {}, "time", "It has to stand for 60 min: 56 min left."),
        ({}, {"data_missing": {"orders": "12 rows differ"}}, "data", "orders (12 rows differ)"),
        ({"rehearsed": True}, {"rehearsal_missing": "none yet"}, "rehearsal", "none yet"),
        ({"approval": True}, {}, "approval", "A person has to say yes."),
        ({}, {"held_why": "rolled back"}, "held", "It is held: rolled back"),
        ({}, {"frozen_why": "Black Friday"}, "freeze", "Black Friday"),
        ({}, {"notice_us": MINUTE_US}, "notice", "they were not yet"),
        ({}, {"notice_us": 1, "notice_until_us": START + 600 * SECOND}, "notice", "6 min left"),
    ],
)  # fmt: skip
def test_each_gate_alone_keeps_it_from_going_on(
    bounds: dict[str, object], more: dict[str, object], gate: GateName, said: str
) -> None:
    verdict = asked(GOOD, replace(QUICK, **bounds), **more)  # type: ignore[arg-type]
    assert verdict.kind == "hold"
    assert said in verdict.sentence
    assert verdict.waits_only_for(gate)


def test_agreements_that_were_given_let_it_go_on() -> None:
    bounds = replace(QUICK, approval=True, rehearsed=True, data=("orders",))
    verdict = asked(GOOD, bounds, is_approved=True, notice_us=MINUTE_US, notice_until_us=START)
    assert verdict.kind == "advance"
    assert not verdict.waits_only_for("notice")


@pytest.mark.parametrize("is_candidate_asked", [True, False])
def test_a_person_is_asked_for_phases_and_not_for_the_steps_of_one(
    is_candidate_asked: bool,
) -> None:
    bounds = replace(QUICK, approval=True)
    for stays_in_phase, kind in ((True, "advance"), (False, "hold")):
        verdict = asked(
            GOOD, bounds, stays_in_phase=stays_in_phase, is_candidate_asked=is_candidate_asked
        )
        assert verdict.kind == kind


def test_a_gap_or_an_old_report_waits() -> None:
    at = (GOOD.ended_at_us, GOOD.ended_at_us + SECOND)
    gap = gather(GOOD, window(at, ArmWindow(), ArmWindow(), is_whole=False))
    assert asked(gap).kind == "hold"
    assert "Reports are missing" in asked(gap).sentence
    whole = evidence_of(30, before=gap)
    assert state(asked(whole), "reports") == "pass"
    gate = asked(whole).find("requests")
    assert gate is not None
    assert gate.numbers["attempts"] == 1_200
    old = asked(GOOD, now_us=GOOD.ended_at_us + 5 * MINUTE_US)
    assert old.kind == "hold"
    assert "The last report is 5 min old." in old.sentence
    ahead = asked(GOOD, now_us=GOOD.ended_at_us - SECOND)
    assert ahead.kind == "hold"
    assert "the clock was set back" in ahead.sentence


def test_time_counts_from_the_last_gap() -> None:
    bounds = replace(QUICK, time_min_us=4 * MINUTE_US)
    assert state(asked(bounds=bounds), "time") == "pass"
    at = (GOOD.ended_at_us, GOOD.ended_at_us + SECOND)
    gap = gather(GOOD, window(at, ArmWindow(), ArmWindow(), is_whole=False))
    assert state(asked(gap, bounds), "time") == "wait"


def test_an_ejected_candidate_waits_and_goes_back_when_its_errors_confirm_it() -> None:
    at = (GOOD.ended_at_us, GOOD.ended_at_us + SECOND)
    quiet = gather(GOOD, window(at, ArmWindow(40), ArmWindow(), is_ejected=True))
    assert asked(quiet).kind == "hold"
    fresh = begin(QUICK)
    failing = ArmWindow(6, 6, {}, customers=1, failing={7: 6})
    ejected = gather(fresh, window(at, ArmWindow(40, 0, {500: 40}, 30), failing, is_ejected=True))
    verdict = asked(ejected)
    assert verdict.kind == "rollback"
    assert "taken out of rotation after 6 of its last 6 attempts failed" in verdict.sentence
    both = gather(fresh, window(at, ArmWindow(40, 38), failing, is_ejected=True))
    assert asked(both).kind == "hold"


def test_a_route_of_writes_only_is_taken_over_by_a_persons_word() -> None:
    empty = begin(QUICK)
    blind = asked(empty, now_us=START + MINUTE_US, is_candidate_asked=False)
    assert blind.kind == "hold"
    assert blind.waits_only_for("approval")
    said = asked(empty, now_us=START + MINUTE_US, is_candidate_asked=False, is_approved=True)
    assert said.kind == "advance"


def test_legacy_goes_to_shadow_without_evidence() -> None:
    bounds = DEFAULT_BOUNDS[Phase.LEGACY]
    verdict = asked(begin(bounds), bounds, now_us=START, phase=Phase.LEGACY)
    assert verdict.kind == "advance"
    assert (
        asked(begin(bounds), bounds, now_us=START, phase=Phase.LEGACY, held_why="no").kind == "hold"
    )


def test_more_waits_than_can_be_read_are_counted() -> None:
    verdict = judge(
        begin(QUICK),
        Situation(
            phase=Phase.RAMP,
            bounds=replace(QUICK, approval=True),
            now_us=START,
            entered_at_us=START,
            held_why="x",
            frozen_why="y",
        ),
    )
    assert verdict.sentence.endswith("And 4 more.")


def test_a_wait_for_customers_whom_legacy_keeps_says_so() -> None:
    evidence = begin(QUICK)
    rng = Random(8)
    for at in ticks(5):
        evidence = gather(evidence, window(at, side(rng, 40, 0.0), ArmWindow()))
    kept = asked(evidence, is_legacy_asked_after_write=True).find("requests")
    free = asked(evidence).find("requests")
    assert kept is not None
    assert free is not None
    assert kept.sentence.startswith("0 of ")
    assert kept.sentence.endswith("Legacy answers who has just written there.")
    assert "just written" not in free.sentence


def test_writes_are_told_apart_in_the_sentence() -> None:
    evidence = GOOD
    rng = Random(8)
    for at in ticks(60, start_us=GOOD.ended_at_us):
        arms = (side(rng, 40, 0.0), side(rng, 40, 0.1))
        evidence = gather(evidence, window(at, *arms, group="writes"))
    verdict = asked(evidence)
    assert verdict.kind == "rollback"
    assert "Writes: candidate " in verdict.sentence


def test_a_wait_for_timings_says_of_what_there_are_too_few() -> None:
    few = asked(evidence_of(2)).find("latency")
    assert few is not None
    assert "80 of 100 answers of legacy seen" in few.sentence
    brief = asked(evidence_of(8)).find("latency")
    assert brief is not None
    assert "20 s with answers of both sides are needed" in brief.sentence
