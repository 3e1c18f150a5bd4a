"""The ledger's journal for accounting, in pieces of a file that may be larger than the memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from banyan import ledger
from banyan.invoicing import rules
from banyan.invoicing.model import ChartLine
from banyan.invoicing.store import charts as store
from banyan.invoicing.store.files import write_whole
from banyan.invoicing.store.parties import find_entity
from banyan.kernel import LIMIT_MAX
from banyan.ledger import Balance
from banyan.runtime import Database, Event, Transaction

_ROWS_AT_ONCE = 500
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A month as the legal entity counts it; without one, in UTC."""

    month: str
    since: datetime
    until: datetime
    time_zone: str


async def get_chart(tx: Transaction) -> list[ChartLine]:
    """The marketplace's own chart of accounts, or the one that all start with."""
    return await store.select_chart(tx) or [*rules.DEFAULT]


async def set_chart(tx: Transaction, lines: Sequence[ChartLine]) -> list[ChartLine]:
    """Replace the chart of accounts; without lines, the one that all start with. ``InvalidChart``."""
    rules.check_chart(lines)
    await store.delete_chart(tx)
    if lines:
        await store.insert_chart(tx, lines)
    await tx.record(Event("chart_of_accounts.set", "chart_of_accounts", {"lines": len(lines)}))
    return await get_chart(tx)


async def period_of(tx: Transaction, month: str) -> Period:
    """A month from its first instant to the next one's; ``InvalidMonth``."""
    entity = await find_entity(tx)
    time_zone = "UTC" if entity is None else entity.time_zone
    since, until = rules.bounds(month, time_zone)
    return Period(month, since, until, time_zone)


async def journal_chunks(
    database: Database, marketplace_id: UUID, period: Period
) -> AsyncGenerator[bytes]:
    """The journal of a period as CSV (RFC 4180), out of one state of the ledger.

    Opening balances, every entry that takes effect in the period (the transfer is its document),
    turnovers and closing balances by number of the chart. ``JournalUnbalanced`` where these are not
    what the ledger says: then the file must not be used.
    """
    async with database.snapshot(marketplace_id) as tx:
        journal = rules.Journal(rules.Chart(await get_chart(tx)), period.time_zone)
        async for balances in _balances(tx, period.since - _INSTANT):
            journal.open_with(balances)
        first = rules.day_of(period.since, period.time_zone).isoformat()
        last = rules.day_of(period.until - _INSTANT, period.time_zone).isoformat()
        rows = [rules.JOURNAL_HEAD, *journal.opening(first)]
        async for leg in ledger.journal(tx, period.since, period.until):
            rows += journal.entries(leg)
            if len(rows) >= _ROWS_AT_ONCE:
                yield rules.csv_text(rows)
                rows = []
        async for balances in _balances(tx, period.until - _INSTANT):
            journal.compare(balances)
        journal.check()
        rows += journal.totals(last)
        yield rules.csv_text(rows)


async def write_journal(
    database: Database, marketplace_id: UUID, month: str, path: Path
) -> int:  # fmt: skip
    """Write the journal of a month to a file, whole or not at all; its size in bytes."""
    async with database.transaction(marketplace_id) as tx:
        period = await period_of(tx, month)
    return await write_whole(path, journal_chunks(database, marketplace_id, period))


async def _balances(tx: Transaction, at: datetime) -> AsyncIterator[list[Balance]]:
    """What counts on every account at an instant, page by page."""
    cursor = None
    while True:
        page = await ledger.list_accounts(tx, limit=LIMIT_MAX, cursor=cursor)
        wanted = {(account.path, account.currency) for account in page.data}
        paths = {path for path, _ in wanted}
        known = await ledger.balances(tx, paths, effective_at=at) if paths else []
        yield [one for one in known if (one.path, one.currency) in wanted]
        cursor = page.next_cursor
        if cursor is None:
            return
