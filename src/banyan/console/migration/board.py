"""All plans, and one plan's routes by phase."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from starlette.responses import RedirectResponse, Response

from banyan.comparison import list_divergences
from banyan.console.look import Pill, Tone
from banyan.console.migration.shared import (
    OPEN_SHOWN_MAX,
    change_row,
    crumbs,
    head_from,
    plan_href,
    plan_of,
    plan_subject,
    title_of_plan,
    title_of_team,
)
from banyan.console.views.migration import (
    BoardColumn,
    BoardView,
    FreezeLine,
    MilestoneLine,
    PlanLine,
    PlansView,
    RouteCard,
)
from banyan.console.visit import Shown, Visit
from banyan.kernel import plural
from banyan.migration import Phase, Plan, PlanStatus, RouteStatus, history, list_plans, status_of
from banyan.migration.informing import served_since

LIVE_EVERY_S = 3
_CHANGES = 15
_DAY = timedelta(days=1)
_COLUMNS = {
    Phase.LEGACY: ("Legacy", "Nothing has begun"),
    Phase.SHADOW: ("Shadow", "Answers are compared"),
    Phase.CANARY: ("Canary", "A first share"),
    Phase.RAMP: ("Ramp", "More and more"),
    Phase.CANDIDATE: ("Candidate", "Legacy stands by"),
    Phase.RETIRED: ("Retired", "Legacy is gone"),
}
_VERDICTS = {
    "advance": Pill("Ready", Tone.GO),
    "hold": Pill("Waits", Tone.INFO),
    "rollback": Pill("Back", Tone.LOST),
}
_MILESTONES = {
    "reached": Pill("Reached", Tone.GO),
    "on_time": Pill("On time", Tone.INFO),
    "late": Pill("Late", Tone.LOST),
}


async def show_plans(visit: Visit) -> Shown | Response:
    """Every plan; where there is one only, its board."""
    plans = await list_plans(visit.tx)
    if len(plans) == 1:
        return RedirectResponse(plan_href(visit, plans[0].name), 303)
    lines: list[PlanLine] = []
    for stored in plans:
        status = await status_of(visit.tx, stored.plan_id)
        lines.append(
            PlanLine(
                name=stored.name,
                title=title_of_plan(status.plan),
                href=plan_href(visit, stored.name),
                version=stored.version,
                routes=len(status.routes),
                state=_state(status.routes),
                sentence=counts_of(status.routes),
                applied_at=stored.applied_at,
            )
        )
    return Shown("migration/plans.html", "Migration", "migration", PlansView(tuple(lines)))


async def show_board(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    status = await status_of(visit.tx, stored.plan_id)
    changes = await history(visit.tx, stored.plan_id, limit=_CHANGES)
    open_ = await list_divergences(
        visit.tx, plan_id=stored.plan_id, states=("open",), limit=OPEN_SHOWN_MAX
    )
    view = BoardView(
        head=head_from(visit, status, "", len(open_.data)),
        sentence=f"{counts_of(status.routes)} {await _noticed(visit, status)}",
        columns=tuple(
            BoardColumn(
                label,
                about,
                tuple(
                    _card(visit, status.plan, route)
                    for route in status.routes
                    if route.standing.phase == phase
                ),
            )
            for phase, (label, about) in _COLUMNS.items()
        ),
        milestones=tuple(
            MilestoneLine(one.name, one.on, _MILESTONES[one.state], one.sentence, one.about)
            for one in status.milestones
        ),
        freezes=tuple(
            FreezeLine(one.start, one.end, one.why, one.start <= status.at < one.end)
            for one in sorted(status.plan.freezes, key=lambda freeze: freeze.start)
            if one.end > status.at
        ),
        changes=tuple(change_row(visit, status.plan, change) for change in changes.data),
    )
    return Shown(
        "migration/board.html",
        title_of_plan(status.plan),
        "migration",
        view,
        crumbs(visit, status.plan),
        live_subjects=(plan_subject(stored),),
        live_every_s=LIVE_EVERY_S,
    )


def verdict_pill(route: RouteStatus) -> Pill:
    if route.standing.held_why:
        return Pill("On hold", Tone.WAIT)
    if route.standing.phase == Phase.RETIRED:
        return Pill("Done", Tone.GO)
    if route.verdict is None:
        return Pill("Not judged")
    gates = cast("list[Mapping[str, Any]]", route.verdict.numbers.get("gates", []))
    if [one.get("name") for one in gates if one.get("state") == "wait"] == ["approval"]:
        return Pill("Asks a person", Tone.WAIT)
    return _VERDICTS[route.verdict.verdict]


def sentence_of(route: RouteStatus) -> str:
    """Why it stands where it stands, without the word that the pill has."""
    return route.standing.held_why or route.sentence.removeprefix("Waits. ")


def counts_of(routes: Sequence[RouteStatus]) -> str:
    """How far the routes of a plan are, in a sentence."""
    there = sum(route.standing.phase in (Phase.CANDIDATE, Phase.RETIRED) for route in routes)
    partly = sum(route.standing.phase in (Phase.CANARY, Phase.RAMP) for route in routes)
    held = sum(bool(route.standing.held_why) for route in routes)
    parts = [f"{there} of {plural(len(routes), 'route')} at the candidate"]
    if partly:
        parts.append(f"{partly} with a share of the customers")
    if held:
        parts.append(f"{held} on hold")
    return ", ".join(parts) + "."


def _state(routes: Sequence[RouteStatus]) -> Pill:
    if any(route.standing.held_why for route in routes):
        return Pill("On hold", Tone.WAIT)
    if all(route.standing.phase == Phase.RETIRED for route in routes):
        return Pill("Done", Tone.GO)
    return Pill("Under way", Tone.INFO)


async def _noticed(visit: Visit, status: PlanStatus) -> str:
    served = await served_since(visit.tx, status.stored.plan_id, status.at - _DAY)
    requests = sum(counts[0] for counts in served.values())
    errors = sum(counts[1] for counts in served.values())
    backs = sum(counts[2] for counts in served.values())
    if not requests:
        return "No requests in the last day."
    failed = f"{errors:,} failed" if errors else "none failed"
    return (
        f"Of {plural(requests, 'request')} of customers in the last day {failed}; legacy answered "
        f"{backs:,} in the candidate's place."
    )


def _card(visit: Visit, plan: Plan, route: RouteStatus) -> RouteCard:
    standing = route.standing
    return RouteCard(
        name=route.plan.name,
        title=route.plan.title or route.plan.name,
        href=plan_href(visit, plan.plan, "routes", route.plan.name),
        percent=f"{standing.read_bp / 100:g}",
        verdict=verdict_pill(route),
        sentence=sentence_of(route),
        owner=title_of_team(plan, route.plan.owner),
        writes="writes at the candidate" if standing.writes_to == "candidate" else "",
    )
