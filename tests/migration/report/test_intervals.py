"""Intervals of 95 % from minutes: they hold that often, also where a minute's requests are alike."""

from math import exp, log
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from banyan.gateway import bucket_of, bucket_us
from banyan.migration.model.report import Estimate
from banyan.migration.rules.report.intervals import difference, quantile, ratio, share


def minute(rng: Random, answers: int, median_us: float, mood: float = 0.0) -> dict[int, int]:
    """A minute's histogram; all of its answers share a ``mood``."""
    shift = exp(rng.gauss(0, mood)) if mood else 1.0
    found: dict[int, int] = {}
    for _ in range(answers):
        bucket = bucket_of(int(median_us * shift * exp(rng.gauss(0, 0.4))))
        found[bucket] = found.get(bucket, 0) + 1
    return found


def test_quantiles_are_covered_as_often_as_is_said() -> None:
    rng = Random(1)
    for mood, most in ((0.0, 14), (0.3, 18)):
        missed = 0
        for _ in range(150):
            found = quantile([minute(rng, 30, 50_000, mood) for _ in range(40)], 0.5)
            assert found
            assert found.low is not None
            assert found.high is not None
            missed += not found.low / 1.01 <= 50_000 <= found.high * 1.01
        assert missed <= most


def test_minutes_that_are_alike_count_for_less() -> None:
    rng = Random(2)
    steady = quantile([minute(rng, 50, 50_000) for _ in range(40)], 0.5)
    moody = quantile([minute(rng, 50, 50_000, 0.4) for _ in range(40)], 0.5)
    assert steady
    assert moody
    assert log((moody.high or 0) / (moody.low or 1)) > 2 * log(
        (steady.high or 0) / (steady.low or 1)
    )


def test_a_tail_without_enough_answers_has_no_interval() -> None:
    rng = Random(3)
    found = quantile([minute(rng, 5, 50_000) for _ in range(10)], 0.99)
    assert found
    assert found.low is None
    assert quantile([], 0.5) is None


def test_a_few_minutes_have_no_interval() -> None:
    assert quantile([{500: 1_000}] * 4, 0.5) == Estimate(bucket_us(500))
    assert share([1, 2, 3], [100, 100, 100]) == Estimate(0.02)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 1_000)), min_size=5, max_size=40),
)
def test_a_share_lies_in_its_interval(minutes: list[tuple[int, int]]) -> None:
    hits = [min(hit, count) for hit, count in minutes]
    found = share(hits, [count for _, count in minutes])
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value <= found.high + 1e-12 <= 1 + 1e-9


def test_shares_are_covered_as_often_as_is_said() -> None:
    rng = Random(4)
    missed = 0
    for _ in range(200):
        counts = [rng.randrange(20, 80) for _ in range(30)]
        hits = [sum(rng.random() < 0.03 for _ in range(count)) for count in counts]
        found = share(hits, counts)
        missed += not (found.low or 0) <= 0.03 <= (found.high or 0)
    assert missed <= 20


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(1.001, 2), st.floats(1.001, 2))
def test_a_ratio_is_that_of_the_figures_and_turns_round(
    one: float, other: float, first: float, second: float
) -> None:
    before = Estimate(one, one / first, one * first)
    after = Estimate(other, other / second, other * second)
    there, back = ratio(before, after), ratio(after, before)
    assert there
    assert back
    assert abs(there.value * one / other - 1) < 1e-9
    assert abs((there.low or 0) * (back.high or 0) - 1) < 1e-9
    assert (there.low or 0) < there.value < (there.high or 0)


def test_what_has_no_ends_gives_none() -> None:
    assert difference(Estimate(1.0), Estimate(3.0, 2.0, 4.0)) == Estimate(2.0)
    assert ratio(Estimate(0.0), Estimate(1.0)) is None
