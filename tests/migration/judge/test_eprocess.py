"""The bets: fair to a candidate that is no worse, and quick to find one that is."""

from math import comb, exp, log
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from banyan.migration.rules.judge.eprocess import (
    MOMENT_GAIN_MAX,
    MOMENT_US,
    ODDS,
    EProcess,
    against_concurrent,
    against_rate,
)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 80))
def test_bets_against_legacy_of_the_same_moment_are_fair(
    candidate: int, legacy: int, errors: int
) -> None:
    errors = min(errors, candidate + legacy)
    expected = [0.0] * len(ODDS)
    for k in range(max(0, errors - legacy), min(errors, candidate) + 1):
        chance = comb(candidate, k) * comb(legacy, errors - k) / comb(candidate + legacy, errors)
        factors = against_concurrent(candidate, k, legacy, errors - k) or (0.0,) * len(ODDS)
        expected = [e + chance * exp(f) for e, f in zip(expected, factors, strict=True)]
    assert all(abs(value - 1) < 1e-6 for value in expected)


def test_bets_on_very_many_errors_are_at_most_fair_and_can_be_won() -> None:
    candidate, legacy, errors = 1_200, 1_600, 2_100
    expected = [0.0] * len(ODDS)
    whole = comb(candidate + legacy, errors)
    for k in range(errors - legacy, candidate + 1):
        ways = comb(candidate, k) * comb(legacy, errors - k)
        factors = against_concurrent(candidate, k, legacy, errors - k)
        assert factors
        expected = [
            e + exp(log(ways) - log(whole) + f) for e, f in zip(expected, factors, strict=True)
        ]
    assert all(value <= 1 + 1e-6 for value in expected)
    assert max(against_concurrent(3_000, 3_000, 3_000, 0) or ()) > log(200)


@given(st.integers(1, 60), st.floats(0.0001, 0.5), st.floats(0, 1))
def test_bets_against_a_rate_are_at_most_fair_below_it(
    attempts: int, rate_max: float, part: float
) -> None:
    rate = rate_max * part
    expected = [0.0] * len(ODDS)
    for k in range(attempts + 1):
        chance = comb(attempts, k) * rate**k * (1 - rate) ** (attempts - k)
        factors = against_rate(attempts, k, rate_max)
        assert factors
        expected = [e + chance * exp(f) for e, f in zip(expected, factors, strict=True)]
    assert all(value <= 1 + 1e-6 for value in expected)


def test_no_bet_where_nothing_can_be_learnt() -> None:
    assert against_concurrent(10, 0, 10, 0) is None
    assert against_concurrent(10, 3, 0, 0) is None
    assert against_concurrent(0, 0, 10, 3) is None
    assert against_rate(0, 0, 0.1) is None


def test_a_moment_wins_no_more_than_it_may_unless_all_fails() -> None:
    factors = against_concurrent(50, 10, 50, 0)
    assert factors
    once = EProcess().after(factors, 10)
    assert max(once.whole) <= MOMENT_GAIN_MAX + 1e-9
    twice = once.after(factors, 20)
    assert max(twice.whole) <= MOMENT_GAIN_MAX + 1e-9
    later = twice.after(factors, 10 + MOMENT_US)
    assert MOMENT_GAIN_MAX < max(later.whole) <= 2 * MOMENT_GAIN_MAX + 1e-9
    total = EProcess().after(factors, 10, is_total=True)
    assert max(total.whole) == max(factors) > MOMENT_GAIN_MAX


def test_a_bad_hour_of_legacy_is_no_hole() -> None:
    """After legacy failed a thousand times evidence against the candidate counts all the same."""
    money, at = EProcess(), 0
    for _ in range(100):
        at += MOMENT_US
        money = money.after(against_concurrent(100, 0, 100, 10) or (), at)
    assert max(money.whole) < -100
    at += 600_000_000
    for _ in range(40):
        at += MOMENT_US
        money = money.after(against_concurrent(100, 3, 100, 0) or (), at)
    assert money.log_e > log(200)


def test_false_alarms_stay_below_what_was_promised_at_every_look() -> None:
    """300 runs of 400 looks at a threshold of 20: at most 5 % may ever reach it."""
    rng = Random(7)
    alarms = 0
    for _ in range(300):
        money, at = EProcess(), 0
        for look in range(400):
            at += MOMENT_US
            rate = 0.02 if look % 100 < 50 else 0.1  # the hour changes both sides
            k = sum(rng.random() < rate for _ in range(10))
            j = sum(rng.random() < rate for _ in range(10))
            bet = against_concurrent(10, k, 10, j)
            money = money if bet is None else money.after(bet, at)
            if money.log_e >= log(20):
                alarms += 1
                break
    assert alarms <= 15


def test_a_total_failure_takes_a_handful_of_attempts() -> None:
    """At a canary's share six failures are enough for 1 in 200; at half of the traffic ten."""
    money = EProcess()
    for attempt in range(1, 7):
        money = money.after(against_concurrent(1, 1, 99, 0) or (), attempt * MOMENT_US)
    assert money.log_e > log(200)
    even = EProcess().after(against_concurrent(10, 10, 10, 0) or (), MOMENT_US, is_total=True)
    assert even.log_e > log(200)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), max_size=20))
def test_it_goes_to_json_and_comes_back(windows: list[tuple[int, int]]) -> None:
    money = EProcess()
    for at, (attempts, errors) in enumerate(windows):
        bet = against_rate(attempts, min(errors, attempts), 0.01)
        assert bet
        money = money.after(bet, at * MOMENT_US)
    assert json.decode(json.encode(money), type=EProcess) == money
