"""What teams are told of an event, of a late milestone and of a week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from banyan.kernel import plural
from banyan.migration.informing.model import MilestoneStatus, NoticeDraft, RouteChange, Snapshot
from banyan.migration.informing.rules.planning import milestones_of, next_step
from banyan.migration.informing.rules.saying import (
    PHASES,
    concerns,
    day,
    instant,
    served_sentence,
    title_of,
    title_of_plan,
)
from banyan.migration.informing.rules.status import change_line
from banyan.migration.model.plan import Phase, Plan
from banyan.migration.rules.units import percent

Facts = Mapping[str, Any]
_WHY_MAX = 500
_DIFFERENCES_MAX = 10


def notice_of_event(plan: Plan, event: str, facts: Facts) -> NoticeDraft | None:
    """What an event of a route means for its teams; None if it is not worth a message."""
    route = str(facts.get("route") or "")
    title = title_of(plan, route)
    to = _phase(facts.get("to_phase"))
    to_bp = _int(facts.get("to_bp"))
    served = served_sentence(to, to_bp) if to else ""
    why = _why(facts)
    match event.removeprefix("migration."):
        case "route_announced":
            said, lines = _announced(title, to, to_bp, facts), [_will(to, to_bp), why]
        case "route_advanced" | "route_returned":
            said, lines = f"{title} {_moved(to, to_bp)}", [served, why]
        case "route_rolled_back":
            said = f"{title} went back to {to.value if to else 'the old platform'}"
            lines = [
                served,
                why,
                "It stays there until a person releases it.",
            ]
        case "route_held":
            said, lines = f"{title} is on hold", ["Nothing advances until it is released.", why]
        case "route_released":
            said, lines = f"{title} goes on", ["It advances again as the plan says.", why]
        case "route_approved":
            said, lines = f"{title} was approved for its next step", [why]
        case _:
            return None
    kept = [line for line in lines if line]
    return NoticeDraft(event, said[:300], kept, route, {"event": event, **facts})


def notice_of_plan(plan: Plan, event: str, facts: Facts, version: int) -> NoticeDraft:
    """That a plan was applied, the first time or changed."""
    title = title_of_plan(plan)
    said = f"{title}: the plan was changed" if version > 1 else f"{title} begins"
    routes = plural(len(plan.routes), "route")
    dates = [f"{one.name} by {day(one.on)}" for one in plan.milestones]
    lines = [
        f"Version {version}, {routes}.",
        _why(facts),
        *_differences(facts),
        f"Milestones: {'; '.join(dates)}." if dates else "",
    ]
    return NoticeDraft(event, said[:300], [line for line in lines if line], facts=dict(facts))


def _differences(facts: Facts) -> list[str]:
    """What a new version changes, as far as a message can hold it."""
    changes = [one for one in facts.get("changes") or () if one.get("kind") == "changed"]
    lines = [
        f"{one.get('what')}: {one.get('before')} became {one.get('after')}. {one.get('effect')}"
        for one in changes[:_DIFFERENCES_MAX]
    ]
    more = len(changes) - len(lines)
    return [*lines, f"And {plural(more, 'more change')}."] if more > 0 else lines


def notice_of_rehearsal(plan: Plan, event: str, facts: Facts) -> NoticeDraft:
    """What came of a rehearsal of faults, route by route."""
    outcome = "passed" if facts.get("has_passed") else "failed"
    routes: Sequence[Facts] = facts.get("routes") or ()
    lines = [
        f"{title_of(plan, str(one.get('route')))}: {one.get('sentence')}"
        for one in routes[:_DIFFERENCES_MAX]
    ]
    said = f"{title_of_plan(plan)}: the rehearsal {outcome}"
    return NoticeDraft(event, said[:300], lines, facts=dict(facts))


def notice_of_late(plan: Plan, status: MilestoneStatus) -> NoticeDraft:
    return NoticeDraft(
        "migration.milestone_late",
        f"{title_of_plan(plan)}: {status.name} is late"[:300],
        [f"It was due on {day(status.on)}. {status.sentence}", *_kept(status.about)],
        facts={"milestone": status.name, "on": status.on.isoformat()},
    )


@dataclass(frozen=True, slots=True)
class Week:
    """Of one route in the week behind: what customers asked for and saw."""

    requests: int = 0
    errors: int = 0
    fall_backs: int = 0
    divergences_open: int = 0
    """That wait for a decision or to be mended."""


def summary(
    snapshot: Snapshot, team: str, changes: Sequence[RouteChange], weeks: Mapping[str, Week]
) -> NoticeDraft:
    """A team's week: what has changed, what comes, and the figures. ``changes`` the newest first."""
    plan = snapshot.plan
    routes = [route for route in plan.routes if concerns(route, team)]
    names = {route.name for route in routes}
    happened = [
        f"{instant(line.at)}: {line.title}."
        for change in reversed(changes)
        if change.route in names and (line := change_line(snapshot, change)) is not None
    ]
    coming = [f"{title_of(plan, route.name)}: {_next(snapshot, route.name)}" for route in routes]
    figures = [
        _figures(title_of(plan, name), week) for name, week in weeks.items() if name in names
    ]
    total = Week(
        sum(week.requests for name, week in weeks.items() if name in names),
        sum(week.errors for name, week in weeks.items() if name in names),
    )
    milestones = [
        f"{one.name}, {day(one.on)}: {one.sentence}" for one in milestones_of(snapshot, team)
    ]
    lines = [
        "What has changed: " + ("nothing this week." if not happened else ""),
        *happened,
        "What comes:",
        *coming,
        *(["Milestones:", *milestones] if milestones else []),
        f"Customers: {plural(total.requests, 'request')}, {total.errors:,} failed.",
        *figures,
    ]
    return NoticeDraft(
        "migration.weekly_summary",
        f"{title_of_plan(plan)}: the week until {day(snapshot.now)}",
        [line.strip() for line in lines],
        facts={
            "requests": total.requests,
            "errors": total.errors,
            "changes": len(happened),
            "until": snapshot.now.isoformat(),
        },
    )


