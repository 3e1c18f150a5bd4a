"""What differs between the sides: listed, shown with examples, and decided about."""

from collections.abc import Mapping
from shlex import quote
from typing import Any, get_args

from banyan.comparison import (
    DIVERGENCE,
    Divergence,
    DivergenceState,
    Example,
    decide,
    get_divergence,
    list_divergences,
)
from banyan.comparison import (
    Choice as Decided,
)
from banyan.console.errors import PageNotFound, ReasonMissing
from banyan.console.look import day_of, words
from banyan.console.migration.figures import shown_ms
from banyan.console.migration.shared import (
    crumbs,
    divergence_line,
    head_of,
    plan_href,
    plan_of,
    plan_subject,
    title_of_team,
)
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.views.migration import (
    DecisionLine,
    DifferenceLine,
    DivergencesView,
    DivergenceView,
    ExampleView,
)
from banyan.console.visit import Done, Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, plural
from banyan.migration import Plan, StoredPlan

_STATES: tuple[DivergenceState, ...] = get_args(DivergenceState)
_CHOICES: tuple[Decided, ...] = get_args(Decided)
_LABELS: Mapping[Decided, str] = {
    "fix": "Will be mended by the owner",
    "explain": "Explained, still counts",
    "accept": "Accept it",
    "fixed": "It is mended",
    "reopen": "Open it again",
}
_OFFERED: Mapping[DivergenceState, tuple[Decided, ...]] = {
    "open": ("fix", "explain", "accept"),
    "explained": ("fix", "accept", "reopen"),
    "accepted": ("reopen",),
    "fixing": ("fixed", "accept", "reopen"),
    "fixed": ("reopen",),
}
_WHY_MAX = 500


