"""Which attempts are set against which."""

from dataclasses import replace

from banyan.gateway import Attempt, bucket_of
from banyan.migration.model.evidence import Window
from banyan.migration.rules.judge import windows_of
from tests.migration.judge.traffic import SECOND, START

LEGACY = Attempt(
    started_at_us=START,
    route="product",
    method="GET",
    arm="legacy",
    assigned="legacy",
    status=200,
    duration_us=10_000,
    is_censored=False,
    flags="",
    request_id="a",
    customer=1,
)
CANDIDATE = replace(LEGACY, arm="candidate", assigned="candidate", request_id="b", customer=2)
IN_ITS_PLACE = replace(CANDIDATE, arm="legacy", number=2)


def windows(*attempts: Attempt, **more: int | bool) -> tuple[Window, ...]:
    return windows_of(
        attempts,
        began_at_us=START,
        ended_at_us=START + SECOND,
        **more,  # type: ignore[arg-type]
    )


def test_both_sides_are_counted() -> None:
    failed = replace(LEGACY, status=503, customer=3)
    (window,) = windows(LEGACY, failed, replace(LEGACY, status=404), CANDIDATE, compared=7)
    assert (window.legacy.attempts, window.legacy.errors) == (3, 1)
    assert (window.legacy.customers, window.legacy.failing) == (2, {3: 1})
    assert window.legacy.buckets == {bucket_of(10_000): 2}
    assert (window.candidate.attempts, window.candidate.errors) == (1, 0)
    assert window.compared == 7


def test_legacy_in_the_candidates_place_is_no_sample_of_legacys() -> None:
    failed = replace(CANDIDATE, status=500)
    (window,) = windows(LEGACY, failed, replace(IN_ITS_PLACE, status=500))
    assert (window.legacy.attempts, window.legacy.errors) == (1, 0)
    assert (window.candidate.attempts, window.candidate.errors) == (1, 1)


def test_a_candidate_that_hangs_fails() -> None:
    hung = replace(CANDIDATE, status=0, is_censored=True, duration_us=1_000_000)
    (window,) = windows(hung, IN_ITS_PLACE)
    assert (window.candidate.attempts, window.candidate.errors) == (1, 1)
    assert window.candidate.buckets == {}
    assert window.candidate.failing == {2: 1}


def test_customers_who_left_are_no_failures() -> None:
    left = replace(CANDIDATE, status=0, is_censored=True)
    (window,) = windows(left, replace(LEGACY, status=0, is_censored=True))
    assert window.candidate.attempts == window.legacy.attempts == 0


def test_writes_stand_apart() -> None:
    reads, writes = windows(LEGACY, replace(LEGACY, method="POST"), diverged=2)
    assert (reads.group, reads.legacy.attempts, reads.diverged) == ("reads", 1, 2)
    assert (writes.group, writes.legacy.attempts, writes.diverged) == ("writes", 1, 0)


def test_customers_who_are_not_known_are_not_counted_as_one() -> None:
    (window,) = windows(replace(LEGACY, customer=0), replace(LEGACY, customer=0, status=500))
    assert window.legacy.customers == 0
    assert window.legacy.failing == {}


def test_gaps_and_ejections_are_told_of() -> None:
    (window,) = windows(is_whole=False, is_ejected=True)
    assert not window.is_whole
    assert window.is_ejected
