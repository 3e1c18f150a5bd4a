"""What reads accounts, balances and transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.ledger.model import AccountState, PendingRef, RecordedLeg
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


async def balances_counted(
    tx: Transaction, paths: Sequence[str], at: datetime
) -> list[PastBalance]:
    """What counts at ``at``, whenever it was recorded."""
    return await tx.all(
        PastBalance,
        """
        select a.path, a.currency,
          ledger.counted_at(%(marketplace_id)s, a.account_id, %(at)s) as posted_minor
        from ledger.accounts a
        where a.marketplace_id = %(marketplace_id)s and a.path = any(%(paths)s)
        order by a.path, a.currency
        """,
        paths=list(paths),
        at=at,
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


async def trial_rows(
    tx: Transaction, at: datetime | None, time: str, *, by_account: bool, prefix: str
) -> list[TrialRow]:
    """Balances now, or as of ``at`` in one of the two times, by account or by head of the path.

    By account, those on which nothing stands are left out.
    """
    return await tx.all(
        TrialRow,
        """
        select head, currency, count(*) as accounts,
          coalesce(-sum(posted) filter (where posted < 0), 0)::bigint as debits_minor,
          coalesce(sum(posted) filter (where posted > 0), 0)::bigint as credits_minor
        from (
          select case when %(by_account)s then path else split_part(path, ':', 1) end as head,
            currency,
            case
              when %(at)s::timestamptz is null then posted_minor
              when %(time)s = 'effective' then ledger.counted_at(%(marketplace_id)s, account_id, %(at)s)
              else ledger.posted_at(%(marketplace_id)s, account_id, %(at)s)
            end as posted
          from ledger.accounts
          where marketplace_id = %(marketplace_id)s
            and path >= %(prefix)s and path < %(prefix)s || '~'
        ) a
        where posted <> 0 or not %(by_account)s
        group by currency, head
        order by currency, head
        """,
        at=at,
        time=time,
        by_account=by_account,
        prefix=prefix,
    )
