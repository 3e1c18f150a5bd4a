"""Numbers as people read them."""

from math import inf, log

import pytest

from banyan.migration.rules.words import change, count, duration, odds_of_chance, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1e-9, "0 %"),
        (0.00004, "0.004 %"),
        (0.0061, "0.61 %"),
        (0.123, "12.3 %"),
        (1, "100.0 %"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (480, "480 µs"),
        (12_340, "12.3 ms"),
        (345_600, "346 ms"),
        (4_100_000, "4.1 s"),
        (25 * 60_000_000, "25 min"),
        (3 * 3_600_000_000, "3 h"),
        (49 * 3_600_000_000, "2 days"),
        (inf, "unbounded"),
    ],
)
def test_duration(us: float, text: str) -> None:
    assert duration(us) == text


def test_odds_are_rounded_down() -> None:
    assert odds_of_chance(log(4_321)) == "1 in 4,300"
    assert odds_of_chance(log(57.9)) == "1 in 57"
    assert odds_of_chance(-3) == "1 in 1"
    assert odds_of_chance(400) == "1 in a million millions"


def test_changes_and_counts() -> None:
    assert change(1.25) == "+25 %"
    assert change(0.7) == "-30 %"
    assert change(inf) == "unbounded"
    assert count(98_765) == "98,765"
