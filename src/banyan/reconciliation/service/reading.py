"""Reading lines, tolerances, and how it all stands."""

from collections.abc import Collection
from uuid import UUID

from banyan.kernel import Page, id_of_cursor, page_of
from banyan.reconciliation.errors import LineNotFound
from banyan.reconciliation.model import (
    LINE,
    LineState,
    LineType,
    OpenAge,
    Side,
    Standing,
    StoredLine,
    ToleranceRule,
)
from banyan.reconciliation.store import lines as store
from banyan.reconciliation.store import matches as matches_store
from banyan.runtime import Transaction


async def get_line(tx: Transaction, line_id: UUID) -> StoredLine:
    found = await store.lines_by_id(tx, [line_id])
    if not found:
        raise LineNotFound(f"There is no line {LINE.text(line_id)}.")
    return found[0]


async def lines_by_id(tx: Transaction, line_ids: Collection[UUID]) -> dict[UUID, StoredLine]:
    """Those of these lines that there are."""
    return {line.line_id: line for line in await store.lines_by_id(tx, line_ids)}


async def list_lines(
    tx: Transaction,
    *,
    side: Side | None = None,
    line_type: LineType | None = None,
    source: str | None = None,
    state: LineState | None = None,
    statement_id: UUID | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[StoredLine]:
    """Lines, the newest first."""
    rows = await store.select_lines(
        tx,
        side=side,
        line_type=line_type,
        source=source,
        is_open=None if state is None else state == "open",
        statement_id=statement_id,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda line: line.line_id)


async def standings(tx: Transaction) -> list[Standing]:
    """How many lines of each side, source and currency are matched, open and broken."""
    return await store.standings(tx)


async def open_ages(tx: Transaction) -> list[OpenAge]:
    """How long the open lines of each side, source and currency have been open."""
    return await store.open_ages(tx)


async def list_tolerances(tx: Transaction) -> list[ToleranceRule]:
    """The rules that the marketplace has set over the defaults."""
    return await matches_store.select_tolerances(tx)


async def set_tolerance(tx: Transaction, rule: ToleranceRule) -> None:
    """From the next run on, how far lines may be apart."""
    await matches_store.save_tolerance(tx, rule)
