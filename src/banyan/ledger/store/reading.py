"""What reads accounts, balances, entries and transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.ledger.model import AccountState, Entry, PendingRef, RecordedLeg
from banyan.runtime import Transaction


async def find_account(tx: Transaction, account_id: int) -> AccountState | None:
    return await tx.one(
        AccountState,
        """
        select account_id, path, currency, normal, floor_minor, ceiling_minor, is_closed, posted_minor,
          pending_out_minor, pending_in_minor, version, opened_at, recorded_at
        from ledger.accounts
        where marketplace_id = %(marketplace_id)s and account_id = %(account_id)s
        """,
        account_id=account_id,
    )


async def accounts_at(tx: Transaction, paths: Sequence[str]) -> list[AccountState]:
    """The accounts of these paths, in every currency."""
    return await tx.all(
        AccountState,
        """
        select account_id, path, currency, normal, floor_minor, ceiling_minor, is_closed, posted_minor,
          pending_out_minor, pending_in_minor, version, opened_at, recorded_at
        from ledger.accounts
        where marketplace_id = %(marketplace_id)s and path = any(%(paths)s)
        order by path, currency
        """,
        paths=list(paths),
    )


async def list_accounts(
    tx: Transaction, prefix: str, after: tuple[str, str], limit: int
) -> list[AccountState]:
    """Accounts in the order of path and currency, behind ``after``.

    A prefix is a range of the index, so that it costs what it returns.
    """
    return await tx.all(
        AccountState,
        """
        select account_id, path, currency, normal, floor_minor, ceiling_minor, is_closed, posted_minor,
          pending_out_minor, pending_in_minor, version, opened_at, recorded_at
        from ledger.accounts
        where marketplace_id = %(marketplace_id)s
          and path >= %(prefix)s and path < %(prefix)s || '~'
          and (path, currency) > (%(path)s, %(currency)s)
        order by path, currency
        limit %(limit)s
        """,
        prefix=prefix,
        path=after[0],
        currency=after[1],
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class PastBalance:
    """What was posted on an account at an instant."""

    path: str
    currency: str
    posted_minor: int


async def balances_recorded(
    tx: Transaction, paths: Sequence[str], at: datetime
) -> list[PastBalance]:
    """What the ledger knew at ``at``: the running balance of each account's last entry until then."""
    return await tx.all(
        PastBalance,
        """
        select a.path, a.currency,
          ledger.posted_at(%(marketplace_id)s, a.account_id, %(at)s) as posted_minor
        from ledger.accounts a
        where a.marketplace_id = %(marketplace_id)s and a.path = any(%(paths)s)
        order by a.path, a.currency
        """,
        paths=list(paths),
        at=at,
    )


async def moved_by_date(tx: Transaction, paths: Sequence[str], at: datetime) -> list[PastBalance]:
    """What the effective time of entries changes against their recorded time, as of ``at``.

    Legs recorded later that took effect by ``at`` count in, legs recorded by then that take effect
    later count out. All others are the same in both times, and aren't read.
    """
    return await tx.all(
        PastBalance,
        """
        select a.path, a.currency, coalesce(sum(e.delta), 0)::bigint as posted_minor
        from ledger.accounts a
        cross join lateral (
          select -amount_minor as delta, effective_at, recorded_at
          from ledger.transfers
          where marketplace_id = %(marketplace_id)s and debit_account_id = a.account_id
            and effective_at <> recorded_at and kind <> 'pending'
          union all
          select amount_minor, effective_at, recorded_at
          from ledger.transfers
          where marketplace_id = %(marketplace_id)s and credit_account_id = a.account_id
            and effective_at <> recorded_at and kind <> 'pending'
        ) dated
        cross join lateral (
          select case
            when dated.effective_at <= %(at)s and dated.recorded_at > %(at)s then dated.delta
            when dated.effective_at > %(at)s and dated.recorded_at <= %(at)s then -dated.delta
          end as delta
        ) e
        where a.marketplace_id = %(marketplace_id)s and a.path = any(%(paths)s)
        group by a.path, a.currency
        """,
        paths=list(paths),
        at=at,
    )


