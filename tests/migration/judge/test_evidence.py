"""What a window adds, what takes it away, and what is kept over a crash and a step."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import log
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from banyan.migration.model.bounds import Bounds
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import Verdict
from banyan.migration.rules.judge import Evidence, begin, gather, judge, resumed, set_back
from banyan.migration.rules.judge.betting import REPEATS_MAX
from banyan.migration.rules.judge.eprocess import MOMENT_US
from tests.migration.judge.traffic import QUICK, SECOND, START, side, situation, ticks, window


def _arm(attempts: int, errors: int, buckets: dict[int, int]) -> ArmWindow:
    return ArmWindow(attempts, min(attempts, errors), buckets)


arms = st.builds(
    _arm,
    st.integers(0, 50),
    st.integers(0, 50),
    st.dictionaries(st.integers(300, 700), st.integers(1, 20), max_size=6),
)
windows = st.lists(
    st.builds(
        Window,
        began_at_us=st.just(0),
        ended_at_us=st.just(0),
        legacy=arms,
        candidate=arms,
        compared=st.integers(5, 9),
        diverged=st.integers(0, 5),
        is_whole=st.booleans(),
        is_ejected=st.booleans(),
        group=st.sampled_from(["reads", "writes"]),
    ),
    max_size=12,
)


def gathered(found: list[Window], evidence: Evidence | None = None) -> Evidence:
    evidence = begin(QUICK) if evidence is None else evidence
    for at, one in zip(ticks(len(found)), found, strict=True):
        evidence = gather(evidence, replace(one, began_at_us=at[0], ended_at_us=at[1]))
    return evidence


@settings(max_examples=60)
@given(windows, st.integers(0, 12))
def test_a_crash_in_between_changes_nothing(found: list[Window], cut: int) -> None:
    """Evidence that went to JSON and came back goes on as if nothing had happened."""
    straight = gathered(found)
    evidence = begin(QUICK)
    for i, (at, one) in enumerate(zip(ticks(len(found)), found, strict=True)):
        if i == cut:
            evidence = json.decode(json.encode(evidence), type=Evidence)
        evidence = gather(evidence, replace(one, began_at_us=at[0], ended_at_us=at[1]))
    assert evidence == straight
    assert json.decode(json.encode(straight), type=Evidence) == straight
    now = situation(START + 60 * SECOND)
    assert judge(evidence, now) == judge(straight, now)


@settings(max_examples=60)
@given(windows, st.integers(1, 10_000))
def test_evidence_of_a_clock_that_was_set_back_is_as_if_it_had_always_been_slower(
    found: list[Window], moments: int
) -> None:
    by_us = moments * MOMENT_US
    slower = begin(QUICK)
    for at, one in zip(ticks(len(found), start_us=START - by_us), found, strict=True):
        slower = gather(slower, replace(one, began_at_us=at[0], ended_at_us=at[1]))
    assert set_back(gathered(found), by_us) == slower


def test_evidence_of_later_than_now_is_gone_on_with_as_of_now() -> None:
    saved = gathered([window((0, 0), ArmWindow(40), ArmWindow(40)) for _ in range(9)])
    evidence = resumed(saved, begin(QUICK), START - 3_600 * SECOND)
    assert evidence.began_at_us < evidence.ended_at_us == START - 3_600 * SECOND
    assert evidence.whole_since_us == evidence.ended_at_us


@given(windows)
def test_gathering_leaves_what_was_there_as_it_was(found: list[Window]) -> None:
    before = gathered(found)
    copy = json.encode(before)
    at = (START + 99 * SECOND, START + 100 * SECOND)
    gather(before, window(at, ArmWindow(5, 1, {400: 4}), ArmWindow(5, 2, {400: 3})))
    assert json.encode(before) == copy


@given(st.dictionaries(st.integers(300, 700), st.integers(1, 20), max_size=6), st.randoms())
def test_order_within_a_window_means_nothing(buckets: dict[int, int], rng: Random) -> None:
    def of(pairs: Mapping[int, int]) -> Evidence:
        arm = ArmWindow(200, 3, pairs, 9, {4: 1, 7: 2})
        return gathered([window((0, 0), arm, arm)])

    shuffled = list(buckets.items())
    rng.shuffle(shuffled)
    assert of(buckets) == of(dict(shuffled))


def test_a_gap_takes_away_what_spoke_for_the_candidate_only() -> None:
    rng = Random(3)
    bad = [window((0, 0), side(rng, 50, 0), side(rng, 50, 0.1)) for _ in range(10)]
    before = gathered(bad)
    gap = window(
        (START + 60 * SECOND, START + 61 * SECOND), ArmWindow(), ArmWindow(), is_whole=False
    )
    after = gather(before, gap)
    assert before.groups["reads"].tally.candidate == 500
    assert after.groups["reads"].tally.candidate == 0
    assert not after.groups["reads"].latency.candidate
    assert after.groups["reads"].errors.log_e == before.groups["reads"].errors.log_e > log(10)
    assert after.whole_since_us == gap.ended_at_us
    assert after.gaps == 1


def test_the_next_step_keeps_legacys_baseline_and_nothing_else() -> None:
    first = gathered([window((0, 0), ArmWindow(600, 3, {500: 597}), ArmWindow(600, 9, {500: 591}))])
    second = begin(QUICK, first)
    assert second.groups["reads"].baseline.legacy == 600
    assert second.groups["reads"].tally.candidate == 0
    assert second.groups["reads"].errors.bets == 0
    more = gathered([window((0, 0), ArmWindow(600, 0, {500: 600}), ArmWindow())], second)
    third = begin(QUICK, more)
    assert third.groups["reads"].baseline.legacy == 1_200
    assert third.groups["reads"].baseline_latency == {500: 1_197}
    new = gathered([window((0, 0), ArmWindow(5_000, 5, {500: 4_995}), ArmWindow())], third)
    assert begin(QUICK, new).groups["reads"].baseline.legacy == 5_000


def test_without_legacy_its_baseline_finds_a_failing_candidate() -> None:
    """After cutover, with no shadows either: writes, for one."""
    rng = Random(5)
    times = side(rng, 19_960, 0).buckets
    first = gathered([window((0, 0), ArmWindow(20_000, 40, times), ArmWindow())])
    bad = begin(QUICK, first)
    for at in ticks(60):
        bad = gather(bad, window(at, ArmWindow(), side(rng, 40, 0.05)))
    verdict = judge(bad, situation(bad.ended_at_us, phase=Phase.CANDIDATE))
    assert verdict.kind == "rollback"
    assert "legacy 0.20 % of 20,000 before;" in verdict.sentence
    good = begin(QUICK, first)
    for at in ticks(300):
        good = gather(good, window(at, ArmWindow(), side(rng, 40, 0.003)))
        assert judge(good, situation(good.ended_at_us, phase=Phase.CANDIDATE)).kind != "rollback"


def test_without_legacy_and_baseline_nothing_is_concluded() -> None:
    evidence = begin(QUICK)
    for at in ticks(100):
        evidence = gather(evidence, window(at, ArmWindow(), ArmWindow(50, 0, {500: 50})))
    verdict = judge(evidence, situation(evidence.ended_at_us))
    assert verdict.kind == "hold"
    assert "no latency of legacy's" in verdict.sentence


def test_a_candidate_that_fails_goes_back_where_legacy_was_never_seen() -> None:
    """A route of few writes after its cutover: nothing to compare with, and half of them fail."""

    def judged(seen_before: int, failed_before: int, rate: float) -> Verdict:
        rng = Random(11)
        first = gathered([window((0, 0), ArmWindow(seen_before, failed_before), ArmWindow())])
        evidence = begin(QUICK, first)
        for at in ticks(120):
            arms = ArmWindow(), side(rng, 4, rate)
            evidence = gather(evidence, window(at, *arms))
        return judge(evidence, situation(evidence.ended_at_us, phase=Phase.CANDIDATE))

    unseen = judged(0, 0, 0.5)
    assert unseen.kind == "rollback"
    assert "failed, legacy wasn't seen" in unseen.sentence
    hardly = judged(60, 0, 0.5)
    assert hardly.kind == "rollback"
    assert "legacy 0 % of 60 before;" in hardly.sentence
    assert judged(0, 0, 0.03).kind == "hold"  # which legacy may have done as well
    assert judged(60, 6, 0.1).kind == "hold"  # which it did


def test_one_customer_is_one_misfortune() -> None:
    """A robot that asks for one broken page, ten times a second for ten minutes, at the candidate."""
    evidence = begin(QUICK)
    for at in ticks(600):
        candidate = ArmWindow(20, 10, {500: 10}, customers=11, failing={7: 10})
        evidence = gather(evidence, window(at, ArmWindow(200, 0, {500: 200}, 150), candidate))
    group = evidence.groups["reads"]
    assert group.seen[7][0] == REPEATS_MAX
    assert group.cluster_size == 10
    assert group.errors.log_e < log(200)
    many = begin(QUICK)
    for second, at in enumerate(ticks(600)):
        failing = {10 * second + i: 1 for i in range(10)}
        candidate = ArmWindow(20, 10, {500: 10}, customers=20, failing=failing)
        many = gather(many, window(at, ArmWindow(200, 0, {500: 200}, 150), candidate))
    assert many.groups["reads"].errors.log_e > log(200)


def test_a_few_customers_who_all_fail_now_and_then_are_no_robots() -> None:
    """Twelve customers in all, a request each second; at the candidate a third of them fails."""
    rng = Random(3)
    first = gathered([window((0, 0), side(rng, 1_000, 0.001), ArmWindow())])

    def told(errors_of: Callable[[int], set[int]]) -> float:
        evidence = begin(QUICK, first)
        for second, at in enumerate(ticks(180)):
            failing = errors_of(second)
            asked = 4 + len(failing)
            candidate = ArmWindow(
                asked, len(failing), {500: 4}, customers=asked, failing=dict.fromkeys(failing, 1)
            )
            evidence = gather(evidence, window(at, ArmWindow(), candidate))
        return evidence.groups["reads"].errors.log_e

    assert told(lambda _: {rng.randrange(12), rng.randrange(12)}) > log(200)
    assert told(lambda _: {1, 2}) < log(200)  # two robots, whatever they ask for


def test_little_traffic_waits_for_the_other_side() -> None:
    """One attempt a tick, never both sides in one: still bet on, some seconds together."""
    evidence = begin(QUICK)
    for i, at in enumerate(ticks(200, every_us=200_000)):
        legacy = ArmWindow(1, 0, {500: 1}) if i % 2 else ArmWindow()
        candidate = ArmWindow() if i % 2 else ArmWindow(1, 1)
        evidence = gather(evidence, window(at, legacy, candidate))
    assert evidence.groups["reads"].errors.log_e > log(200)


def test_legacys_own_outage_does_not_speak_for_the_candidate() -> None:
    evidence = begin(QUICK)
    calm = window((0, 0), ArmWindow(100, 0, {500: 100}), ArmWindow(100, 1, {500: 99}))
    outage = window((0, 0), ArmWindow(100, 60, {500: 40}), ArmWindow(100, 1, {500: 99}))
    evidence = gathered([calm] * 10 + [outage] * 10, evidence)
    assert evidence.groups["reads"].tally.legacy == 1_000
    assert evidence.groups["reads"].tally.legacy_errors == 0


def test_evidence_stays_small() -> None:
    """A day of windows is no more than a few pages of JSON, as it is written every second."""
    rng = Random(9)
    evidence = begin(Bounds())
    for i, at in enumerate(ticks(1_500, every_us=60 * SECOND)):
        failing = {rng.getrandbits(60): 1 for _ in range(3)}
        arm = replace(side(rng, 30, 0.0), errors=3, customers=20, failing=failing)
        evidence = gather(evidence, window(at, arm, arm, compared=3, diverged=i % 2))
    assert len(json.encode(evidence)) < 60_000
