"""Phases, shares and instants as people say them."""

from datetime import date, datetime, timedelta

from banyan.migration.model.plan import Phase, Plan, RoutePlan

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


def share(bp: int) -> str:
    """Hundredths of a percent as people read them: ``5 %``, ``0.25 %``."""
    return f"{bp / 100:g} %"


def served_sentence(phase: Phase, read_bp: int) -> str:
    """Who serves the customers of a route, in a sentence for outsiders."""
    if phase in (Phase.CANARY, Phase.RAMP):
        return (
            f"{share(read_bp)} of customers are served by the new platform, the others by the "
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


def plural(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"


_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration(text: str) -> timedelta:
    """``90s`` or ``36h``, as plans have them."""
    number = text.rstrip("dhms")
    return timedelta(milliseconds=int(number) * _UNITS_MS[text.removeprefix(number)])
