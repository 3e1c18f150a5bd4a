"""Noise is told from divergence by how often, not by whether it was ever seen."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from banyan.comparison import Rates, significance
from banyan.comparison.rules.noise import CONVINCING, e_value, is_noise


def rates(both: int = 0, between: int = 0, within: int = 0, *, of: int, lone: tuple[int, int] = (0, 0)) -> Rates:  # fmt: skip
    return Rates(of, both, between, within, lone[1], lone[0])


@pytest.mark.parametrize(
    ("between", "within"), [(0, 0), (1, 0), (7, 0), (3, 9), (40, 12), (400, 390)]
)
def test_the_e_value_is_the_mean_likelihood_ratio(between: int, within: int) -> None:
    def ratio(t: float) -> float:
        return 2 * (2 * t) ** between * (2 * (1 - t)) ** within

    mean, _ = integrate.quad(ratio, 0.5, 1, limit=200)
    assert math.isclose(e_value(between, within), mean, rel_tol=1e-6)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_e_value_is_a_number_for_any_counts(between: int, within: int) -> None:
    assert 0 <= e_value(between, within) < math.inf


@given(st.integers(0, 200), st.integers(0, 200))
def test_more_differences_between_the_sides_are_more_evidence(between: int, within: int) -> None:
    assert e_value(between + 1, within) > e_value(between, within)
    assert e_value(between, within + 1) < e_value(between, within)


def test_noise_alone_seldom_ever_convinces_however_often_one_looks() -> None:
    """Ville: at most one in twenty. A fixed seed; 600 fields of 400 coin flips, looked at each time."""
    dice = random.Random(5)
    alarms = 0
    for _ in range(600):
        between = 0
        for flips in range(1, 401):
            between += dice.random() < 0.5
            if e_value(between, flips - between) >= CONVINCING:
                alarms += 1
                break
    assert alarms / 600 <= 0.05


@pytest.mark.parametrize(
    ("seen", "noisy"),
    [
        (rates(100, of=100), True),
        (rates(10, 3, 5, of=100), True),
        (rates(0, 10, 9, of=200), True),
        (rates(100, of=100, lone=(50, 50)), True),
        (rates(20, 2, 2, of=200, lone=(12, 100)), True),
        (rates(0, 99, 1, of=100), False),
        (rates(1, 99, 0, of=100), False),
        (rates(2, 198, 0, of=200), False),
        (rates(1, 0, 1, of=200, lone=(200, 200)), False),
        (rates(0, 1, 0, of=1), False),
        (rates(1, of=1), False),
        (rates(0, 0, 0, of=0, lone=(5, 5)), False),
    ],
)
def test_what_is_put_down_to_noise(seen: Rates, noisy: bool) -> None:
    assert is_noise(seen) == noisy


def test_a_verdict_has_its_numbers() -> None:
    seen = significance(rates(1, 99, 0, of=100))
    assert seen.is_beyond_noise
    assert seen.sentence == (
        "The sides differ here in 100 of 100 requests, two answers of legacy in 1 of 100: "
        "more often than chance (e-value over 1,000)."
    )
    noise = significance(rates(5, 4, 5, of=100))
    assert not noise.is_beyond_noise
    assert "no more often than legacy differs from itself" in noise.sentence
    unknown = significance(rates(of=0, lone=(3, 9)))
    assert "none of them had a second answer" in unknown.sentence


def test_a_loss_is_seen_within_a_few_requests() -> None:
    assert e_value(6, 0) < CONVINCING < e_value(7, 0)
