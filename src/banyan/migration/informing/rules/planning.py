"""What comes next for a route, and how milestones stand."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from msgspec import UNSET

from banyan.kernel import plural
from banyan.migration.informing.model import (
    FreezeStatus,
    MilestoneStatus,
    NextStep,
    Snapshot,
)
from banyan.migration.informing.rules.saying import concerns, duration
from banyan.migration.model.plan import Milestone, Phase, Plan, RoutePlan
from banyan.migration.model.standing import Position, RouteStanding
from banyan.migration.rules.phases import ORDER, criteria_of, next_position, path_of
from banyan.migration.rules.units import percent

_WITHIN = timedelta(days=2)
"""So short before its day a milestone that isn't reached is at risk."""


def next_step(
    plan: Plan, route: RoutePlan, standing: RouteStanding | None, now: datetime
) -> NextStep:
    """What comes next, and not before when.

    The earliest time is when the phase has lasted as long as the plan asks for, the notice has been
    given and no freeze is on. What the figures say may make it later, never earlier.
    """
    if standing is None:
        return NextStep("Not begun yet.", None)
    ahead = next_position(path_of(plan, route), standing.at)
    if ahead is None:
        return NextStep("Nothing; it is done.", None)
    sentence = _coming(ahead)
    if standing.held_why:
        return NextStep(f"{sentence} It is on hold: a person decides when.", None)
    if _needs_person(plan, route, standing, ahead):
        return NextStep(f"{sentence} A person decides when.", None)
    ready_at = max(now, standing.entered_at + _time_min(plan, route, standing.phase))
    told_at = standing.announced_at if standing.announced_for else None
    notice = duration(plan.notice)
    earliest = max(ready_at, (told_at or ready_at) + notice)
    return NextStep(sentence, after_freezes(plan, route.name, earliest), told_at is not None)


def _coming(ahead: Position) -> str:
    match ahead.phase:
        case Phase.SHADOW:
            return "Copies of requests will go to the new platform, for comparison only."
        case Phase.CANARY | Phase.RAMP:
            return f"{percent(ahead.read_bp)} of customers will be served by the new platform."
        case Phase.CANDIDATE:
            return "All customers will be served by the new platform."
        case _:
            return "The old platform will be taken out of use here."


def after_freezes(plan: Plan, route: str, at: datetime) -> datetime:
    """The first instant from ``at`` on at which no freeze holds the route."""
    for freeze in sorted(plan.freezes, key=lambda one: one.start):
        if (not freeze.routes or route in freeze.routes) and freeze.start <= at < freeze.end:
            at = freeze.end
    return at


def freezes_of(snapshot: Snapshot, team: str) -> tuple[FreezeStatus, ...]:
    """Those that are on or still to come, for what concerns a team."""
    names = {route.name for route in snapshot.plan.routes if concerns(route, team)}
    return tuple(
        FreezeStatus(one.start, one.end, one.why, one.start <= snapshot.now < one.end)
        for one in sorted(snapshot.plan.freezes, key=lambda freeze: freeze.start)
        if one.end > snapshot.now and (not one.routes or names & {*one.routes})
    )


def milestones_of(snapshot: Snapshot, team: str) -> tuple[MilestoneStatus, ...]:
    """By date, those in which a route of the team takes part."""
    names = {route.name for route in snapshot.plan.routes if concerns(route, team)}
    return tuple(
        milestone_status(snapshot, one)
        for one in sorted(snapshot.plan.milestones, key=lambda milestone: milestone.on)
        if names & {*one.routes}
    )


def milestone_status(snapshot: Snapshot, milestone: Milestone) -> MilestoneStatus:
    """Reached, late, or how likely it is to be."""
    plan, now = snapshot.plan, snapshot.now
    routes = {route.name: route for route in plan.routes if route.name in milestone.routes}
    missing = [
        route
        for name, route in routes.items()
        if not _has_reached(snapshot.routes, name, milestone.phase)
    ]
    reached = len(routes) - len(missing)
    ends_at = datetime.combine(milestone.on + timedelta(days=1), time(tzinfo=UTC))
    left = plural(len(missing), "route is", "routes are")
    if not missing:
        standing, sentence = "done", "Reached."
    elif now >= ends_at:
        days = max(1, (now - ends_at).days + 1)
        standing, sentence = "late", f"Late by {plural(days, 'day')}: {left} missing."
    elif any(_soonest(snapshot, route, milestone.phase) >= ends_at for route in missing):
        standing = "at_risk"
        sentence = f"At risk: {left} missing, and what the plan asks for takes longer."
    elif ends_at - now <= _WITHIN:
        standing, sentence = "at_risk", f"At risk: {left} missing and little time is left."
    else:
        standing, sentence = "on_time", f"On time: {left} on the way."
    return MilestoneStatus(
        name=milestone.name,
        on=milestone.on,
        about=milestone.about,
        standing=standing,
        sentence=sentence,
        reached=reached,
        routes=len(routes),
    )


def _has_reached(standings: Mapping[str, RouteStanding], route: str, phase: Phase) -> bool:
    standing = standings.get(route)
    return standing is not None and ORDER[standing.phase] >= ORDER[phase]


def _soonest(snapshot: Snapshot, route: RoutePlan, phase: Phase) -> datetime:
    """When a route can be in a phase if everything goes well."""
    plan, standing = snapshot.plan, snapshot.routes.get(route.name)
    here = standing.at if standing else Position(Phase.LEGACY)
    at = standing.entered_at if standing else snapshot.now
    path = path_of(plan, route)
    while ORDER[here.phase] < ORDER[phase]:
        at = max(at + _time_min(plan, route, here.phase), snapshot.now)
        at = after_freezes(plan, route.name, at)
        here = next_position(path, here) or Position(Phase.RETIRED)
    return at


def _needs_person(plan: Plan, route: RoutePlan, standing: RouteStanding, ahead: Position) -> bool:
    """Whether the step ahead waits for somebody, whatever the figures say."""
    if ahead.phase == standing.phase:
        return False
    if ahead.phase == Phase.RETIRED or ORDER[ahead.phase] > ORDER[route.auto_advance_to]:
        return True
    asks = criteria_of(plan, route, standing.phase).approval
    return asks is True and standing.approved_for != ahead.phase.value


def _time_min(plan: Plan, route: RoutePlan, phase: Phase) -> timedelta:
    asked = criteria_of(plan, route, phase).time_min
    return timedelta(0) if asked is UNSET else duration(asked)