def _next(snapshot: Snapshot, name: str) -> str:
    route = next(one for one in snapshot.plan.routes if one.name == name)
    step = next_step(snapshot.plan, route, snapshot.routes.get(name), snapshot.now)
    if step.earliest_at is None:
        return step.sentence
    return f"{step.sentence} At the earliest {instant(step.earliest_at)}."


def _figures(title: str, week: Week) -> str:
    open_ = week.divergences_open
    compared = f", {plural(open_, 'divergence')} to decide or mend" if open_ else ""
    return (
        f"{title}: {plural(week.requests, 'request')}, {week.errors:,} failed, "
        f"{week.fall_backs:,} answered by falling back{compared}."
    )


def _announced(title: str, to: Phase | None, to_bp: int, facts: Facts) -> str:
    at = _instant(facts.get("earliest_at") or facts.get("at") or facts.get("not_before"))
    when = f"at the earliest at {instant(at)}" if at else "soon"
    goes = "retire" if to is Phase.RETIRED else f"go to {_place(to, to_bp)}"
    return f"{title} will {goes} {when}"


def _place(to: Phase | None, to_bp: int) -> str:
    if to is None:
        return "its next step"
    return f"{to.value} ({percent(to_bp)})" if to in (Phase.CANARY, Phase.RAMP) else to.value


def _moved(to: Phase | None, to_bp: int) -> str:
    return "is retired now" if to is Phase.RETIRED else f"is now in {_place(to, to_bp)}"


def _will(to: Phase | None, to_bp: int) -> str:
    if to is None:
        return ""
    if to in PHASES[2:4]:
        return f"Then {percent(to_bp)} of customers are served by the new platform."
    return f"Then: {served_sentence(to, to_bp)}"


def _why(facts: Facts) -> str:
    why = " ".join(str(facts.get("why") or "").split())[:_WHY_MAX]
    by = str(facts.get("by") or "")[:200]
    if not why:
        return f"By {by}." if by else ""
    return f"Why: {why.rstrip('.')}. By {by}." if by else f"Why: {why.rstrip('.')}."


def _kept(text: str) -> list[str]:
    return [text] if text else []


def _phase(value: object) -> Phase | None:
    return next((phase for phase in Phase if phase.value == value), None)


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
