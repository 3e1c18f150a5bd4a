from datetime import UTC, datetime, timedelta, timezone

import pytest

from banyan.kernel import Clock, FastClock, FixedClock, SystemClock

AT = datetime(2018, 3, 1, 12, 0, tzinfo=UTC)


def test_a_fixed_clock_stands_until_moved() -> None:
    clock = FixedClock(AT)
    assert clock.now() == clock.now() == AT
    clock.advance(timedelta(days=7))
    assert clock.now() == AT + timedelta(days=7)
    with pytest.raises(AssertionError):
        clock.advance(timedelta(microseconds=-1))


def test_a_fast_clock_runs_forward_from_its_start() -> None:
    clock = FastClock(AT, speed=86_400)
    first = clock.now()
    while (second := clock.now()) == first:
        pass
    assert AT <= first < second < AT + timedelta(days=300)
    with pytest.raises(AssertionError):
        FastClock(AT, speed=0)


@pytest.mark.parametrize("clock", [SystemClock(), FixedClock(AT), FastClock(AT, 2)])
def test_every_clock_is_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_another_time_zone_is_turned_into_utc() -> None:
    clock = FixedClock(AT.astimezone(timezone(timedelta(hours=-3))))
    assert clock.now() == AT
    assert clock.now().tzinfo is UTC


def test_an_instant_without_a_time_zone_is_a_bug() -> None:
    for make in (FixedClock, lambda at: FastClock(at, 1)):
        with pytest.raises(AssertionError):
            make(AT.replace(tzinfo=None))
