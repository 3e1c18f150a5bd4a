"""SQL that reads what has moved: of some accounts in the order of their histories, of all by date."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from banyan.ledger.model import AccountState, JournalLeg, Move
from banyan.runtime import Transaction


async def accounts_under(tx: Transaction, prefixes: Sequence[str]) -> list[AccountState]:
    """The accounts whose paths start with one of these, all as they are at one moment."""
    return await tx.all(
        AccountState,
        """
        select a.account_id, a.path, a.currency, a.normal, a.floor_minor, a.ceiling_minor, a.is_closed,
          a.posted_minor, a.pending_out_minor, a.pending_in_minor, a.version, a.opened_at, a.recorded_at
        from unnest(%(prefixes)s::text[]) as wanted (prefix)
        join ledger.accounts a on a.marketplace_id = %(marketplace_id)s
          and a.path >= wanted.prefix and a.path < wanted.prefix || '~'
        order by a.path, a.currency
        """,
        prefixes=list(prefixes),
    )


async def moves_after(
    tx: Transaction, account_id: int, after: int, through: int, limit: int
) -> list[Move]:
    """What was posted on an account with versions behind ``after`` up to ``through``, in order."""
    return await tx.all(
        Move,
        """
        select e.version, e.transfer_id, e.leg, e.code, e.subject,
          e.amount_minor * e.sign as amount_minor, other.path as other_path, first.metadata,
          e.effective_at, e.recorded_at
        from (
          (select debit_version as version, transfer_id, leg, code, subject, amount_minor, -1 as sign,
             credit_account_id as other_id, effective_at, recorded_at
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
             and debit_version > %(after)s and debit_version <= %(through)s
             and kind in ('posted', 'post')
           order by debit_version limit %(limit)s)
          union all
          (select credit_version, transfer_id, leg, code, subject, amount_minor, 1,
             debit_account_id, effective_at, recorded_at
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
             and credit_version > %(after)s and credit_version <= %(through)s
             and kind in ('posted', 'post')
           order by credit_version limit %(limit)s)
          order by version
          limit %(limit)s
        ) e
        join ledger.transfers first on first.marketplace_id = %(marketplace_id)s
          and first.transfer_id = e.transfer_id and first.leg = 0
        join ledger.accounts other on other.marketplace_id = %(marketplace_id)s
          and other.account_id = e.other_id
        order by e.version
        """,
        account_id=account_id,
        after=after,
        through=through,
        limit=limit,
    )


def stream_journal(tx: Transaction, since: datetime, until: datetime) -> AsyncIterator[JournalLeg]:
    """Legs that moved money and count from ``since`` until before ``until``, by date and transfer."""
    return tx.each(
        JournalLeg,
        """
        select t.transfer_id, t.leg, d.path as debit_path, c.path as credit_path, t.amount_minor,
          d.currency, t.code, t.subject, coalesce(t.description, '') as description, t.effective_at
        from ledger.transfers t
        join ledger.accounts d
          on d.marketplace_id = %(marketplace_id)s and d.account_id = t.debit_account_id
        join ledger.accounts c
          on c.marketplace_id = %(marketplace_id)s and c.account_id = t.credit_account_id
        where t.marketplace_id = %(marketplace_id)s
          and t.effective_at >= %(since)s and t.effective_at < %(until)s
          and t.kind in ('posted', 'post')
        order by t.effective_at, t.transfer_id, t.leg
        """,
        since=since,
        until=until,
    )
