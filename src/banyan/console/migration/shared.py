"""What the pages of a plan share: the head, changes, divergences, words for states."""

from datetime import timedelta
from typing import Any

from banyan.comparison import DIVERGENCE, Divergence, list_divergences
from banyan.console.look import DASH, Pill, Tone, took, words
from banyan.console.views.frame import Choice, Crumb
from banyan.console.views.migration import ChangeRow, DivergenceLine, PlanHead
from banyan.console.visit import Visit
from banyan.migration import PLAN, Change, Plan, StoredPlan, find_plan, status_of
from banyan.migration import PlanStatus as Status

CONTROL_SILENT = timedelta(seconds=10)
"""A control plane that hasn't been heard of for so long is taken to be away."""

OPEN_SHOWN_MAX = 100
_JUDGE = "judge"
_TABS = (
    ("", "Board"),
    ("divergences", "Divergences"),
    ("data", "Data"),
    ("rehearsals", "Rehearsals"),
    ("notices", "Who was told"),
    ("report", "Before and after"),
)
_KINDS = {
    "started": Pill("Began"),
    "advanced": Pill("Advanced", Tone.GO),
    "rolled_back": Pill("Rolled back", Tone.LOST),
    "held": Pill("Held", Tone.WAIT),
    "released": Pill("Released", Tone.INFO),
    "approved": Pill("Approved", Tone.INFO),
    "announced": Pill("Announced", Tone.INFO),
    "returned": Pill("Begun anew"),
    "gone": Pill("Left the plan"),
}
DIVERGENCE_PILLS = {
    "open": Pill("Open", Tone.WAIT),
    "explained": Pill("Explained", Tone.INFO),
    "accepted": Pill("Accepted", Tone.GO),
    "fixing": Pill("Being mended", Tone.WAIT),
    "fixed": Pill("Mended", Tone.GO),
}


async def plan_of(visit: Visit) -> StoredPlan:
    """The plan that the address names, by name or id; ``PlanNotFound``."""
    return await find_plan(visit.tx, visit.path("plan"))


def plan_href(visit: Visit, plan: str, *rest: str, **query: str | None) -> str:
    return visit.href("/".join(("migration", plan, *rest)), **query)


def title_of_plan(plan: Plan) -> str:
    return plan.title or plan.plan


def title_of_team(plan: Plan, team: str) -> str:
    found = plan.teams.get(team)
    return (found.title if found else "") or team


def title_of_route(plan: Plan, route: str) -> str:
    found = next((one for one in plan.routes if one.name == route), None)
    return (found.title if found else "") or route


def crumbs(visit: Visit, plan: Plan, *rest: Crumb) -> tuple[Crumb, ...]:
    here = Crumb(title_of_plan(plan), plan_href(visit, plan.plan) if rest else "")
    return (Crumb("Migration", visit.href("migration")), here, *rest)


async def head_of(visit: Visit, stored: StoredPlan, tab: str) -> PlanHead:
    return head_from(
        visit, await status_of(visit.tx, stored.plan_id), tab, await _open(visit, stored)
    )


def head_from(visit: Visit, status: Status, tab: str, open_: int) -> PlanHead:
    plan = status.plan
    control, note = _control(visit, status)
    return PlanHead(
        name=plan.plan,
        title=title_of_plan(plan),
        version=status.stored.version,
        tabs=tuple(
            Choice(
                key,
                label,
                plan_href(visit, plan.plan, *([key] if key else [])),
                key == tab,
                open_ if key == "divergences" and open_ else None,
            )
            for key, label in _TABS
        ),
        control=control,
        control_note=note,
    )


async def _open(visit: Visit, stored: StoredPlan) -> int:
    page = await list_divergences(
        visit.tx, plan_id=stored.plan_id, states=("open",), limit=OPEN_SHOWN_MAX
    )
    return len(page.data)


def _control(visit: Visit, status: Status) -> tuple[Pill, str]:
    """Who leads the plan, and whether the data plane does what the plan says."""
    beat = status.controller
    if beat is None:
        return Pill("No control plane", Tone.WAIT), "start banyan gateway"
    away = visit.console.clock.now() - beat.beat_at
    if away > CONTROL_SILENT:
        return Pill("Control plane away", Tone.LOST), f"since {took(away)}; traffic goes on"
    if beat.says:
        return Pill("Control plane", Tone.WAIT), beat.says
    if beat.unreached:
        return Pill("Control plane runs", Tone.WAIT), " ".join(beat.unreached)
    if beat.version != status.stored.version:
        note = f"version {beat.version} is in effect, {status.stored.version} comes"
        return Pill("Control plane runs", Tone.INFO), note
    return Pill("Control plane runs", Tone.GO), f"version {beat.version} is in effect"


def place(phase: str, bp: int) -> str:
    return f"{phase}, {bp / 100:g} %" if phase in ("canary", "ramp") else phase


def change_row(visit: Visit, plan: Plan, change: Change) -> ChangeRow:
    before, after = place(change.from_phase, change.from_bp), place(change.to_phase, change.to_bp)
    is_judged = change.kind == "advanced" and change.by == _JUDGE
    why, _, figures = change.why.partition(". ") if is_judged else (change.why, "", "")
    return ChangeRow(
        key=f"{change.route}/{change.change}",
        at=change.decided_at,
        route=title_of_route(plan, change.route),
        route_href=plan_href(visit, plan.plan, "routes", change.route),
        what=after if before == after else f"{before} to {after}",
        kind=_KINDS.get(change.kind, Pill(words(change.kind))),
        by=change.by,
        why=f"{why}." if figures else why,
        effect=_effect(change),
        figures=figures,
    )


def _effect(change: Change) -> str:
    if change.effective_at is None:
        return "not confirmed yet"
    after = change.effective_at - change.decided_at
    return "at once" if after < timedelta(milliseconds=1) else f"after {took(after)}"


def divergence_line(visit: Visit, plan: Plan, one: Divergence) -> DivergenceLine:
    text = DIVERGENCE.text(one.divergence_id)
    return DivergenceLine(
        divergence_id=text,
        href=plan_href(visit, plan.plan, "divergences", text),
        title=one.title,
        route=title_of_route(plan, one.route),
        where=one.pattern,
        state=DIVERGENCE_PILLS[one.state],
        owner=title_of_team(plan, one.owner) if one.owner else "",
        requests=one.requests,
        first_at=one.first_seen_at,
        last_at=one.last_seen_at,
    )


def plan_subject(stored: StoredPlan) -> str:
    return PLAN.text(stored.plan_id)


def figure(value: Any) -> str:
    """A number of a gate, for people."""
    match value:
        case None:
            return DASH
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4g}"
        case _:
            return str(value)[:80]
