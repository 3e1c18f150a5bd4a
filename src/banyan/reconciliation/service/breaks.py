"""Breaks: what a run could not explain becomes cases, and they close when it is explained."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from banyan import operations
from banyan.kernel import Money, Page, id_of_cursor, new_id, page_of
from banyan.operations import CaseDraft
from banyan.reconciliation.errors import LineNotOpen, LinesDontMatch
from banyan.reconciliation.model import (
    LINE,
    STATEMENT,
    Break,
    BreakKind,
    Line,
    Resolution,
    StoredBreak,
    StoredLine,
    StoredStatement,
)
from banyan.reconciliation.rules import Tolerances
from banyan.reconciliation.service import news
from banyan.reconciliation.service.matches import match_by_hand
from banyan.reconciliation.store import imports as imports_store
from banyan.reconciliation.store import lines as lines_store
from banyan.reconciliation.store import matches as store
from banyan.runtime import Json, Transaction

QUEUE = "reconciliation"
_KIND = "reconciliation."
_GAP = "reconciliation.statement_gap"
_GAPS_MAX = 1_000
_WITHIN = timedelta(days=3)
_TITLES: Mapping[BreakKind, str] = {
    "missing_in_books": "The provider or bank has it, our books don't",
    "missing_at_provider": "The provider has not reported it",
    "missing_at_bank": "The provider has paid it, the bank has not received it",
    "amount_differs": "The amounts differ",
    "fee_differs": "The fees differ",
    "currency_differs": "The currencies differ",
    "duplicate": "It came twice",
    "unknown_reference": "Nobody here knows its reference",
}


async def settle_breaks(
    tx: Transaction,
    found: Sequence[Break],
    lines: Mapping[UUID, StoredLine],
    tolerances: Tolerances,
) -> tuple[int, int]:
    """Bring the open breaks to what a run has found; how many were opened and closed.

    A break that a person waits for stays without a case until the day has come; then it is asked
    again, once. ``lines`` are all that ``found`` is about.
    """
    today = tx.now.date()
    wanted = {(one.line.line_id, one.kind): one for one in found}
    standing = {(one.line_id, one.kind): one for one in await store.open_breaks(tx)}
    over = [one for key, one in standing.items() if key not in wanted]
    fresh = [one for key, one in wanted.items() if key not in standing]
    await _close(tx, over)
    again = [
        one
        for key, one in wanted.items()
        if key in standing and _is_over(lines[one.line.line_id], today)
    ]
    await lines_store.end_waiting(tx, {one.line.line_id for one in again})
    opened = [_stored(tx, one) for one in fresh]
    if opened:
        await store.insert_breaks(tx, opened)
        await tx.record_all([news.break_opened(one) for one in opened])
    await _open_cases(tx, [*fresh, *again], lines, tolerances)
    return len(opened), len(over)


def _is_over(line: StoredLine, today: date) -> bool:
    """Whether somebody has waited for this line, and long enough."""
    return line.wait_until is not None and line.wait_until < today


async def _close(tx: Transaction, breaks: Sequence[StoredBreak]) -> None:
    if not breaks:
        return
    await store.close_breaks(tx, [one.break_id for one in breaks])
    await tx.record_all([news.break_closed(one) for one in breaks])
    for kind in sorted({one.kind for one in breaks}):
        subjects = [LINE.text(one.line_id) for one in breaks if one.kind == kind]
        await operations.withdraw_cases(tx, subjects, kinds=[_KIND + kind])


async def _open_cases(
    tx: Transaction,
    breaks: Sequence[Break],
    lines: Mapping[UUID, StoredLine],
    tolerances: Tolerances,
) -> None:
    if not breaks:
        return
    await lines_store.count_broken(tx, {one.line.line_id for one in breaks})
    await operations.open_cases(
        tx, [_case(tx, one, lines[one.line.line_id], tolerances) for one in breaks]
    )


def _case(tx: Transaction, one: Break, line: StoredLine, tolerances: Tolerances) -> CaseDraft:
    limit = tolerances.of(one.line).write_off_minor
    return CaseDraft(
        key=f"{QUEUE}/{one.line.line_id}/{one.kind}/{line.broken_times}",
        queue=QUEUE,
        kind=_KIND + one.kind,
        subject=LINE.text(one.line.line_id),
        title=_TITLES[one.kind],
        reason=one.reason,
        due_at=tx.now + _WITHIN,
        resolutions=_resolutions(one, limit),
        at_risk=Money.of(one.at_risk_minor, _currency(one)),
        evidence={
            "line": _shown(one.line),
            "other": None if one.other is None else _shown(one.other),
            "age_days": (tx.now.date() - one.line.on).days,
        },
    )


def _resolutions(one: Break, limit: int) -> tuple[Resolution, ...]:
    """What a person may decide; giving it up only up to the limit, and in one currency."""
    always: tuple[Resolution, ...] = ("link_by_hand", "ask_provider", "wait")
    is_small = one.at_risk_minor <= limit and one.kind != "currency_differs"
    return ("write_off", *always) if is_small else always


def _currency(one: Break) -> str:
    differs = one.kind == "currency_differs" and one.other is not None
    return one.other.currency if differs and one.other is not None else one.line.currency


def _shown(line: Line) -> dict[str, Json]:
    return {
        "id": LINE.text(line.line_id),
        "side": line.side,
        "source": line.source,
        "type": line.type,
        "on": line.on.isoformat(),
        "gross": str(line.gross),
        "net": str(line.net),
        "key": line.key,
        "reference": line.reference,
        "payment": line.group,
        "text": line.text,
    }


def _stored(tx: Transaction, one: Break) -> StoredBreak:
    return StoredBreak(
        marketplace_id=tx.marketplace_id,
        break_id=new_id(tx.now),
        line_id=one.line.line_id,
        other_line_id=None if one.other is None else one.other.line_id,
        kind=one.kind,
        reason=one.reason,
        at_risk_minor=one.at_risk_minor,
        currency=_currency(one),
        source=one.line.source,
        line_on=one.line.on,
        opened_at=tx.now,
        closed_at=None,
    )


async def follow_resolution(
    tx: Transaction, kind: str, subject: str, resolution: str, note: str, by: str
) -> None:
    """Do what a person has decided about a break.

    A write-off is a match of what is there; everything else waits some days for what was done about
    it, and asks again.
    """
    if not kind.startswith(_KIND) or kind == _GAP:
        return
    line_id = LINE.parse(subject)
    found = [
        one
        for one in await store.open_breaks(tx)
        if one.line_id == line_id and _KIND + one.kind == kind
    ]
    if not found:
        return
    if resolution == "write_off" and await _write_off(tx, found[0], note, by):
        return
    [line] = await lines_store.lock_lines(tx, [line_id])
    tolerance = Tolerances(await store.select_tolerances(tx)).of(line)
    await lines_store.wait_with(
        tx, line_id, tx.now.date() + timedelta(days=max(1, tolerance.wait_days))
    )


async def _write_off(tx: Transaction, one: StoredBreak, note: str, by: str) -> bool:
    """Whether it could be done: meanwhile a line may be matched, or the limit be lower."""
    is_pair = one.other_line_id is not None and one.kind != "duplicate"
    ids = [one.line_id, *([one.other_line_id] if is_pair and one.other_line_id else [])]
    try:
        await match_by_hand(
            tx, ids, note=note or f"Given up: {one.reason}", by=by, is_write_off=True
        )
    except (LineNotOpen, LinesDontMatch):
        return False
    return True


async def check_statements(tx: Transaction) -> None:
    """A statement that doesn't follow the one before is a case, until the missing one comes."""
    gapped = await imports_store.gapped_statements(tx)
    await operations.open_cases(tx, [_gap_case(tx, one) for one in gapped])
    still = {STATEMENT.text(one.statement_id) for one in gapped}
    asked = await operations.list_cases(tx, queue=QUEUE, limit=_GAPS_MAX)
    closed = [
        case.subject for case in asked.data if case.kind == _GAP and case.subject not in still
    ]
    await operations.withdraw_cases(tx, closed, kinds=[_GAP])


def _gap_case(tx: Transaction, one: StoredStatement) -> CaseDraft:
    gap = Money.of(one.gap_minor, one.currency)
    return CaseDraft(
        key=f"{_GAP}/{one.statement_id}",
        queue=QUEUE,
        kind=_GAP,
        subject=STATEMENT.text(one.statement_id),
        title="A bank statement is missing",
        reason=f"Statement {one.reference} of {one.account} opens {gap} apart from the one before.",
        due_at=tx.now + _WITHIN,
        resolutions=("ask_bank", "wait"),
        at_risk=Money.of(abs(one.gap_minor), one.currency),
    )


async def list_breaks(
    tx: Transaction,
    *,
    kind: BreakKind | None = None,
    is_open: bool = True,
    limit: int,
    cursor: str | None = None,
) -> Page[StoredBreak]:
    """Breaks, the newest first."""
    rows = await store.select_breaks(
        tx, kind=kind, is_open=is_open, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda one: one.break_id)
