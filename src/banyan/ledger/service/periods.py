"""Closing periods: from then on nothing takes effect in them, and their trial balance is kept.

Closing can't be taken back. What belongs into a closed period after all is dated behind it, where
readers of the closed one can see that it came later.
"""

from datetime import datetime

from banyan.kernel import LIMIT_DEFAULT, Page, decode_cursor, page_of
from banyan.ledger import rules
from banyan.ledger.errors import PeriodNotClosable, PeriodNotFound
from banyan.ledger.model import MICROSECOND, Period, TrialBalance
from banyan.ledger.service.reading import trial_balances_of
from banyan.ledger.store import periods as store
from banyan.runtime import MARKETPLACE, Event, JobDraft, Transaction

BALANCE_JOB = "ledger.balance_period"


async def close_period(tx: Transaction, through: datetime) -> None:
    """From now on nothing takes effect at or before ``through``; a job keeps the trial balance.

    It waits for postings under way, and new ones wait until this transaction ends. Pending legs
    may be open: they hold money but have moved none, and resolving them later moves it later.
    ``PeriodNotClosable`` if ``through`` lies ahead, or is closed already.
    """
    if through >= tx.now:
        raise PeriodNotClosable(f"{through.isoformat()} has not passed yet.")
    if not await store.close_period(tx, through):
        raise PeriodNotClosable(f"Everything up to {through.isoformat()} is closed already.")
    period = await _get(tx, through)
    await tx.record(
        Event(
            "ledger.period_closed",
            MARKETPLACE.text(tx.marketplace_id),
            {
                "month": period.month,
                "closed_through": through.isoformat(),
                "open_holds": period.open_holds,
            },
        )
    )
    await tx.enqueue(JobDraft(BALANCE_JOB, through.isoformat()))


async def close_month(tx: Transaction, month: str) -> Period:
    """Close a month such as ``2018-03`` (in UTC), and with it everything before that is open.

    ``InvalidMonth``, ``PeriodNotClosable``.
    """
    _, end = rules.month_bounds(month)
    await close_period(tx, end - MICROSECOND)
    return await _get(tx, end - MICROSECOND)


async def keep_balances(tx: Transaction, through: datetime) -> None:
    """Keep the trial balance at the end of a closed period; nothing changes if it is kept."""
    await store.store_balances(tx, through)


async def get_month(tx: Transaction, month: str) -> Period:
    """The closing of a month; ``InvalidMonth``, ``PeriodNotFound``."""
    _, end = rules.month_bounds(month)
    return await _get(tx, end - MICROSECOND)


async def list_periods(
    tx: Transaction, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[Period]:
    """Closed periods, the latest first."""
    before = None
    if cursor is not None:
        [before] = decode_cursor(cursor, [datetime])
        assert isinstance(before, datetime)
    rows = await store.list_periods(tx, before, limit + 1)
    return page_of(rows, limit, lambda period: period.closed_through)


async def period_balances(
    tx: Transaction, period: Period, *, by_account: bool = False
) -> list[TrialBalance]:
    """The trial balance that was kept at the close; nothing while ``balanced_at`` is None."""
    rows = await store.stored_trial_rows(tx, period.closed_through, by_account=by_account)
    return trial_balances_of(rows)


async def _get(tx: Transaction, through: datetime) -> Period:
    period = await store.find_period(tx, through)
    if period is None:
        raise PeriodNotFound(f"No period was closed through {through.isoformat()}.")
    return period
