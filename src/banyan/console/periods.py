"""The ledger by time: closed months, the chain of seals, and an account between two days."""

from datetime import UTC, date, datetime, timedelta

from banyan.console.ledger import account_at, account_href, by_side, entry_line, trial_total
from banyan.console.look import Pill, Tone, took, words
from banyan.console.views.frame import Choice, Crumb, Pages
from banyan.console.views.ledger import (
    PeriodLine,
    PeriodsView,
    PeriodView,
    SealLine,
    StatementView,
)
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT
from banyan.ledger import (
    InvalidRange,
    Period,
    Seal,
    Time,
    account_uuid,
    get_month,
    head,
    is_sealed,
    list_periods,
    list_seals,
    period_balances,
    statement,
)

_SEALS = 8
_TIMES = {Time.EFFECTIVE: "When it counts", Time.RECORDED: "When it was recorded"}


async def show_periods(visit: Visit) -> Shown:
    cursor = visit.query.get("cursor")
    page = await list_periods(visit.tx, limit=LIMIT_DEFAULT, cursor=cursor)
    newest = await head(visit.tx)
    is_all = await is_sealed(visit.tx)
    seals = await list_seals(visit.tx, limit=_SEALS)
    view = PeriodsView(
        periods=tuple(_period(visit, one) for one in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
        seal=Pill("All sealed", Tone.GO) if is_all else Pill("Sealing follows", Tone.WAIT),
        sentence=_sentence(visit, newest, is_all=is_all),
        head=newest.hash.hex() if newest else "",
        seals=tuple(_seal(one) for one in seals.data),
    )
    crumbs = (Crumb("Ledger", visit.href("ledger")), Crumb("Months"))
    return Shown("ledger/periods.html", "Months", "ledger", view, crumbs)


async def show_period(visit: Visit) -> Shown:
    """A closed month with the trial balance that was kept at its end."""
    month = visit.path("month")
    period = await get_month(visit.tx, month)
    totals = await period_balances(visit.tx, period)
    view = PeriodView(
        line=_period(visit, period), totals=tuple(trial_total(visit, total) for total in totals)
    )
    crumbs = (
        Crumb("Ledger", visit.href("ledger")),
        Crumb("Months", visit.href("ledger/periods")),
        Crumb(month),
    )
    return Shown("ledger/period.html", f"Month {month}", "ledger", view, crumbs)


async def show_statement(visit: Visit) -> Shown:
    """An account from the start of a day until before another (UTC), in either of the two times."""
    account = await account_at(visit)
    today = visit.tx.now.date()
    since = _day(visit, "since", today.replace(day=1))
    until = _day(visit, "until", today + timedelta(days=1))
    time = next((one for one in Time if one == visit.query.get("time")), Time.EFFECTIVE)
    cursor = visit.query.get("cursor")
    read = await statement(
        visit.tx,
        account_uuid(visit.tx.marketplace_id, account.account_id),
        _start(since),
        _start(until),
        time=time,
        limit=LIMIT_DEFAULT,
        cursor=cursor,
    )
    here = account_href(visit, account.path, account.currency)
    view = StatementView(
        path=account.path,
        currency=account.currency,
        action=f"{here}/statement",
        since=since,
        until=until,
        time=time.value,
        times=tuple(
            Choice(one.value, label, visit.again(time=one.value, cursor=None), one == time)
            for one, label in _TIMES.items()
        ),
        opening=by_side(account, read.opening),
        moved=by_side(account, read.closing - read.opening),
        closing=by_side(account, read.closing),
        entries=tuple(entry_line(visit, account, entry) for entry in read.entries),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=read.next_cursor) if read.next_cursor else "",
        ),
    )
    crumbs = (
        Crumb("Ledger", visit.href("ledger")),
        Crumb(account.path, here),
        Crumb("Statement"),
    )
    return Shown("ledger/statement.html", f"Statement of {account.path}", "ledger", view, crumbs)


def _period(visit: Visit, period: Period) -> PeriodLine:
    month = period.month
    holds = period.open_holds
    return PeriodLine(
        label=f"{period.closed_through:%B %Y}"
        if month
        else f"Until {period.closed_through:%d %b %Y}",
        href=visit.href(f"ledger/periods/{month}") if month else "",
        state=_state(period),
        closed_through=period.closed_through,
        closed_at=period.closed_at,
        open_holds="" if holds is None else f"{holds:,}",
        archived_at=period.archived_at,
    )


def _state(period: Period) -> Pill:
    if period.archived_at:
        return Pill("Archived", Tone.GO)
    if period.balanced_at:
        return Pill("Closed", Tone.GO)
    return Pill("Closed, balance follows", Tone.WAIT)


def _sentence(visit: Visit, newest: Seal | None, *, is_all: bool) -> str:
    if newest is None:
        return "Nothing is sealed yet; the first seal follows the first transfers."
    ago = took(visit.tx.now - newest.sealed_at)
    if is_all:
        return f"Everything recorded so far is sealed, last {ago} ago."
    return f"The last seal is {ago} old; what came after it is sealed next."


def _seal(seal: Seal) -> SealLine:
    return SealLine(seal.batch, seal.legs, seal.hash.hex(), seal.sealed_at)


def _day(visit: Visit, name: str, default: date) -> date:
    text = visit.query.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRange(f"{words(name)} has to be a day such as 2018-03-01.") from None


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
