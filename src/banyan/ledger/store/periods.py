"""Closed periods, their trial balances, and the archives made of them."""

from datetime import datetime

from banyan.ledger.model import Period
from banyan.ledger.store.reading import TrialRow
from banyan.runtime import Transaction


async def close_period(tx: Transaction, through: datetime) -> bool:
    """Closes everything up to ``through``; False if that is closed already.

    The lock waits for every posting that has begun, so that none of them slips behind the close.
    """
    await tx.execute(
        """
        select pg_advisory_xact_lock(
          hashtextextended('ledger.periods:' || %(marketplace_id)s::uuid, 0))
        """
    )
    return bool(
        await tx.execute(
            """
            insert into ledger.periods
              (marketplace_id, closed_through, closed_at, last_position, open_holds)
            select
              %(marketplace_id)s,
              %(through)s,
              %(now)s,
              coalesce((select max(position) from ledger.transfers where marketplace_id = %(marketplace_id)s), 0),
              (select count(*) from ledger.holds where marketplace_id = %(marketplace_id)s)
            where not exists (
              select from ledger.periods
              where marketplace_id = %(marketplace_id)s and closed_through >= %(through)s
            )
            """,
            through=through,
            now=tx.now,
        )
    )


async def find_period(tx: Transaction, through: datetime) -> Period | None:
    return await tx.one(
        Period,
        """
        select p.closed_through, p.closed_at, p.last_position, p.open_holds, p.balanced_at,
          a.archived_at
        from ledger.periods p
        left join ledger.archives a
          on a.marketplace_id = p.marketplace_id and a.closed_through = p.closed_through
        where p.marketplace_id = %(marketplace_id)s and p.closed_through = %(through)s
        """,
        through=through,
    )


async def list_periods(tx: Transaction, before: datetime | None, limit: int) -> list[Period]:
    """Closed periods that end before an instant, the latest first."""
    return await tx.all(
        Period,
        """
        select p.closed_through, p.closed_at, p.last_position, p.open_holds, p.balanced_at,
          a.archived_at
        from ledger.periods p
        left join ledger.archives a
          on a.marketplace_id = p.marketplace_id and a.closed_through = p.closed_through
        where p.marketplace_id = %(marketplace_id)s
          and p.closed_through < coalesce(%(before)s::timestamptz, 'infinity')
        order by p.closed_through desc
        limit %(limit)s
        """,
        before=before,
        limit=limit,
    )


async def store_balances(tx: Transaction, through: datetime) -> None:
    """Keeps what counts on each account at the end of a period, and when that was stored."""
    await tx.execute(
        """
        with kept as (
          insert into ledger.period_balances (marketplace_id, closed_through, account_id, posted_minor)
          select %(marketplace_id)s, %(through)s, account_id, posted
          from (
            select account_id,
              ledger.counted_at(%(marketplace_id)s, account_id, %(through)s) as posted
            from ledger.accounts
            where marketplace_id = %(marketplace_id)s
          ) a
          where posted <> 0
          on conflict (marketplace_id, closed_through, account_id) do nothing
        )
        update ledger.periods
        set balanced_at = %(now)s
        where marketplace_id = %(marketplace_id)s and closed_through = %(through)s
          and balanced_at is null
        """,
        through=through,
        now=tx.now,
    )


async def stored_trial_rows(
    tx: Transaction, through: datetime, *, by_account: bool
) -> list[TrialRow]:
    """The trial balance that was kept of a period, by account or by head of the path."""
    return await tx.all(
        TrialRow,
        """
        select case when %(by_account)s then a.path else split_part(a.path, ':', 1) end as head,
          a.currency, count(*) as accounts,
          coalesce(-sum(b.posted_minor) filter (where b.posted_minor < 0), 0)::bigint as debits_minor,
          coalesce(sum(b.posted_minor) filter (where b.posted_minor > 0), 0)::bigint as credits_minor
        from ledger.period_balances b
        join ledger.accounts a
          on a.marketplace_id = %(marketplace_id)s and a.account_id = b.account_id
        where b.marketplace_id = %(marketplace_id)s and b.closed_through = %(through)s
        group by a.currency, head
        order by a.currency, head
        """,
        through=through,
        by_account=by_account,
    )


async def position_before(tx: Transaction, through: datetime) -> int:
    """The last position of the period that was closed before this one; 0 if there is none."""
    return await tx.value(
        """
        select coalesce(max(last_position), 0) from ledger.periods
        where marketplace_id = %(marketplace_id)s and closed_through < %(through)s
        """,
        through=through,
    )


async def lock_archives(tx: Transaction) -> None:
    """Lets only one transaction of a marketplace write archives at a time."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(
          hashtextextended('ledger.archives:' || %(marketplace_id)s::uuid, 0))
        """
    )


async def note_archive(
    tx: Transaction, through: datetime, batches: tuple[int, int], legs: int, manifest: bytes
) -> bool:
    """Notes an archive with its first and last batch and its manifest's digest; once."""
    return bool(
        await tx.execute(
            """
            insert into ledger.archives
              (marketplace_id, closed_through, first_batch, last_batch, legs, manifest_sha256, archived_at)
            values
              (%(marketplace_id)s, %(through)s, %(first)s, %(last)s, %(legs)s, %(manifest)s, %(now)s)
            on conflict (marketplace_id, closed_through) do nothing
            """,
            through=through,
            first=batches[0],
            last=batches[1],
            legs=legs,
            manifest=manifest,
            now=tx.now,
        )
    )
