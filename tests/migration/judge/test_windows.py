"""Which attempts are set against which."""

from banyan.gateway import ArmCounts, RouteCounts
from banyan.migration.model.plan import Phase
from banyan.migration.rules.judge import windows_of
from tests.migration.judge.traffic import SECOND, START


def counts(**arms: ArmCounts | int | bool) -> RouteCounts:
    return RouteCounts(
        route="product",
        began_at_us=START,
        ended_at_us=START + SECOND,
        **arms,  # type: ignore[arg-type]
    )


ALL = counts(
    legacy=ArmCounts(90, 1, 0, {500: 89}),
    candidate=ArmCounts(10, 2, 0, {480: 8}),
    shadow_legacy=ArmCounts(20, 3, 0, {510: 17}),
    shadow_candidate=ArmCounts(30, 4, 0, {490: 26}),
)


def test_in_shadow_the_candidates_shadows_stand_against_legacys_customers() -> None:
    (window,) = windows_of(ALL, Phase.SHADOW, compared=7, diverged=1)
    assert (window.legacy.attempts, window.candidate.attempts) == (90, 30)
    assert (window.compared, window.diverged) == (7, 1)


def test_while_both_serve_customers_stand_against_customers() -> None:
    (window,) = windows_of(ALL, Phase.RAMP)
    assert (window.legacy.attempts, window.candidate.attempts) == (90, 10)
    assert window.candidate.buckets == {480: 8}


def test_after_cutover_legacys_shadows_join() -> None:
    (window,) = windows_of(ALL, Phase.CANDIDATE)
    assert (window.legacy.attempts, window.legacy.errors) == (110, 4)
    assert window.legacy.buckets == {500: 89, 510: 17}


def test_writes_stand_apart() -> None:
    reads, writes = windows_of(
        counts(legacy=ArmCounts(5), writes_legacy=ArmCounts(3, 1)), Phase.RAMP, compared=2
    )
    assert (reads.group, reads.legacy.attempts, reads.compared) == ("reads", 5, 2)
    assert (writes.group, writes.legacy.attempts, writes.compared) == ("writes", 3, 0)


def test_a_candidate_that_hangs_fails() -> None:
    """Legacy overtook 6 of its attempts, which count nowhere, and answered for 2 that failed."""
    hung = counts(candidate=ArmCounts(10, 2, 7, {480: 8}), fall_backs=8)
    (window,) = windows_of(hung, Phase.CANARY)
    assert (window.candidate.attempts, window.candidate.errors) == (16, 8)


def test_customers_who_left_are_no_failures() -> None:
    (window,) = windows_of(counts(candidate=ArmCounts(10, 0, 7, {480: 10})), Phase.CANARY)
    assert (window.candidate.attempts, window.candidate.errors) == (10, 0)


def test_gaps_and_ejections_are_told_of() -> None:
    (window,) = windows_of(counts(is_whole=False), Phase.CANARY, is_ejected=True)
    assert not window.is_whole
    assert window.is_ejected
