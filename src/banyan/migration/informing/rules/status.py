"""The status page of a plan, or of one team's part of it."""

from banyan.kernel import plural
from banyan.migration.informing.model import (
    ChangeLine,
    Incident,
    RouteChange,
    RouteStatus,
    Snapshot,
    StatusPage,
)
from banyan.migration.informing.rules.planning import freezes_of, milestones_of, next_step
from banyan.migration.informing.rules.saying import (
    concerns,
    served_sentence,
    title_of,
    title_of_plan,
    title_of_team,
)
from banyan.migration.model.plan import Phase, RoutePlan
from banyan.migration.rules.units import percent

INCIDENTS_MAX = 20
_ON_NEW = (Phase.CANDIDATE, Phase.RETIRED)
_UNDER_WAY = (Phase.SHADOW, Phase.CANARY, Phase.RAMP)


def status_page(snapshot: Snapshot, team: str = "") -> StatusPage:
    """What readers without an account see; ``team`` empty: the whole plan."""
    plan = snapshot.plan
    routes = tuple(_route(snapshot, route) for route in plan.routes if concerns(route, team))
    names = {route.name for route in routes}
    changes = [change for change in snapshot.changes if change.route in names]
    return StatusPage(
        plan=plan.plan,
        title=title_of_plan(plan),
        team=team,
        team_title=title_of_team(plan, team) if team else "",
        headline=_headline(routes),
        routes=routes,
        milestones=milestones_of(snapshot, team),
        freezes=freezes_of(snapshot, team),
        incidents=tuple(
            _incident(snapshot, change) for change in changes if change.kind == "rolled_back"
        )[:INCIDENTS_MAX],
        changes=tuple(
            line for change in changes if (line := change_line(snapshot, change)) is not None
        ),
        updated_at=max([snapshot.applied_at, *(change.decided_at for change in changes)]),
        made_at=snapshot.now,
    )


def change_line(snapshot: Snapshot, change: RouteChange) -> ChangeLine | None:
    """An entry of the changelog; None for what concerns nobody outside."""
    title = title_of(snapshot.plan, change.route)
    to = change.to_phase.value
    now = served_sentence(change.to_phase, change.to_bp)
    match change.kind:
        case "started":
            said = (f"{title} is part of the migration", now)
        case "advanced" if change.to_phase is change.from_phase:
            said = (f"{title}: {percent(change.to_bp)} of customers", now)
        case "advanced" | "returned":
            said = (f"{title} is in phase {to}", now)
        case "rolled_back":
            said = (f"{title} went back", f"{now} {_noticed(change)}")
        case "held":
            said = (f"{title} is on hold", f"{now} Nothing changes until a person says so.")
        case "released":
            said = (f"{title} goes on", now)
        case "gone":
            said = (f"{title} has left the plan", "It is no longer part of this migration.")
        case _:
            return None
    key = f"{change.route}/{change.change}"
    return ChangeLine(key, change.decided_at, *said, change.route, change.kind)


def _route(snapshot: Snapshot, route: RoutePlan) -> RouteStatus:
    standing = snapshot.routes.get(route.name)
    phase = standing.phase if standing else Phase.LEGACY
    share_bp = standing.read_bp if standing else 0
    if phase in _ON_NEW:
        share_bp = 10_000
    return RouteStatus(
        name=route.name,
        title=route.title or route.name,
        phase=phase,
        share_bp=share_bp,
        sentence=served_sentence(phase, share_bp),
        is_held=bool(standing and standing.held_why),
        since=standing.entered_at if standing else None,
        next=next_step(snapshot.plan, route, standing, snapshot.now),
        owner=title_of_team(snapshot.plan, route.owner),
        dependents=tuple(title_of_team(snapshot.plan, one) for one in route.dependents),
    )


def _headline(routes: tuple[RouteStatus, ...]) -> str:
    if not routes:
        return "No route of this plan concerns you."
    done = sum(route.phase in _ON_NEW for route in routes)
    under_way = sum(route.phase in _UNDER_WAY for route in routes)
    if done == len(routes):
        return f"{'Its one route is' if len(routes) == 1 else f'All {len(routes)} routes are'} served by the new platform."
    parts = [f"{done} of {plural(len(routes), 'route')} served by the new platform"]
    if under_way:
        parts.append(f"{under_way} on the way")
    held = sum(route.is_held for route in routes)
    if held:
        parts.append(f"{held} on hold")
    return ", ".join(parts) + "."


def _incident(snapshot: Snapshot, change: RouteChange) -> Incident:
    title = title_of(snapshot.plan, change.route)
    return Incident(
        route=change.route,
        title=title,
        at=change.decided_at,
        sentence=f"{title} went back from {change.from_phase.value} to {change.to_phase.value}.",
        noticed=_noticed(change),
    )


def _noticed(change: RouteChange) -> str:
    """What customers noticed until a roll-back took effect, as far as it was measured."""
    if change.requests == 0:
        return "What customers noticed was not measured."
    seen = f"{change.errors:,} of {plural(change.requests, 'request')} failed"
    if change.errors == 0:
        return f"Customers noticed nothing: none of {plural(change.requests, 'request')} failed."
    legacy = change.legacy_errors / change.legacy_requests if change.legacy_requests else 0.0
    if change.errors / change.requests <= legacy:
        return (
            f"Customers noticed nothing new: {seen}, no more than with the old platform alone "
            f"({legacy:.2%})."
        )
    return f"Customers noticed: {seen}."
