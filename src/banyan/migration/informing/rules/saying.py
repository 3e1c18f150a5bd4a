"""Phases, shares and instants as people say them."""

from datetime import date, datetime, timedelta

from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.rules.units import milliseconds, percent

PHASES = tuple(Phase)

_SERVED = {
    Phase.LEGACY: "All customers are served by the old platform.",
    Phase.SHADOW: (
        "All customers are served by the old platform; the new one answers copies of their "
        "requests, for comparison only."
    ),
    Phase.CANDIDATE: "All customers are served by the new platform; the old one stands by.",
    Phase.RETIRED: "All customers are served by the new platform; the old one is out of use here.",
}


def served_sentence(phase: Phase, read_bp: int) -> str:
    """Who serves the customers of a route, in a sentence for outsiders."""
    if phase in (Phase.CANARY, Phase.RAMP):
        return (
            f"{percent(read_bp)} of customers are served by the new platform, the others by the "
            "old one."
        )
    return _SERVED[phase]


def title_of(plan: Plan, route: str) -> str:
    """What people call a route, which may have left the plan."""
    found = next((one for one in plan.routes if one.name == route), None)
    return (found.title if found else "") or route


def title_of_plan(plan: Plan) -> str:
    return plan.title or plan.plan


def title_of_team(plan: Plan, team: str) -> str:
    found = plan.teams.get(team)
    return (found.title if found else "") or team


def concerns(route: RoutePlan, team: str) -> bool:
    """Whether a team owns a route or depends on it; the empty team is everybody."""
    return not team or team == route.owner or team in route.dependents


def day(on: date) -> str:
    return f"{on.day} {on:%b %Y}"


def instant(at: datetime) -> str:
    return f"{day(at)}, {at:%H:%M} UTC"


def duration(text: str) -> timedelta:
    """``90s`` or ``36h``, as plans have them."""
    return timedelta(milliseconds=milliseconds(text))