async def show_divergences(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    plan = stored.plan
    state: DivergenceState | None = next(
        (one for one in _STATES if one == visit.query.get("state")), None
    )
    route = next((one.name for one in plan.routes if one.name == visit.query.get("route")), None)
    cursor = visit.query.get("cursor")
    page = await list_divergences(
        visit.tx,
        plan_id=stored.plan_id,
        route=route,
        states=(state,) if state else None,
        limit=LIMIT_DEFAULT,
        cursor=cursor,
    )
    head = await head_of(visit, stored, "divergences")
    open_ = next(tab.count for tab in head.tabs if tab.value == "divergences") or 0
    view = DivergencesView(
        head=head,
        sentence=_sentence(open_),
        states=(
            Choice("", "Any state", is_chosen=state is None),
            *(Choice(one, words(one), is_chosen=one == state) for one in _STATES),
        ),
        routes=(
            Choice("", "Any route", is_chosen=route is None),
            *(
                Choice(one.name, one.title or one.name, is_chosen=one.name == route)
                for one in plan.routes
            ),
        ),
        divergences=tuple(divergence_line(visit, plan, one) for one in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
        is_filtered=bool(state or route),
    )
    return Shown(
        "migration/divergences.html",
        "Divergences",
        "migration",
        view,
        crumbs(visit, plan, Crumb("Divergences")),
        live_subjects=(plan_subject(stored),),
    )


async def show_divergence(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    plan = stored.plan
    shown = await get_divergence(visit.tx, DIVERGENCE.parse(visit.path("divergence_id")))
    one = _of_plan(stored, shown.divergence)
    text = DIVERGENCE.text(one.divergence_id)
    view = DivergenceView(
        head=await head_of(visit, stored, "divergences"),
        line=divergence_line(visit, plan, one),
        sentence=shown.significance.sentence,
        decide_href=plan_href(visit, plan.plan, "divergences", text, "decide"),
        choices=tuple(Choice(choice, _LABELS[choice]) for choice in _OFFERED[one.state]),
        owners=_owners(plan, one),
        facts=_facts(one),
        examples=tuple(_example(plan, example) for example in shown.examples),
        decisions=tuple(
            DecisionLine(
                at=line.decided_at,
                choice=line.choice,
                by=line.by,
                owner=title_of_team(plan, line.owner) if line.owner else "",
                why=line.why,
            )
            for line in shown.decisions
        ),
    )
    listed = Crumb("Divergences", plan_href(visit, plan.plan, "divergences"))
    return Shown(
        "migration/divergence.html",
        one.title,
        "migration",
        view,
        crumbs(visit, plan, listed, Crumb(text)),
    )


async def decide_divergence(visit: Visit) -> Done:
    stored = await plan_of(visit)
    divergence_id = DIVERGENCE.parse(visit.path("divergence_id"))
    _of_plan(stored, (await get_divergence(visit.tx, divergence_id)).divergence)
    choice: Decided | None = next(
        (one for one in _CHOICES if one == visit.form.get("choice")), None
    )
    why = " ".join(visit.form.get("why", "").split())[:_WHY_MAX]
    if choice is None or not why:
        raise ReasonMissing("Say what should become of it, and why. Go back and fill it in.")
    await decide(
        visit.tx,
        divergence_id,
        choice,
        why=why,
        by=visit.session.user.email,
        owner=visit.form.get("owner") or None,
    )
    text = DIVERGENCE.text(divergence_id)
    await visit.audit(f"divergence.{choice}", text, why)
    return Done(plan_href(visit, stored.name, "divergences", text), "decided")


def _of_plan(stored: StoredPlan, one: Divergence) -> Divergence:
    if one.plan_id != stored.plan_id:
        raise PageNotFound(f"The plan {stored.name} has no such divergence.")
    return one


def _sentence(open_: int) -> str:
    if not open_:
        return "Nothing wants a decision."
    return f"{plural(open_, 'wants', 'want')} a decision."


def _owners(plan: Plan, one: Divergence) -> tuple[Choice, ...]:
    known = [*plan.teams, *([one.owner] if one.owner and one.owner not in plan.teams else [])]
    return (
        Choice("", "nobody", is_chosen=not one.owner),
        *(Choice(team, title_of_team(plan, team), is_chosen=team == one.owner) for team in known),
    )


def _shapes(one: Divergence) -> list[Fact]:
    """What sort of value each side has, where that is known of either."""
    if not (one.legacy_shape or one.candidate_shape):
        return []
    return [
        Fact("At legacy", one.legacy_shape or "nothing"),
        Fact("At the candidate", one.candidate_shape or "nothing"),
    ]


def _facts(one: Divergence) -> tuple[Fact, ...]:
    facts = [
        Fact("Requests", f"{one.requests:,}"),
        Fact("First seen", f"{day_of(one.first_seen_at)}, {one.first_seen_at:%H:%M}"),
        Fact("Last seen", f"{day_of(one.last_seen_at)}, {one.last_seen_at:%H:%M}"),
        Fact("Kind", words(one.kind)),
        *_shapes(one),
        Fact("Seen by", "the gateway" if one.source == "gateway" else "an experiment in code"),
    ]
    if one.also:
        facts.append(Fact("Came along", ", ".join(one.also)))
    if one.returned:
        facts.append(
            Fact(
                "Came back after it was mended",
                "once" if one.returned == 1 else f"{one.returned:,} times",
            )
        )
    return tuple(facts)


def _example(plan: Plan, example: Example) -> ExampleView:
    return ExampleView(
        number=example.number,
        asked=f"{example.method} {example.path}",
        request_id=example.request_id,
        at=example.seen_at,
        legacy=_answered(example.legacy_status, example.legacy_us),
        candidate=_answered(example.candidate_status, example.candidate_us),
        differences=tuple(_difference(one) for one in example.differences),
        command=_command(plan, example),
    )


def _answered(status: int, us: int) -> str:
    return f"{status} in {shown_ms(us / 1000)}" if us else str(status or "no answer")


def _difference(one: Mapping[str, Any]) -> DifferenceLine:
    detail = str(one.get("detail") or "")
    kind = words(str(one.get("kind", "")))
    return DifferenceLine(
        path=str(one.get("path", "")),
        kind=f"{kind}, {detail}" if detail else kind,
        legacy="" if one.get("legacy") is None else str(one["legacy"]),
        candidate="" if one.get("candidate") is None else str(one["candidate"]),
    )


def _command(plan: Plan, example: Example) -> str:
    """Asks both sides the same again; only where asking changes nothing."""
    if example.method not in ("GET", "HEAD"):
        return ""
    sent = "".join(f" -H {quote(f'{pair[0]}: {pair[1]}')}" for pair in example.headers)
    flag = " -I" if example.method == "HEAD" else " -i"
    sides = [plan.legacy, *plan.candidates.values()]
    return "\n".join(f"curl{flag}{sent} {quote(side + example.path)}" for side in sides)
