"""Account statements: where a balance stood, what moved it, and where it stands, in either time."""

from datetime import datetime
from uuid import UUID

from banyan.kernel import (
    LIMIT_DEFAULT,
    MINOR_MAX,
    InvalidCursor,
    Money,
    decode_cursor,
    encode_cursor,
)
from banyan.ledger.errors import InvalidRange
from banyan.ledger.model import MICROSECOND, AccountState, Entry, Statement, Time
from banyan.ledger.service.reading import get_account
from banyan.ledger.store import entries as store
from banyan.runtime import Transaction


async def statement(
    tx: Transaction,
    account_id: UUID,
    since: datetime,
    until: datetime,
    *,
    time: Time = Time.EFFECTIVE,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Statement:
    """A page of an account's statement from ``since`` until before ``until``.

    The opening balance and the amounts of all pages add up to the closing balance. In effective
    time that holds across pages once the range is closed: until then, something dated into it may
    be posted between two of them. ``AccountNotFound``, ``InvalidRange``.
    """
    if since >= until:
        raise InvalidRange("A statement begins before it ends.")
    account = await get_account(tx, account_id)
    read = _counted if time is Time.EFFECTIVE else _recorded
    opening, closing, rows, next_cursor = await read(tx, account, since, until, limit, cursor)
    return Statement(
        account=account,
        since=since,
        until=until,
        time=time,
        opening=Money.of(opening, account.currency),
        closing=Money.of(closing, account.currency),
        entries=tuple(rows),
        next_cursor=next_cursor,
    )


_Read = tuple[int, int, list[Entry], str | None]


async def _recorded(
    tx: Transaction,
    account: AccountState,
    since: datetime,
    until: datetime,
    limit: int,
    cursor: str | None,
) -> _Read:
    number = account.account_id
    opening = await store.entry_at(tx, number, since - MICROSECOND)
    closing = await store.entry_at(tx, number, until - MICROSECOND)
    after = opening.version
    if cursor is not None:
        [given] = decode_cursor(cursor, [int])
        assert isinstance(given, int), "decode_cursor gives the types asked for"
        after = max(after, given)
    rows = await store.recorded_entries(tx, number, after, closing.version, limit + 1)
    has_more = len(rows) > limit
    next_cursor = encode_cursor(rows[limit - 1].version) if has_more else None
    return opening.posted_minor, closing.posted_minor, rows[:limit], next_cursor


async def _counted(
    tx: Transaction,
    account: AccountState,
    since: datetime,
    until: datetime,
    limit: int,
    cursor: str | None,
) -> _Read:
    number = account.account_id
    opening = await store.counted_at(tx, number, since - MICROSECOND)
    closing = await store.counted_at(tx, number, until - MICROSECOND)
    place = store.Place(after=since, after_version=0, balance_minor=opening)
    if cursor is not None:
        place = _place(cursor, since)
    rows = await store.counted_entries(tx, number, place, until, limit + 1)
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = encode_cursor(last.effective_at, last.version, last.balance_minor)
    return opening, closing, rows[:limit], next_cursor


def _place(cursor: str, since: datetime) -> store.Place:
    after, version, balance = decode_cursor(cursor, [datetime, int, int])
    assert isinstance(after, datetime), "decode_cursor gives the types asked for"
    assert isinstance(version, int), "decode_cursor gives the types asked for"
    assert isinstance(balance, int), "decode_cursor gives the types asked for"
    if after < since or not -MINOR_MAX <= balance <= MINOR_MAX:
        raise InvalidCursor("The cursor is of another statement.")
    return store.Place(after=after, after_version=version, balance_minor=balance)
