"""Whether all that Envoy wrote has arrived: its counter beside the entries, instant by instant.

Totals can't tell. Under load entries are always on their way, and newer ones that arrive stand in for
older ones that were lost. So each entry is counted at the instant at which it *ended*, which it
carries, and a reading of the counter at instant t is compared with the entries that ended by t: what
the counter says beyond them is on its way or lost, and after ``GRACE_US`` it is lost.

Counting never gives a false alarm: Envoy counts an entry after it ended, so all that a reading counts
ended before the reading had come. What may stay hidden is as many entries as end within a reading
and ``MARGIN_US``, once for a run of Envoy, however long it lasts. A lost message holds what a quarter
of a second brings, so a lost message is seen.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from banyan.gateway.model import SinkState, Written

GRACE_US = 5_000_000
"""How long an entry may be on its way before it counts as lost: twenty flushes of Envoy's."""
GRACE_READINGS = 10
"""And how many readings must have come since: a process that stood still has first to catch up."""
LAG_US = 1_500_000
"""How far behind arrivals may be while the reports still count as whole."""
MARGIN_US = 20_000
"""By how much Envoy may log an entry after it ended, and clocks may differ."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the reports stand: ``missing`` entries are on their way, ``lost`` have just been given up.

    ``is_behind``: of what had been written ``LAG_US`` ago some has not arrived, or Envoy has not told
    how much it has written. ``has_restarted``: Envoy or these sinks began anew, and nobody knows how much
    of what had been written before was never heard.
    """

    is_behind: bool
    missing: int = 0
    lost: int = 0
    has_restarted: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.is_behind and self.lost == 0 and not self.has_restarted


@dataclass(slots=True)
class _Reading:
    told_at_us: int
    written: int
    ended: int  # entries that ended until then, and after the reading before


class Gaps:
    """Follows the counter of one Envoy."""

    def __init__(self) -> None:
        self._epoch: str | None = None
        self._base_us = 0
        self._base = 0  # the counter at the base, with what was given up since
        self._dropped = 0
        self._lost = 0
        self._open: list[_Reading] = []  # oldest first; only the last may be complete
        self._bounds: list[int] = []  # their instants
        self._after = 0  # entries that ended after the newest reading

    def hear(self, ended_us: Iterable[int]) -> None:
        """Count entries that have arrived by the instants at which they ended."""
        bounds, size = self._bounds, len(self._bounds)
        for at_us in ended_us:
            if at_us <= self._base_us:
                continue
            place = bisect_left(bounds, at_us)
            if place == size:
                self._after += 1
            else:
                self._open[place].ended += 1

    def read(self, now_us: int, counter: Written | None) -> Standing:
        """How things stand at ``now_us``; ``counter`` None: Envoy didn't tell.

        The first reading of a run of Envoy begins the count. Unless it has nothing to tell yet, what
        went before was not heard here, which is a gap too. So does one from before the last: the clock
        was set back, and instants of before can't be told from those of now.
        """
        if counter is not None and (
            counter.epoch != self._epoch
            or counter.written < self._newest_written()
            or counter.told_at_us < self._bounds[-1]
        ):
            is_new = self._epoch is None and counter.written == 0
            self._begin(counter)
            return Standing(is_behind=False, has_restarted=not is_new)
        if counter is not None and counter.told_at_us > self._bounds[-1]:
            self._open.append(_Reading(counter.told_at_us, counter.written, self._after))
            self._bounds.append(counter.told_at_us)
            self._after = 0
        if not self._open:
            return Standing(is_behind=True)
        lost = self._give_up(now_us)
        if counter is not None:
            lost += counter.dropped - self._dropped
            self._dropped = counter.dropped
        self._lost += lost
        missing = self._missing()
        is_late = missing > 0 and now_us - self._bounds[0] > LAG_US
        is_stale = not 0 <= now_us - self._bounds[-1] <= LAG_US
        return Standing(is_behind=is_late or is_stale, missing=missing, lost=lost)

    def state(self) -> SinkState:
        """Since this run of Envoy was first read: what it wrote, what came, what was given up."""
        arrived = sum(reading.ended for reading in self._open)
        return SinkState(
            written=self._newest_written() - self._base + self._lost,
            arrived=arrived,
            dropped=self._lost,
        )

    def _begin(self, counter: Written) -> None:
        self._epoch = counter.epoch
        self._base_us = counter.asked_at_us - MARGIN_US
        self._base, self._dropped = counter.written, counter.dropped
        self._lost = self._after = 0
        self._open = [_Reading(counter.told_at_us, counter.written, 0)]
        self._bounds = [counter.told_at_us]

    def _give_up(self, now_us: int) -> int:
        """How many entries have been on their way for too long."""
        self._settle()
        lost = 0
        while len(self._open) > GRACE_READINGS and now_us - self._bounds[0] > GRACE_US:
            lost += self._missing()
            self._base += self._missing()
            self._settle()
        return lost

    def _settle(self) -> None:
        """Let go of readings of which all has arrived, but the newest."""
        while len(self._open) > 1 and not self._missing():
            self._open[1].ended += self._open[0].ended
            del self._open[0], self._bounds[0]

    def _missing(self) -> int:
        """What the oldest open reading counts and nobody has seen."""
        return max(0, self._open[0].written - self._base - self._open[0].ended)

    def _newest_written(self) -> int:
        return self._open[-1].written if self._open else 0
