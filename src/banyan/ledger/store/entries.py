"""An account's entries: its history newest first, and what a statement lists in either time."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from banyan.ledger.model import MICROSECOND, Entry
from banyan.runtime import Transaction

_ENTRIES: LiteralString = """
        select e.version, e.transfer_id, e.leg, e.kind, e.side, e.amount_minor, o.currency,
          e.balance_minor, e.code, o.account_id as other_account_id, o.path as other_path, e.subject,
          coalesce(e.description, first.description, '') as description, e.effective_at, e.recorded_at
        from (
"""
_WITH_DETAILS: LiteralString = """
        ) e
        join ledger.accounts o
          on o.marketplace_id = %(marketplace_id)s and o.account_id = e.other_id
        left join ledger.transfers first
          on first.marketplace_id = %(marketplace_id)s and first.transfer_id = e.transfer_id
          and first.leg = 0 and e.leg > 0
"""
_NEWEST_FIRST: LiteralString = "order by e.version desc"
_AS_RECORDED: LiteralString = "order by e.version"
_AS_COUNTED: LiteralString = "order by e.effective_at, e.version"

_LATEST: LiteralString = """
          (select debit_version as version, 'debit' as side, debit_posted_minor as balance_minor,
             credit_account_id as other_id,
             transfer_id, leg, kind, amount_minor, code, subject, description, effective_at, recorded_at
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
             and debit_version < %(before)s
           order by debit_version desc limit %(limit)s)
          union all
          (select credit_version, 'credit', credit_posted_minor, debit_account_id,
             transfer_id, leg, kind, amount_minor, code, subject, description, effective_at, recorded_at
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
             and credit_version < %(before)s
           order by credit_version desc limit %(limit)s)
          order by version desc
          limit %(limit)s
"""


async def list_entries(
    tx: Transaction, account_id: int, before_version: int, limit: int
) -> list[Entry]:
    """The account's entries with a version below ``before_version``, newest first."""
    return await tx.all(
        Entry,
        _ENTRIES + _LATEST + _WITH_DETAILS + _NEWEST_FIRST,
        account_id=account_id,
        before=before_version,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class EntryAt:
    """An account's last entry recorded by an instant: 0 and 0 before the first."""

    version: int
    posted_minor: int


async def entry_at(tx: Transaction, account_id: int, at: datetime) -> EntryAt:
    found = await tx.one(
        EntryAt,
        "select version, posted_minor from ledger.entry_at(%(marketplace_id)s, %(account_id)s, %(at)s)",
        account_id=account_id,
        at=at,
    )
    assert found is not None
    return found


async def counted_at(tx: Transaction, account_id: int, at: datetime) -> int:
    """What counts on an account at an instant, in minor units."""
    return await tx.value(
        "select ledger.counted_at(%(marketplace_id)s, %(account_id)s, %(at)s)",
        account_id=account_id,
        at=at,
    )


_RECORDED: LiteralString = """
          (select debit_version as version, 'debit' as side, debit_posted_minor as balance_minor,
             credit_account_id as other_id,
             transfer_id, leg, kind, amount_minor, code, subject, description, effective_at, recorded_at
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
             and debit_version > %(after)s and debit_version <= %(through)s
             and kind <> 'pending' and amount_minor > 0
           order by debit_version limit %(limit)s)
          union all
          (select credit_version, 'credit', credit_posted_minor, debit_account_id,
             transfer_id, leg, kind, amount_minor, code, subject, description, effective_at, recorded_at
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
             and credit_version > %(after)s and credit_version <= %(through)s
             and kind <> 'pending' and amount_minor > 0
           order by credit_version limit %(limit)s)
          order by version
          limit %(limit)s
"""


async def recorded_entries(
    tx: Transaction, account_id: int, after_version: int, through_version: int, limit: int
) -> list[Entry]:
    """The entries behind a version up to another that moved the balance, as they were recorded."""
    return await tx.all(
        Entry,
        _ENTRIES + _RECORDED + _WITH_DETAILS + _AS_RECORDED,
        account_id=account_id,
        after=after_version,
        through=through_version,
        limit=limit,
    )


_COUNTED: LiteralString = """
          select line.*,
            (%(balance)s + sum(delta) over (order by effective_at, version))::bigint as balance_minor
          from (
            (select debit_version as version, 'debit' as side, credit_account_id as other_id,
               transfer_id, leg, kind, amount_minor, code, subject, description, effective_at,
               recorded_at, -amount_minor as delta
             from ledger.transfers
             where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
               and debit_version > %(low)s and debit_version <= %(high)s
               and (effective_at, debit_version) > (%(after)s, %(after_version)s)
               and effective_at = recorded_at and kind <> 'pending' and amount_minor > 0
             order by debit_version limit %(limit)s)
            union all
            (select credit_version, 'credit', debit_account_id,
               transfer_id, leg, kind, amount_minor, code, subject, description, effective_at,
               recorded_at, amount_minor
             from ledger.transfers
             where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
               and credit_version > %(low)s and credit_version <= %(high)s
               and (effective_at, credit_version) > (%(after)s, %(after_version)s)
               and effective_at = recorded_at and kind <> 'pending' and amount_minor > 0
             order by credit_version limit %(limit)s)
            union all
            (select debit_version, 'debit', credit_account_id,
               transfer_id, leg, kind, amount_minor, code, subject, description, effective_at,
               recorded_at, -amount_minor
             from ledger.transfers
             where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
               and effective_at >= %(after)s and effective_at < %(until)s
               and (effective_at, debit_version) > (%(after)s, %(after_version)s)
               and effective_at <> recorded_at and kind <> 'pending' and amount_minor > 0
             order by effective_at, debit_version limit %(limit)s)
            union all
            (select credit_version, 'credit', debit_account_id,
               transfer_id, leg, kind, amount_minor, code, subject, description, effective_at,
               recorded_at, amount_minor
             from ledger.transfers
             where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
               and effective_at >= %(after)s and effective_at < %(until)s
               and (effective_at, credit_version) > (%(after)s, %(after_version)s)
               and effective_at <> recorded_at and kind <> 'pending' and amount_minor > 0
             order by effective_at, credit_version limit %(limit)s)
            order by effective_at, version
            limit %(limit)s
          ) line
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in an account's entries by effective time: behind ``after_version`` at ``after``.

    ``balance_minor`` is what counts there.
    """

    after: datetime
    after_version: int
    balance_minor: int


async def counted_entries(
    tx: Transaction, account_id: int, place: Place, until: datetime, limit: int
) -> list[Entry]:
    """The entries behind a place that take effect before ``until`` and moved the balance.

    In order of effective time. Those that count when they were recorded lie between two versions;
    the others, in an index of their own.
    """
    low = await entry_at(tx, account_id, place.after - MICROSECOND)
    high = await entry_at(tx, account_id, until - MICROSECOND)
    return await tx.all(
        Entry,
        _ENTRIES + _COUNTED + _WITH_DETAILS + _AS_COUNTED,
        account_id=account_id,
        low=low.version,
        high=high.version,
        after=place.after,
        after_version=place.after_version,
        balance=place.balance_minor,
        until=until,
        limit=limit,
    )
