"""SQL of batches and the bank files that they leave in."""

from collections.abc import Collection
from uuid import UUID

from banyan.kernel import new_id
from banyan.payments.model import Attempt, BankFile, PayoutBatch, Rail
from banyan.runtime import Transaction


async def lock_runs(tx: Transaction) -> None:
    """One run of payouts or debits at a time in a marketplace, until the transaction ends."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))",
        lock=f"payments.payouts:{tx.marketplace_id}",
    )


async def open_batch(
    tx: Transaction, *, run: str, kind: str, provider: str, rail: Rail, currency: str
) -> UUID:
    """The open batch of this run, kind, provider and currency; a new one if there is none."""
    return await tx.value(
        """
        insert into payments.payout_batches
          (marketplace_id, batch_id, run, kind, provider, rail, currency, state, created_at)
        values
          (%(marketplace_id)s, %(batch_id)s, %(run)s, %(kind)s, %(provider)s, %(rail)s,
           %(currency)s, 'open', %(now)s)
        on conflict (marketplace_id, run, kind, provider, currency) where state = 'open'
        do update set run = excluded.run
        returning batch_id
        """,
        batch_id=new_id(tx.now),
        run=run,
        kind=kind,
        provider=provider,
        rail=rail,
        currency=currency,
        now=tx.now,
    )


async def close_batches(tx: Transaction, run: str) -> list[PayoutBatch]:
    """Add up the batches of a run that were open; from now on nothing joins them."""
    return await tx.all(
        PayoutBatch,
        """
        update payments.payout_batches b
        set
          state = 'closed',
          closed_at = %(now)s,
          count = parts.count,
          total_minor = parts.total_minor
        from (
          select batch_id, count(*) as count, sum(amount_minor)::bigint as total_minor
          from (
            select batch_id, amount_minor
            from payments.payouts
            where marketplace_id = %(marketplace_id)s and state <> 'cancelled'
              and batch_id is not null
            union all
            select batch_id, amount_minor
            from payments.debits
            where marketplace_id = %(marketplace_id)s and batch_id is not null
          ) every
          where batch_id = any(array(
            select batch_id
            from payments.payout_batches
            where marketplace_id = %(marketplace_id)s and run = %(run)s and state = 'open'
          ))
          group by batch_id
        ) parts
        where b.marketplace_id = %(marketplace_id)s and b.batch_id = parts.batch_id
        returning b.*
        """,
        run=run,
        now=tx.now,
    )


async def lock_batch(tx: Transaction, batch_id: UUID) -> PayoutBatch | None:
    return await tx.one(
        PayoutBatch,
        """
        select *
        from payments.payout_batches
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
        for no key update
        """,
        batch_id=batch_id,
    )


async def find_batch(tx: Transaction, batch_id: UUID) -> PayoutBatch | None:
    return await tx.one(
        PayoutBatch,
        """
        select *
        from payments.payout_batches
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
        """,
        batch_id=batch_id,
    )


async def select_batches(tx: Transaction, *, after: UUID | None, limit: int) -> list[PayoutBatch]:
    """The newest first, older than ``after``."""
    return await tx.all(
        PayoutBatch,
        """
        select *
        from payments.payout_batches
        where marketplace_id = %(marketplace_id)s
          and (%(after)s::uuid is null or batch_id < %(after)s)
        order by batch_id desc
        limit %(limit)s
        """,
        after=after,
        limit=limit,
    )


async def update_totals(tx: Transaction, batch_id: UUID, count: int, total_minor: int) -> None:
    """What a closed batch comes to, now that some of it may have been cancelled."""
    await tx.execute(
        """
        update payments.payout_batches
        set count = %(count)s, total_minor = %(total_minor)s
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
        """,
        batch_id=batch_id,
        count=count,
        total_minor=total_minor,
    )


async def open_attempts(tx: Transaction, batch_id: UUID) -> list[Attempt]:
    """What a batch has asked for that has no answer yet, locked."""
    return await tx.all(
        Attempt,
        """
        select a.*
        from payments.attempts a
        where a.marketplace_id = %(marketplace_id)s and a.answer is null
          and a.operation in ('payout', 'debit')
          and a.subject_id in (
            select payout_id
            from payments.payouts
            where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
            union all
            select debit_id
            from payments.debits
            where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
          )
        order by a.attempt_id
        for no key update of a
        """,
        batch_id=batch_id,
    )


async def unconfirmed_batches(tx: Transaction, batch_ids: Collection[UUID]) -> set[UUID]:
    """Those of these batches with payouts or debits that are still on their way."""
    rows = await tx.rows(
        """
        select batch_id
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and batch_id = any(%(batch_ids)s)
          and state = 'pending'
        union
        select batch_id
        from payments.debits
        where marketplace_id = %(marketplace_id)s and batch_id = any(%(batch_ids)s)
          and state = 'requested'
        """,
        batch_ids=list(batch_ids),
    )
    return {row[0] for row in rows}


async def insert_file(tx: Transaction, file: BankFile) -> bool:
    """Keep a batch's file; whether it is the first."""
    inserted = await tx.execute(
        """
        insert into payments.bank_files
          (marketplace_id, batch_id, format, message_id, content, created_at)
        values
          (%(marketplace_id)s, %(batch_id)s, %(format)s, %(message_id)s, %(content)s, %(now)s)
        on conflict (marketplace_id, batch_id) do nothing
        """,
        batch_id=file.batch_id,
        format=file.format,
        message_id=file.message_id,
        content=file.content,
        now=tx.now,
    )
    return inserted > 0


async def find_file(tx: Transaction, batch_id: UUID) -> BankFile | None:
    return await tx.one(
        BankFile,
        """
        select *
        from payments.bank_files
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
        """,
        batch_id=batch_id,
    )


async def begin_drop(tx: Transaction, batch_id: UUID) -> bool:
    """Note that a file is about to be left for the bank; whether it is the first time."""
    inserted = await tx.execute(
        """
        insert into payments.bank_file_drops (marketplace_id, batch_id, begun_at)
        values (%(marketplace_id)s, %(batch_id)s, %(now)s)
        on conflict (marketplace_id, batch_id) do nothing
        """,
        batch_id=batch_id,
        now=tx.now,
    )
    return inserted > 0


async def forget_drop(tx: Transaction, batch_id: UUID) -> None:
    await tx.execute(
        """
        delete from payments.bank_file_drops
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
        """,
        batch_id=batch_id,
    )


async def mark_handed_over(tx: Transaction, batch_id: UUID, by: str) -> bool:
    """Note that the bank has the file; whether it is news."""
    changed = await tx.execute(
        """
        with handed as (
          update payments.bank_files
          set handed_over_at = %(now)s, handed_over_by = %(by)s
          where marketplace_id = %(marketplace_id)s
            and batch_id = %(batch_id)s
            and handed_over_at is null
          returning batch_id
        )
        update payments.payout_batches b
        set state = 'handed_over'
        from handed
        where b.marketplace_id = %(marketplace_id)s and b.batch_id = handed.batch_id
        """,
        batch_id=batch_id,
        by=by,
        now=tx.now,
    )
    return changed > 0
