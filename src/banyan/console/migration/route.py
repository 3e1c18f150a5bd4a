"""One route: where it stands, what the judge says, how both sides fare, and what may be done."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from markupsafe import Markup

from banyan.comparison import list_divergences
from banyan.console.look import Pill, Tone, took, words
from banyan.console.migration.board import LIVE_EVERY_S, sentence_of, verdict_pill
from banyan.console.migration.figures import (
    SERIES,
    latency_minutes,
    sides_of,
)
from banyan.console.migration.shared import (
    change_row,
    crumbs,
    divergence_line,
    figure,
    head_of,
    plan_href,
    plan_of,
    plan_subject,
    title_of_team,
)
from banyan.console.views.frame import Crumb, Fact
from banyan.console.views.home import Tile
from banyan.console.views.migration import (
    BoxLine,
    DocumentView,
    GateLine,
    RampStep,
    RouteView,
    SideLine,
    StepButton,
)
from banyan.console.visit import Shown, Visit
from banyan.gateway import SAFE_METHODS
from banyan.migration import (
    Bounds,
    Minute,
    Phase,
    Plan,
    RoutePlan,
    RouteStatus,
    StoredPlan,
    bounds_of,
    describe,
    history,
    minutes_of,
    next_phase,
    path_of,
    route_status_of,
)
from banyan.migration.informing import Document, DocumentName, read_document

_CHANGES = 20
_DIVERGENCES = 8
_CHART = timedelta(hours=3)
_HOUR = timedelta(hours=1)
_UNITS = {"m": "min", "d": "days"}
_GATES = {
    "pass": Pill("Passes", Tone.GO),
    "wait": Pill("Waits", Tone.WAIT),
    "fail": Pill("Fails", Tone.LOST),
}
_PHASES = {
    Phase.LEGACY: Tone.IDLE,
    Phase.SHADOW: Tone.INFO,
    Phase.CANARY: Tone.INFO,
    Phase.RAMP: Tone.INFO,
    Phase.CANDIDATE: Tone.GO,
    Phase.RETIRED: Tone.GO,
}
_DOCUMENTS: tuple[tuple[DocumentName, str], ...] = (
    ("runbook", "Runbook"),
    ("rollback", "Rolling back"),
)


async def show_route(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    plan = stored.plan
    name = visit.path("route")
    status = await route_status_of(visit.tx, stored.plan_id, name)
    minutes = await minutes_of(visit.tx, stored.plan_id, route=name, since=visit.tx.now - _CHART)
    lately = [one for one in minutes if one.minute >= visit.tx.now - _HOUR]
    sides = sides_of(lately)
    changes = await history(visit.tx, stored.plan_id, route=name, limit=_CHANGES)
    found = await list_divergences(visit.tx, plan_id=stored.plan_id, route=name, limit=_DIVERGENCES)
    chart = latency_minutes(minutes)
    view = RouteView(
        head=await head_of(visit, stored, ""),
        name=name,
        title=status.plan.title or name,
        matches=_matches(plan, status.plan),
        phase=Pill(words(status.standing.phase), _PHASES[status.standing.phase]),
        percent=f"{status.standing.read_bp / 100:g}",
        verdict=verdict_pill(status),
        sentence=sentence_of(status),
        held_why=status.standing.held_why,
        change=status.standing.change,
        steps=_steps(plan, status),
        **_buttons(visit, plan, status),
        tiles=_tiles(sides, lately),
        gates=_gates(status),
        judged_at=status.verdict.judged_at if status.verdict else None,
        sides=sides,
        minutes=chart,
        series=SERIES,
        divergences=tuple(divergence_line(visit, plan, one) for one in found.data),
        divergences_href=plan_href(visit, plan.plan, "divergences", route=name),
        changes=tuple(change_row(visit, plan, change) for change in changes.data),
        documents=tuple(
            [
                document_view(
                    visit, plan, name, title, await read_document(visit.tx, plan.plan, name, key)
                )
                for key, title in _DOCUMENTS
            ]
        ),
        facts=_facts(plan, status.plan),
        criteria=_criteria(status.standing.phase, bounds_of(plan, status.plan, status.standing.at)),
    )
    return _shown(visit, stored, view)


def _shown(visit: Visit, stored: StoredPlan, view: RouteView) -> Shown:
    return Shown(
        "migration/route.html",
        view.title,
        "migration",
        view,
        crumbs(visit, stored.plan, Crumb(view.title)),
        live_subjects=(plan_subject(stored),),
        live_every_s=LIVE_EVERY_S,
        has_chart=bool(view.minutes),
    )


def document_view(
    visit: Visit, plan: Plan, route: str, title: str, shown: Document
) -> DocumentView:
    return DocumentView(
        name=shown.name,
        title=title,
        href=plan_href(visit, plan.plan, "routes", route, "documents", shown.name),
        parts=tuple(Markup(part) for part in shown.parts),  # noqa: S704 - made safe by informing
        boxes=tuple(
            BoxLine(
                number=item.number,
                text=item.text,
                is_done=item.tick is not None,
                by=item.tick.by if item.tick else "",
                at=item.tick.checked_at if item.tick else None,
            )
            for item in shown.items
        ),
        done=sum(item.tick is not None for item in shown.items),
    )


def _matches(plan: Plan, route: RoutePlan) -> str:
    where = route.path or (f"{route.prefix}…" if route.prefix else f"matching {route.regex}")
    methods = ", ".join(route.methods) or "all methods"
    others = ", ".join(title_of_team(plan, one) for one in route.dependents)
    told = f" · dependent {others}" if others else ""
    return f"{methods} {where} · owner {title_of_team(plan, route.owner)}{told}"


def _steps(plan: Plan, status: RouteStatus) -> tuple[RampStep, ...]:
    here = status.standing
    path = path_of(plan, status.plan)
    order = list(Phase)
    behind = (order.index(here.phase), here.read_bp)
    steps: list[RampStep] = []
    for at in path:
        place = (order.index(at.phase), at.read_bp)
        is_here = at.phase == here.phase and at.read_bp == here.read_bp
        state = "now" if is_here else "done" if place < behind else "todo"
        share = f"{at.read_bp / 100:g} %" if at.read_bp else ""
        steps.append(RampStep(words(at.phase), share, state))
    if not any(step.state == "now" for step in steps):  # the plan's weights are others by now
        count = sum(step.state == "done" for step in steps)
        steps.insert(count, RampStep(words(here.phase), f"{here.read_bp / 100:g} %", "now"))
    return tuple(steps)


def _buttons(visit: Visit, plan: Plan, status: RouteStatus) -> dict[str, Any]:
    """What a person may do now; what makes no sense isn't offered."""
    here, name = status.standing, status.plan.name

    def to(what: str) -> str:
        return plan_href(visit, plan.plan, "routes", name, what)

    is_ready = status.verdict is not None and status.verdict.verdict == "advance"
    ahead = status.next
    goal = next_phase(plan, status.plan, here.at)
    held = bool(here.held_why)
    is_back = here.phase == Phase.LEGACY or (here.phase == Phase.SHADOW and held)
    return {
        "advance": StepButton(
            f"Advance to {describe(ahead)}",
            to("advance"),
            f"The judge: {sentence_of(status)}",
            is_forced=not is_ready and here.phase != Phase.LEGACY,
        )
        if ahead is not None and not held
        else None,
        "approve": StepButton(
            f"Approve phase {goal.phase.value}",
            to("approve"),
            "The step follows by itself once all else holds.",
        )
        if goal is not None and not held and here.approved_for != goal.phase.value
        else None,
        "hold": StepButton("Hold", to("hold"), "Nothing advances until somebody releases it.")
        if not held and ahead is not None
        else None,
        "release": StepButton(
            "Release", to("release"), "It may advance again; what is gathered begins anew."
        )
        if held
        else None,
        "roll_back": None if is_back else _roll_back(status, to("rollback")),
    }


