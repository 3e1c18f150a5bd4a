"""The counter beside the entries: no loss is hidden by what comes after it, none is invented."""

from hypothesis import given
from hypothesis import strategies as st

from banyan.gateway.model import Written
from banyan.gateway.sinks.gaps import GRACE_READINGS, GRACE_US, LAG_US, MARGIN_US, Gaps, Standing

TICK_US = 200_000
START_US = 1_000_000_000


class Log:
    """An Envoy that writes ``rate`` entries a tick and is told of after ``delay`` ticks."""

    def __init__(self, gaps: Gaps, *, rate: int = 10, delay: int = 2) -> None:
        self.gaps, self.rate, self.delay = gaps, rate, delay
        self.now_us, self.written, self.dropped = START_US, 0, 0
        self.on_its_way: list[list[int]] = []
        self.epoch = "1"

    def tick(self, *, lose: int = 0, is_told: bool = True, drop: int = 0) -> Standing:
        step_us = TICK_US // (self.rate + 1)
        ended = [self.now_us + step_us * (number + 1) for number in range(self.rate)]
        self.now_us += TICK_US
        self.written += len(ended)
        self.dropped += drop
        self.on_its_way.append(ended[lose:])
        if len(self.on_its_way) > self.delay:
            self.gaps.hear(self.on_its_way.pop(0))
        return self.gaps.read(self.now_us, self.counter() if is_told else None)

    def counter(self) -> Written:
        return Written(self.epoch, self.written, self.dropped, self.now_us - 500, self.now_us)


def begun(**options: int) -> Log:
    log = Log(Gaps(), **options)
    assert log.gaps.read(log.now_us, log.counter()).is_whole
    # Entries that end within the margin of the first reading could be counted on either side of it.
    log.now_us += 2 * MARGIN_US
    return log


@given(st.integers(1, 40), st.integers(0, 5))
def test_what_is_on_its_way_is_not_missed(rate: int, delay: int) -> None:
    log = begun(rate=rate, delay=delay)
    assert all(log.tick().is_whole for _ in range(60))
    assert log.gaps.state().dropped == 0


@given(st.integers(1, 10), st.integers(0, 30))
def test_a_loss_is_seen_under_load(lose: int, after: int) -> None:
    """Two hundred newer entries have arrived by the time it is certain, and hide nothing."""
    log = begun()
    assert all(log.tick().is_whole for _ in range(after))
    log.tick(lose=lose)
    later = [log.tick() for _ in range(60)]
    assert sum(one.lost for one in later) == lose == log.gaps.state().dropped
    behind = [one for one in later if not one.is_whole]
    assert len(behind) * TICK_US >= GRACE_US - LAG_US - 2 * TICK_US
    assert later[-1].is_whole


@given(st.lists(st.integers(0, 3), min_size=30, max_size=60))
def test_small_losses_add_up(losses: list[int]) -> None:
    log = begun()
    lost = sum(log.tick(lose=lose).lost for lose in losses)
    lost += sum(log.tick().lost for _ in range(40))
    assert lost == sum(losses)


def test_late_is_not_lost() -> None:
    log = begun()
    log.delay = 20
    standings = [log.tick() for _ in range(40)]
    assert any(one.is_behind for one in standings)
    log.delay = 1
    while len(log.on_its_way) > 1:
        log.gaps.hear(log.on_its_way.pop(0))
    assert [log.tick().is_whole for _ in range(30)] == [True] * 30
    assert log.gaps.state().dropped == 0


def test_a_process_that_stood_still_first_catches_up() -> None:
    log = begun()
    log.tick()
    held = log.on_its_way
    log.on_its_way = []
    log.now_us += 10 * GRACE_US
    standing = log.tick()
    assert standing.lost == 0
    for ended in held:
        log.gaps.hear(ended)
    assert all(log.tick().lost == 0 for _ in range(2 * GRACE_READINGS))
    assert log.tick().is_whole


def test_what_envoy_dropped_is_lost_at_once() -> None:
    log = begun()
    assert log.tick(drop=3).lost == 3
    assert log.tick().is_whole
    assert log.gaps.state().dropped == 3


def test_an_envoy_that_does_not_tell_is_not_taken_for_whole() -> None:
    log = begun()
    assert log.tick(is_told=False).is_whole
    standings = [log.tick(is_told=False) for _ in range(LAG_US // TICK_US + 1)]
    assert not standings[-1].is_whole
    assert log.tick().is_whole
    assert not Gaps().read(START_US, None).is_whole


def test_a_new_run_of_envoy_is_a_gap_even_if_it_wrote_more() -> None:
    log = begun()
    log.tick()
    log.epoch, log.written = "2", 10_000
    assert log.tick().has_restarted
    log.written = 5
    assert log.tick().has_restarted
    log.on_its_way.clear()
    log.now_us += 2 * MARGIN_US
    assert all(log.tick().is_whole for _ in range(60))


def test_a_clock_that_is_set_back_is_a_gap_and_hides_nothing_after() -> None:
    log = begun()
    assert all(log.tick().is_whole for _ in range(10))
    log.on_its_way.clear()
    log.now_us -= 3_600_000_000
    assert not log.tick(is_told=False).is_whole
    log.on_its_way.clear()
    assert log.tick().has_restarted
    log.on_its_way.clear()
    log.now_us += 2 * MARGIN_US
    assert all(log.tick().is_whole for _ in range(30))
    log.tick(lose=3)
    assert sum(log.tick().lost for _ in range(60)) == 3
