"""What comes next for a route, and how milestones stand."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from msgspec import UNSET

from banyan.migration.informing.model import (
    FreezeStatus,
    MilestoneStatus,
    NextStep,
    RouteStanding,
    Snapshot,
)
from banyan.migration.informing.rules.saying import PHASES, concerns, duration, plural
from banyan.migration.model.plan import Milestone, Phase, Plan, RoutePlan

_WITHIN = timedelta(days=2)
"""So short before its day a milestone that isn't reached is at risk."""

_NEXT = {
    Phase.LEGACY: "Copies of requests will go to the new platform, for comparison only.",
    Phase.SHADOW: "A first small share of customers will be served by the new platform.",
    Phase.CANARY: "A larger share of customers will be served by the new platform.",
    Phase.RAMP: "A larger share of customers will be served by the new platform.",
    Phase.CANDIDATE: "The old platform will be taken out of use here.",
}


def next_step(
    plan: Plan, route: RoutePlan, standing: RouteStanding | None, now: datetime
) -> NextStep:
    """What comes next, and not before when.

    The earliest time is when the phase has lasted as long as the plan asks for, the notice has been
    given and no freeze is on. What the figures say may make it later, never earlier.
    """
    if standing is None:
        return NextStep("Not begun yet.", None)
    if standing.phase is Phase.RETIRED:
        return NextStep("Nothing; it is done.", None)
    sentence = _NEXT[standing.phase]
    if standing.held_why:
        return NextStep(f"{sentence} It is on hold: a person decides when.", None)
    if _needs_person(route, standing.phase):
        return NextStep(f"{sentence} A person decides when.", None)
    ready_at = max(now, standing.entered_at + _time_min(plan, route, standing.phase))
    notice = duration(plan.notice)
    is_announced = bool(standing.announced_for) and standing.announced_at is not None
    told_at = standing.announced_at if is_announced and standing.announced_at else ready_at
    earliest = after_freezes(plan, route.name, max(ready_at, told_at + notice))
    return NextStep(sentence, earliest, is_announced)


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
    return standing is not None and PHASES.index(standing.phase) >= PHASES.index(phase)


def _soonest(snapshot: Snapshot, route: RoutePlan, phase: Phase) -> datetime:
    """When a route can be in a phase if everything goes well."""
    plan, standing = snapshot.plan, snapshot.routes.get(route.name)
    here = standing.phase if standing else Phase.LEGACY
    at = standing.entered_at if standing else snapshot.now
    for passed in PHASES[PHASES.index(here) : PHASES.index(phase)]:
        at = at + _time_min(plan, route, passed)
        at = after_freezes(plan, route.name, max(at, snapshot.now))
    return at


def _needs_person(route: RoutePlan, phase: Phase) -> bool:
    following = PHASES[PHASES.index(phase) + 1]
    last = min(PHASES.index(route.auto_advance_to), PHASES.index(Phase.CANDIDATE))
    return PHASES.index(following) > last and phase is not Phase.RAMP


def _time_min(plan: Plan, route: RoutePlan, phase: Phase) -> timedelta:
    for criteria in (route.criteria, plan.criteria):
        found = getattr(criteria, phase.value, None)
        if found is not None and found.time_min is not UNSET:
            return duration(found.time_min)
    return timedelta(0)
