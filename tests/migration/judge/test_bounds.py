"""Intervals that hold at every look at once."""

from math import inf
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from banyan.gateway import bucket_of, bucket_us
from banyan.migration.rules.judge.bounds import quantile_interval, share_interval


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_share_lies_within_its_interval(errors: int, good: int) -> None:
    interval = share_interval(errors, errors + good, 0.01)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


@given(st.integers(0, 50), st.integers(1, 2_000), st.integers(2, 20))
def test_more_of_the_same_narrows_it(errors: int, good: int, times: int) -> None:
    few = share_interval(errors, errors + good, 0.01)
    many = share_interval(errors * times, (errors + good) * times, 0.01)
    assert many.high - many.low <= few.high - few.low + 1e-9


def test_nothing_seen_means_nothing_known() -> None:
    unknown = share_interval(0, 0, 0.01)
    assert (unknown.low, unknown.high) == (0.0, 1.0)
    assert quantile_interval({}, 0.5, 0.01) is None


def test_figures_that_people_can_check() -> None:
    """No failure in 1,000: below 0.75 %; the classical bound for one look is 0.46 %."""
    assert 0.0046 < share_interval(0, 1_000, 0.01).high < 0.0075
    wide = share_interval(500, 1_000, 0.01)
    assert 0.42 < wide.low < 0.46
    assert 0.54 < wide.high < 0.58


def test_shares_are_covered_at_all_looks_together() -> None:
    rng = Random(11)
    for rate in (0.005, 0.3):
        missed = 0
        for _ in range(150):
            errors = attempts = 0
            for _ in range(25):
                errors += sum(rng.random() < rate for _ in range(40))
                attempts += 40
                interval = share_interval(errors, attempts, 0.1)
                if not interval.low <= rate <= interval.high:
                    missed += 1
                    break
        assert missed <= 15


def test_quantiles_are_covered_at_all_looks_together() -> None:
    rng = Random(13)
    for part in (0.5, 0.9):
        truth = 10_000 + part * 90_000
        missed = 0
        for _ in range(150):
            histogram: dict[int, int] = {}
            for _ in range(12):
                for _ in range(60):
                    bucket = bucket_of(int(10_000 + rng.random() * 90_000))
                    histogram[bucket] = histogram.get(bucket, 0) + 1
                interval = quantile_interval(histogram, part, 0.1)
                assert interval
                low, high = interval.low / 1.02, interval.high * 1.02
                if not low <= truth <= high:
                    missed += 1
                    break
        assert missed <= 15


def test_a_tail_needs_answers_before_it_has_an_upper_bound() -> None:
    def of(answers: int) -> float:
        interval = quantile_interval({500: answers // 2, 520: answers - answers // 2}, 0.99, 0.005)
        assert interval
        return interval.high

    assert of(300) == inf
    assert of(5_000) == bucket_us(520)


def test_dispersion_widens() -> None:
    histogram = dict.fromkeys(range(400, 500), 20)
    plain = quantile_interval(histogram, 0.5, 0.01)
    wide = quantile_interval(histogram, 0.5, 0.01, dispersion=4)
    assert plain
    assert wide
    assert wide.low < plain.low < plain.estimate < plain.high < wide.high
    assert wide.estimate == plain.estimate
