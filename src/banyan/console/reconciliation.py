"""Reconciliation: whether our books, the providers and the bank agree, and where they don't."""

from collections.abc import Mapping, Sequence
from typing import get_args
from uuid import UUID

from banyan.console.links import subject_href
from banyan.console.look import Pill, Tone, money, took, words
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.views.reconciliation import (
    BreakLine,
    ImportLine,
    LineRow,
    LinesView,
    ReconciliationView,
    StandingLine,
)
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, Money
from banyan.operations import CASE, cases_of
from banyan.reconciliation import (
    BREAK,
    LINE,
    Import,
    LineState,
    OpenAge,
    Side,
    Standing,
    StoredBreak,
    StoredLine,
    lines_by_id,
    list_breaks,
    list_imports,
    list_lines,
    open_ages,
    standings,
)

_IMPORTS = 8
_SIDES: dict[Side, str] = {"books": "Our books", "provider": "Provider", "bank": "Bank"}
_STATES: Sequence[LineState] = get_args(LineState)
_FORMATS = {"camt.053": "Bank statement", "mt940": "Bank statement"}


async def show_reconciliation(visit: Visit) -> Shown:
    cursor = visit.query.get("cursor")
    rows = await standings(visit.tx)
    ages = {(one.side, one.source, one.currency): one for one in await open_ages(visit.tx)}
    breaks = await list_breaks(visit.tx, limit=LIMIT_DEFAULT, cursor=cursor)
    wanted = {one.line_id for one in breaks.data}
    wanted |= {one.other_line_id for one in breaks.data if one.other_line_id}
    lines = await lines_by_id(visit.tx, wanted)
    imports = await list_imports(visit.tx, limit=_IMPORTS)
    view = ReconciliationView(
        state=_state(rows),
        sentence=_sentence(rows),
        standings=tuple(
            _standing(visit, row, ages.get((row.side, row.source, row.currency))) for row in rows
        ),
        breaks=tuple([await _break(visit, one, lines) for one in breaks.data]),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=breaks.next_cursor) if breaks.next_cursor else "",
        ),
        imports=tuple(_import(one) for one in imports.data),
    )
    return Shown("reconciliation/overview.html", "Reconciliation", "reconciliation", view)


async def show_lines(visit: Visit) -> Shown:
    """What one side says, the newest first; ``side``, ``source`` and ``state`` narrow it."""
    side: Side | None = next((known for known in _SIDES if known == visit.query.get("side")), None)
    state: LineState | None = next(
        (known for known in _STATES if known == visit.query.get("state")), None
    )
    source = visit.query.get("source", "").strip()[:80]
    cursor = visit.query.get("cursor")
    page = await list_lines(
        visit.tx, side=side, source=source or None, state=state, limit=LIMIT_DEFAULT, cursor=cursor
    )
    title = f"{_SIDES[side]}: {source}" if side and source else "Lines"
    view = LinesView(
        title=title,
        tabs=(
            Choice("", "All", visit.again(state=None, cursor=None), state is None),
            *(
                Choice(one, words(one), visit.again(state=one, cursor=None), one == state)
                for one in _STATES
            ),
        ),
        lines=tuple(_row(visit, line) for line in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
    )
    crumbs = (Crumb("Reconciliation", visit.href("reconciliation")), Crumb(title))
    return Shown("reconciliation/lines.html", title, "reconciliation", view, crumbs)


def _state(rows: Sequence[Standing]) -> Pill:
    if any(row.breaks for row in rows):
        return Pill("Look here", Tone.WAIT)
    return Pill("Agrees", Tone.GO) if rows else Pill("Nothing compared yet")


def _sentence(rows: Sequence[Standing]) -> str:
    count = sum(row.breaks for row in rows)
    if not rows:
        return (
            "Our books, the providers' reports and the bank's statements, held against one another."
        )
    if not count:
        return "Nothing contradicts: what is open still waits for the other side's word."
    risks: dict[str, Money] = {}
    for row in rows:
        at_risk = Money.of(row.at_risk_minor, row.currency)
        risks[row.currency] = risks.get(row.currency, Money.zero(row.currency)) + at_risk
    named = " and ".join(money(risk) for risk in risks.values() if risk.minor)
    differences = "1 difference" if count == 1 else f"{count:,} differences"
    return f"{differences} that nothing explains{f', {named} at risk' if named else ''}."


def _standing(visit: Visit, row: Standing, ages: OpenAge | None) -> StandingLine:
    def lines(state: LineState) -> str:
        return visit.href("reconciliation/lines", side=row.side, source=row.source, state=state)

    return StandingLine(
        side=_SIDES[row.side],
        source=row.source,
        currency=row.currency,
        matched=row.matched,
        matched_href=lines("matched"),
        open=row.open,
        open_href=lines("open"),
        open_net=Money.of(row.open_net_minor, row.currency),
        ages=_ages(ages),
        breaks=row.breaks,
        at_risk=Money.of(row.at_risk_minor, row.currency),
    )


def _ages(ages: OpenAge | None) -> tuple[Fact, ...]:
    if ages is None:
        return ()
    counts = (("3 days", ages.days), ("a week", ages.week), ("a month", ages.month))
    facts = [Fact(f"up to {label}", f"{count:,}") for label, count in counts if count]
    return (*facts, Fact("older", f"{ages.older:,}")) if ages.older else tuple(facts)


async def _break(visit: Visit, one: StoredBreak, lines: Mapping[UUID, StoredLine]) -> BreakLine:
    cases = await cases_of(visit.tx, LINE.text(one.line_id))
    case = next((case for case in cases if case.is_open and case.kind.endswith(one.kind)), None)
    sides = [lines[key] for key in (one.line_id, one.other_line_id) if key and key in lines]
    ours = next((line for line in sides if line.side == "books"), None)
    theirs = [line for line in sides if line is not ours]
    return BreakLine(
        break_id=BREAK.text(one.break_id),
        title=words(one.kind),
        href=visit.href(f"cases/{CASE.text(case.case_id)}") if case else "",
        reason=one.reason,
        at_risk=one.at_risk,
        age=took(visit.tx.now - one.opened_at),
        source=one.source,
        ours=_called(ours) if ours else "",
        theirs=", ".join(_called(line) for line in theirs),
    )


def _called(line: StoredLine) -> str:
    """How a side calls it, with what it is and its amount."""
    name = line.key or line.reference or line.batch or line.text[:60]
    return f"{words(line.type)} {name}".strip() + f", {money(line.net)}"


def _import(one: Import) -> ImportLine:
    return ImportLine(
        what=_FORMATS.get(one.format, "Settlement report"),
        source=f"{one.source}, {one.format}" if one.source else one.format,
        lines=one.lines,
        repeated=one.repeated,
        by=one.imported_by,
        at=one.imported_at,
    )


def _row(visit: Visit, line: StoredLine) -> LineRow:
    is_matched = line.state == "matched"
    return LineRow(
        line_id=LINE.text(line.line_id),
        type=words(line.type),
        side=_SIDES[line.side],
        source=line.source,
        names=line.key or line.reference or line.batch or line.text[:80],
        about=line.group,
        about_href=subject_href(visit.base, line.group),
        state=Pill("Matched", Tone.GO) if is_matched else Pill("Open", Tone.WAIT),
        net=line.net,
        on=line.on,
    )
