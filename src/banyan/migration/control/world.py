"""All that the control plane knows, in one place: both of its loops work on it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from banyan.gateway import Attempt, GatewaySpec, RouteCounts
from banyan.migration.control.folder import ControlFolder, LocalRollback, Remembered, spec_with
from banyan.migration.control.routes import RouteControl
from banyan.migration.model.plan import Phase, Plan
from banyan.migration.model.standing import Minute, RouteStanding
from banyan.migration.rules.reports import minutes_of_counts, plus

_PHASES = tuple(Phase)
MinuteKey = tuple[str, str, Phase, datetime]


@dataclass(slots=True)
class World:
    """The plan, its routes, the rollbacks in force here, and what waits to be written down."""

    folder: ControlFolder
    marketplace_id: UUID
    plan_id: UUID
    plan: Plan
    leads: bool = True
    """Else another control plane does, and this one keeps its own data plane in step."""
    version: int = 0
    routes: dict[str, RouteControl] = field(default_factory=dict[str, RouteControl])
    rollbacks: dict[str, LocalRollback] = field(default_factory=dict[str, LocalRollback])
    minutes: dict[MinuteKey, Minute] = field(default_factory=dict[MinuteKey, Minute])
    unsaved: set[MinuteKey] = field(default_factory=set[MinuteKey])
    judged_at: datetime | None = None
    """When all routes were judged last, by the machine's clock."""
    told: dict[str, int] = field(default_factory=dict[str, int])
    """Of each route, the change up to which the data plane has everything."""
    told_version: int = 0
    kept_back: frozenset[str] = frozenset()
    """Routes whose rollbacks ordered here the data plane has."""
    says: str = ""
    """What is wrong with the data plane; empty: nothing."""
    unreached: tuple[str, ...] = ()
    """A sentence for each side that can't be reached from this machine."""

    def follow(self, plan: Plan, version: int, standings: Iterable[RouteStanding]) -> None:
        """Take over what the database says."""
        self.plan, self.version = plan, version
        planned = {route.name: route for route in plan.routes}
        found: dict[str, RouteControl] = {}
        for standing in standings:
            route = planned.get(standing.route)
            if route is None:
                continue
            known = self.routes.get(standing.route)
            if known is None:
                known = RouteControl.of(plan, route, standing)
            else:
                known.follow(plan, route, standing)
            found[standing.route] = known
        self.routes = found
        self.rollbacks = {name: each for name, each in self.rollbacks.items() if name in found}

    def forgotten(self, standings: Iterable[RouteStanding]) -> dict[str, RouteStanding]:
        """Where routes stood that have moved further here than the database says."""
        known = self.standings()
        return {
            each.route: known[each.route]
            for each in standings
            if each.route in known and each.change < known[each.route].change
        }

    def note_told(self, told: Mapping[str, int], now_us: int) -> None:
        """The data plane has everything up to these changes."""
        self.told = dict(told)
        for name, route in self.routes.items():
            if told.get(name, -1) >= route.standing.entered_change:
                route.note_told(now_us)

    def is_told(self, route: RouteControl) -> bool:
        """Whether the data plane does all that is asked of it, and of this route."""
        return not self.says and self.told.get(route.route.name) == route.standing.change

    def remembered(self) -> Remembered:
        return Remembered(
            marketplace_id=self.marketplace_id,
            plan_id=self.plan_id,
            version=self.version,
            document=msgspec.to_builtins(self.plan),
            standings=self.standings(),
            stuck=self._stuck(),
            rolled_back=tuple(sorted(self.rollbacks)),
        )

    def as_taken(self, taken: Remembered) -> Remembered:
        """What the data plane took before, but for the routes that went back since."""
        return msgspec.structs.replace(
            taken,
            standings={
                name: self._back_or(name, standing) for name, standing in taken.standings.items()
            },
            stuck=self._stuck(),
            rolled_back=tuple(sorted(self.rollbacks.keys() & taken.standings.keys())),
        )

    def _back_or(self, name: str, taken: RouteStanding) -> RouteStanding:
        route = self.routes.get(name)
        if route is None or _PHASES.index(route.standing.phase) >= _PHASES.index(taken.phase):
            return taken
        return route.standing

    def _stuck(self) -> dict[str, str]:
        return {name: each.why_stuck for name, each in self.routes.items() if each.why_stuck}

    def standings(self) -> dict[str, RouteStanding]:
        return {name: each.standing for name, each in self.routes.items()}

    def spec(self) -> GatewaySpec:
        """What the data plane should do now."""
        return spec_with(self.plan, self.standings(), self.rollbacks)

    def look_for_rollbacks(self) -> list[LocalRollback]:
        """Take over what was ordered in the folder; those that are new here."""
        new = [
            each
            for each in self.folder.orders()
            if each.route in self.routes and each.route not in self.rollbacks
        ]
        self.rollbacks |= {each.route: each for each in new}
        return new

    def settle(self, rollback: LocalRollback) -> None:
        """The database has it, and what it says of the route was taken over."""
        self.rollbacks.pop(rollback.route, None)
        for each in self.folder.orders():
            if each.route == rollback.route:
                self.folder.settle(each)

    def hear(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            route = self.routes.get(attempt.route)
            if route is not None:
                route.hear(attempt)

    def count(self, counts: Iterable[RouteCounts], now: datetime) -> None:
        """Add what came in a tick to the minute that it came in."""
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        for each in counts:
            route = self.routes.get(each.route)
            if route is None:
                continue
            for part in minutes_of_counts(route.standing.phase, each, minute):
                key = (part.route, part.side, part.phase, part.minute)
                self.minutes[key] = plus(self.minutes.get(key), part)
                self.unsaved.add(key)

    def take_unsaved_minutes(self) -> list[Minute]:
        keys, self.unsaved = self.unsaved, set()
        return [self.minutes[key] for key in keys]

    def keep_unsaved(self, minutes: Iterable[Minute]) -> None:
        """They could not be written down: another time."""
        self.unsaved |= {(each.route, each.side, each.phase, each.minute) for each in minutes}

    def forget_minutes(self, now: datetime, kept_max: int = 20_000) -> None:
        """Minutes that are over and written down; when the database stays away, the oldest."""
        current = now.astimezone(UTC).replace(second=0, microsecond=0)
        for key in [k for k in self.minutes if k[3] < current and k not in self.unsaved]:
            del self.minutes[key]
        for key in sorted(self.minutes, key=lambda k: k[3])[: max(0, len(self.minutes) - kept_max)]:
            del self.minutes[key]
            self.unsaved.discard(key)

    def resume_minutes(self, minutes: Iterable[Minute]) -> None:
        """The present minute as it was written down before this process began."""
        for each in minutes:
            key = (each.route, each.side, each.phase, each.minute)
            self.minutes[key] = plus(self.minutes.get(key), each)
