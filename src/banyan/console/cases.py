"""Cases: the queue, one case, taking it and deciding it."""

from collections.abc import Mapping
from typing import Any, cast

from banyan.console.links import money_in, subject_href
from banyan.console.look import money, state_pill, words
from banyan.console.story import sellers_in, timeline
from banyan.console.views.cases import (
    CaseCard,
    CaseLine,
    CasesView,
    CaseView,
    Resolution,
)
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.visit import Done, Shown, Visit
from banyan.kernel import LIMIT_DEFAULT
from banyan.operations import (
    CASE,
    Case,
    assign_case,
    case_counts,
    get_case,
    list_cases,
    open_queues,
    resolve_case,
)
from banyan.parties import SELLER, sellers_by_id
from banyan.runtime import events_of

_NOTE_MAX = 500


async def show_cases(visit: Visit) -> Shown:
    """The queue. ``show`` is open (default), mine or resolved; ``queue`` narrows it."""
    show = visit.query.get("show", "open")
    queue = visit.query.get("queue", "")
    mine = visit.session.user.email
    page = await list_cases(
        visit.tx,
        is_open=show != "resolved",
        queue=queue or None,
        owner=mine if show == "mine" else None,
        limit=LIMIT_DEFAULT,
        cursor=visit.query.get("cursor"),
    )
    counts = await case_counts(visit.tx)
    tabs = (("open", "Open", counts.open), ("mine", "Mine", None), ("resolved", "Decided", None))
    queues = [Choice("", "Every queue", is_chosen=not queue)]
    queues += [
        Choice(name, words(name), is_chosen=name == queue) for name in await open_queues(visit.tx)
    ]
    view = CasesView(
        now=visit.tx.now,
        tabs=tuple(
            Choice(value, label, visit.href("cases", show=value), value == show, count)
            for value, label, count in tabs
        ),
        queues=tuple(queues),
        cases=tuple(case_line(visit, case) for case in _most_urgent_first(page.data)),
        pages=Pages(
            first_href=visit.again(cursor=None) if visit.query.get("cursor") else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
        is_filtered=show != "open" or bool(queue),
    )
    return Shown("cases/list.html", "Cases", "cases", view, live_subjects=None)


async def show_case(visit: Visit) -> Shown:
    case = await get_case(visit.tx, CASE.parse(visit.path("case_id")))
    events = await events_of(visit.tx, case.subject)
    events += await events_of(visit.tx, CASE.text(case.case_id))
    sellers = await sellers_by_id(visit.tx, [SELLER.parse(text) for text in sellers_in(events)])
    names = {SELLER.text(seller.seller_id): seller.name for seller in sellers.values()}
    view = CaseView(visit.tx.now, case_card(visit, case), timeline(events, visit.base, names))
    crumbs = (Crumb("Cases", visit.href("cases")), Crumb(case.title))
    return Shown(
        "cases/case.html", case.title, "cases", view, crumbs, live_subjects=(case.subject,)
    )


async def take_case(visit: Visit) -> Done:
    """Assign the case to whoever asks."""
    case_id = CASE.parse(visit.path("case_id"))
    case = await assign_case(visit.tx, case_id, visit.session.user.email)
    await visit.audit("case.assign", CASE.text(case_id), f"{case.title}: to themselves")
    return Done(visit.href(f"cases/{CASE.text(case_id)}"), "assigned")


async def decide_case(visit: Visit) -> Done:
    """Resolve the case; its journey goes on by the event."""
    case_id = CASE.parse(visit.path("case_id"))
    resolution = visit.form.get("resolution", "")
    note = visit.form.get("note", "").strip()[:_NOTE_MAX]
    actor = visit.session.user.email
    case = await resolve_case(visit.tx, case_id, resolution, note=note, actor=actor)
    said = f"{resolution}: {note}" if note else resolution
    await visit.audit("case.resolve", CASE.text(case_id), said)
    href = subject_href(visit.base, case.subject) or visit.href(f"cases/{CASE.text(case_id)}")
    return Done(href, "resolved")


def _most_urgent_first(cases: list[Case]) -> list[Case]:
    """Open cases by the hour of their deadline, and within it by the money at risk."""
    if not all(case.is_open for case in cases):
        return cases
    return sorted(
        cases,
        key=lambda case: (
            case.due_at.replace(minute=0, second=0, microsecond=0),
            -(case.at_risk_minor or 0),
        ),
    )


def case_line(visit: Visit, case: Case) -> CaseLine:
    text = CASE.text(case.case_id)
    return CaseLine(
        case_id=text,
        href=visit.href(f"cases/{text}"),
        title=case.title,
        queue=words(case.queue),
        state=state_pill(case.state),
        subject=case.subject,
        subject_href=subject_href(visit.base, case.subject),
        at_risk=case.at_risk,
        due_at=case.due_at,
        is_overdue=case.is_open and case.due_at < visit.tx.now,
        owner=case.owner or "",
        opened_at=case.opened_at,
    )


def case_card(visit: Visit, case: Case) -> CaseCard:
    href = visit.href(f"cases/{CASE.text(case.case_id)}")
    return CaseCard(
        line=case_line(visit, case),
        reason=case.reason,
        evidence=tuple(_evidence(visit, case.evidence)),
        resolutions=tuple(Resolution(code, words(code)) for code in case.resolutions),
        assign_href=f"{href}/assign",
        resolve_href=f"{href}/resolve",
        is_mine=case.owner == visit.session.user.email,
        resolution=words(case.resolution or case.state),
        resolved_by=case.resolved_by or "the machine",
        resolved_at=case.closed_at,
        note=case.note or "",
    )


def _evidence(visit: Visit, evidence: Mapping[str, Any]) -> list[Fact]:
    """What the case was opened with, one fact a line; a record's parts are lines of their own."""
    facts: list[Fact] = []
    for name, value in evidence.items():
        if isinstance(value, dict) and "currency" not in value:
            facts += _evidence(visit, cast("dict[str, Any]", value))
        elif text := _plain(value):
            facts.append(Fact(words(name), text, subject_href(visit.base, text)))
    return facts


def _plain(value: Any) -> str:
    """A value of a JSON document in words."""
    known = money_in(value)
    if known is not None:
        return money(known)
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case list():
            parts = cast("list[Any]", value)
            return ", ".join(_plain(part) for part in parts)
        case dict():
            named = cast("dict[str, Any]", value)
            return "; ".join(f"{words(name)}: {_plain(part)}" for name, part in named.items())
        case _:
            return str(value)