def _roll_back(status: RouteStatus, href: str) -> StepButton:
    here = status.standing
    share = f"{here.read_bp / 100:g} % of its customers go" if here.read_bp else "Its copies stop"
    where = "to legacy within a second" if here.read_bp else "at once"
    risk = (
        " The candidate takes its writes: it is refused unless legacy has them, too."
        if here.writes_to == "candidate"
        else ""
    )
    return StepButton(
        "Roll back",
        href,
        f"{share} {where}, and it is held until a person releases it.{risk}",
        is_forced=here.writes_to == "candidate" or here.phase == Phase.RETIRED,
    )


def _tiles(sides: Sequence[SideLine], lately: Sequence[Minute]) -> tuple[Tile, ...]:
    by_side = {side.side: side for side in sides}
    customers = by_side.get("Customers")
    if customers is None:
        return ()
    legacy, candidate = by_side.get("Legacy"), by_side.get("Candidate")
    backs = sum(one.fall_backs for one in lately if one.side == "served")
    tiles = [
        Tile("Requests, last hour", f"{customers.requests:,}", note="of its customers"),
        Tile(
            "Failed",
            f"{customers.errors:,}",
            note=customers.error_share,
            tone=Tone.WAIT if customers.errors else Tone.GO,
        ),
        Tile("Fell back", f"{backs:,}", note="answered by legacy instead"),
    ]
    if candidate is not None:
        before = legacy.p50 if legacy else "unknown"
        tail = legacy.p99 if legacy else "unknown"
        tiles += [
            Tile("Median", candidate.p50, note=f"legacy {before}"),
            Tile("p99", candidate.p99, note=f"legacy {tail}"),
        ]
    return tuple(tiles)