async def list_entries(
    tx: Transaction, account_id: int, before_version: int, limit: int
) -> list[Entry]:
    """The account's entries with a version below ``before_version``, newest first."""
    return await tx.all(
        Entry,
        """
        select e.version, t.transfer_id, t.leg, t.kind, e.side, t.amount_minor, o.currency,
          e.balance_minor, t.code, o.account_id as other_account_id, o.path as other_path, t.subject,
          coalesce(first.description, '') as description, t.effective_at, t.recorded_at
        from (
          (select debit_version as version, 'debit' as side, debit_posted_minor as balance_minor,
             credit_account_id as other_id, transfer_id, leg
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
             and debit_version < %(before)s
           order by debit_version desc limit %(limit)s)
          union all
          (select credit_version, 'credit', credit_posted_minor, debit_account_id, transfer_id, leg
           from ledger.transfers
           where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
             and credit_version < %(before)s
           order by credit_version desc limit %(limit)s)
          order by version desc
          limit %(limit)s
        ) e
        join ledger.transfers t
          on t.marketplace_id = %(marketplace_id)s and t.transfer_id = e.transfer_id and t.leg = e.leg
        join ledger.transfers first
          on first.marketplace_id = %(marketplace_id)s and first.transfer_id = e.transfer_id
          and first.leg = 0
        join ledger.accounts o
          on o.marketplace_id = %(marketplace_id)s and o.account_id = e.other_id
        order by e.version desc
        """,
        account_id=account_id,
        before=before_version,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class TransferRow:
    """What all legs of a transfer share, as its first leg carries it."""

    transfer_id: UUID
    position: int
    subject: str
    effective_at: datetime
    recorded_at: datetime
    may_break_limits: bool
    description: str | None
    metadata: dict[str, str] | None


async def transfers_named(tx: Transaction, transfer_ids: Sequence[UUID]) -> list[TransferRow]:
    return await tx.all(
        TransferRow,
        """
        select transfer_id, position, subject, effective_at, recorded_at, may_break_limits, description,
          metadata
        from ledger.transfers
        where marketplace_id = %(marketplace_id)s and transfer_id = any(%(transfer_ids)s) and leg = 0
        order by position
        """,
        transfer_ids=list(transfer_ids),
    )


async def transfers_about(
    tx: Transaction, subject: str, before_position: int, limit: int
) -> list[TransferRow]:
    """Transfers about a subject, newest first."""
    return await tx.all(
        TransferRow,
        """
        select transfer_id, position, subject, effective_at, recorded_at, may_break_limits, description,
          metadata
        from ledger.transfers
        where marketplace_id = %(marketplace_id)s and subject = %(subject)s and leg = 0
          and position < %(before)s
        order by position desc
        limit %(limit)s
        """,
        subject=subject,
        before=before_position,
        limit=limit,
    )


async def latest_transfers(tx: Transaction, before_position: int, limit: int) -> list[TransferRow]:
    return await tx.all(
        TransferRow,
        """
        select transfer_id, position, subject, effective_at, recorded_at, may_break_limits, description,
          metadata
        from ledger.transfers
        where marketplace_id = %(marketplace_id)s and leg = 0 and position < %(before)s
        order by position desc
        limit %(limit)s
        """,
        before=before_position,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class LegRow(RecordedLeg):
    """A leg and the transfer that it belongs to."""

    transfer_id: UUID


async def legs_of(tx: Transaction, transfer_ids: Sequence[UUID]) -> list[LegRow]:
    return await tx.all(
        LegRow,
        """
        select t.transfer_id, t.leg, t.kind, d.account_id as debit_account_id, d.path as debit_path,
          c.account_id as credit_account_id, c.path as credit_path, t.amount_minor, d.currency, t.code,
          t.pending_transfer_id, t.pending_leg, t.expires_at,
          exists (
            select from ledger.holds h
            where h.marketplace_id = %(marketplace_id)s and h.transfer_id = t.transfer_id and h.leg = t.leg
          ) as is_open
        from ledger.transfers t
        join ledger.accounts d on d.marketplace_id = %(marketplace_id)s and d.account_id = t.debit_account_id
        join ledger.accounts c on c.marketplace_id = %(marketplace_id)s and c.account_id = t.credit_account_id
        where t.marketplace_id = %(marketplace_id)s and t.transfer_id = any(%(transfer_ids)s)
        order by t.transfer_id, t.leg
        """,
        transfer_ids=list(transfer_ids),
    )


async def due_holds(tx: Transaction, limit: int) -> list[PendingRef]:
    """Pending legs whose time has come, the most overdue first."""
    return await tx.all(
        PendingRef,
        """
        select transfer_id, leg
        from ledger.holds
        where marketplace_id = %(marketplace_id)s and expires_at <= %(now)s
        order by expires_at
        limit %(limit)s
        """,
        now=tx.now,
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class TrialRow:
    head: str
    currency: str
    accounts: int
    debits_minor: int
    credits_minor: int


async def trial_rows(tx: Transaction) -> list[TrialRow]:
    return await tx.all(
        TrialRow,
        """
        select split_part(path, ':', 1) as head, currency, count(*) as accounts,
          coalesce(-sum(posted_minor) filter (where posted_minor < 0), 0)::bigint as debits_minor,
          coalesce(sum(posted_minor) filter (where posted_minor > 0), 0)::bigint as credits_minor
        from ledger.accounts
        where marketplace_id = %(marketplace_id)s
        group by currency, split_part(path, ':', 1)
        order by currency, head
        """,
    )
