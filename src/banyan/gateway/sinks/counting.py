"""Attempts and answers counted by route, arm and bucket of latency."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from banyan.gateway.model import SAFE_METHODS, ArmCounts, Attempt, RouteCounts, Served
from banyan.gateway.rules.latency import bucket_of


@dataclass(slots=True)
class _Tally:
    attempts: int = 0
    errors: int = 0
    censored: int = 0
    buckets: dict[int, int] = field(default_factory=lambda: defaultdict[int, int](int))

    def add(self, report: Attempt | Served) -> None:
        if report.is_censored:
            self.censored += 1
            return
        self.attempts += 1
        if report.status == 0 or report.status >= 500:
            self.errors += 1
        else:
            self.buckets[bucket_of(report.duration_us)] += 1

    def counts(self) -> ArmCounts:
        return ArmCounts(
            attempts=self.attempts,
            errors=self.errors,
            censored=self.censored,
            buckets=dict(self.buckets),
        )


@dataclass(slots=True)
class _Route:
    tallies: dict[str, _Tally] = field(default_factory=lambda: defaultdict[str, _Tally](_Tally))
    fall_backs: int = 0


class Windows:
    """Counts what arrives until it is taken. Routes are as many as the configuration has."""

    def __init__(self, began_at_us: int) -> None:
        self._began_at_us = began_at_us
        self._routes: dict[str, _Route] = defaultdict(_Route)

    def add(self, attempts: Iterable[Attempt], served: Iterable[Served]) -> None:
        for attempt in attempts:
            route = self._routes[attempt.route]
            is_safe = attempt.method in SAFE_METHODS
            if attempt.is_shadow:
                route.tallies[f"shadow_{attempt.arm}"].add(attempt)
            elif attempt.arm != attempt.assigned or attempt.number > 1:
                if not attempt.is_censored:
                    route.fall_backs += 1
            else:
                route.tallies[attempt.arm if is_safe else f"writes_{attempt.arm}"].add(attempt)
        for answer in served:
            name = "served" if answer.method in SAFE_METHODS else "served_writes"
            self._routes[answer.route].tallies[name].add(answer)

    def take(self, now_us: int, *, is_whole: bool, lost: int) -> tuple[RouteCounts, ...]:
        """What came since the last time, of each route that anything came of before."""
        taken = tuple(
            RouteCounts(
                route=name,
                began_at_us=self._began_at_us,
                ended_at_us=now_us,
                fall_backs=route.fall_backs,
                is_whole=is_whole,
                lost=lost,
                **{kind: tally.counts() for kind, tally in route.tallies.items()},
            )
            for name, route in sorted(self._routes.items())
        )
        # A route that was seen once is told of for ever, with zeros if need be: silence is news.
        self._routes = defaultdict(_Route, {name: _Route() for name in self._routes})
        self._began_at_us = now_us
        return taken