def _gates(status: RouteStatus) -> tuple[GateLine, ...]:
    if status.verdict is None:
        return ()
    gates = cast("list[Mapping[str, Any]]", status.verdict.numbers.get("gates", []))
    return tuple(
        GateLine(
            name=str(gate.get("name", "")),
            state=_GATES.get(str(gate.get("state")), Pill(str(gate.get("state")))),
            sentence=str(gate.get("sentence", "")),
            numbers=tuple(
                Fact(words(name), figure(value))
                for name, value in cast("Mapping[str, Any]", gate.get("numbers") or {}).items()
            ),
        )
        for gate in gates
    )


def _facts(plan: Plan, route: RoutePlan) -> tuple[Fact, ...]:
    others = ", ".join(title_of_team(plan, one) for one in route.dependents)
    backs = f"after {_spaced(route.fall_back.after)}" if route.fall_back else "never"
    is_read_only = bool(route.methods) and set(route.methods) <= {*SAFE_METHODS}
    return (
        Fact("Owner", title_of_team(plan, route.owner)),
        Fact("Dependent teams", others or "none"),
        Fact("Legacy", plan.legacy),
        Fact("Candidate", plan.candidates.get(plan.candidate_of(route) or "", "")),
        Fact("Falls back to legacy", backs),
        Fact("Writes", "none" if is_read_only else words(route.writes)),
        Fact("Advances by itself up to", route.auto_advance_to.value),
        Fact("Notice before a step", _spaced(plan.notice) if plan.notice[0] != "0" else "none"),
    )


def _spaced(duration: str) -> str:
    """A plan's ``10m`` as it is shown elsewhere: ``10 min``."""
    number = duration.rstrip("dhms")
    unit = duration[len(number) :]
    return f"{number} {_UNITS.get(unit, unit)}"


def _criteria(phase: Phase, bounds: Bounds) -> tuple[Fact, ...]:
    """What holds, also where the plan leaves it to the defaults."""
    measured = (
        Fact("Attempts at the candidate", f"{bounds.requests_min:,} or more"),
        Fact("Compared answers", f"{bounds.compared_min:,} or more"),
        Fact("Time at this step", took(timedelta(microseconds=bounds.time_min_us))),
        Fact("Failures above legacy's", f"{_share(bounds.errors_increase_max)} or less"),
        Fact(
            "Slower than legacy by",
            f"{_share(bounds.latency_increase_max)} or less, or by "
            f"{took(timedelta(microseconds=bounds.latency_floor_us))}",
        ),
        Fact("Answers that differ", f"{_share(bounds.divergence_max)} or less"),
        Fact("Confidence of the judge", _share(bounds.confidence)),
    )
    agreed = (
        *([Fact("Data verified", ", ".join(bounds.data))] if bounds.data else ()),
        *([Fact("Rehearsal", "a signed one that passed")] if bounds.rehearsed else ()),
        *([Fact("Approval", "by a person")] if bounds.approval else ()),
    )
    return (*(measured if phase not in (Phase.LEGACY, Phase.RETIRED) else ()), *agreed)


def _share(part: float) -> str:
    return f"{100 * part:g} %"
