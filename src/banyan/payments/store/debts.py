"""SQL of what sellers owe, and of debits."""

from collections.abc import Collection, Sequence
from uuid import UUID

from banyan.payments.model import Debit, SellerDebt
from banyan.runtime import Transaction


async def open_debt(tx: Transaction, debt_id: UUID, seller_id: UUID, currency: str) -> bool:
    """Note that a seller owes; whether it is news."""
    inserted = await tx.execute(
        """
        insert into payments.seller_debts
          (marketplace_id, debt_id, seller_id, currency, state, opened_at)
        values (%(marketplace_id)s, %(debt_id)s, %(seller_id)s, %(currency)s, 'waiting', %(now)s)
        on conflict (marketplace_id, seller_id, currency) where closed_at is null do nothing
        """,
        debt_id=debt_id,
        seller_id=seller_id,
        currency=currency,
        now=tx.now,
    )
    return inserted > 0


async def lock_debts(tx: Transaction, debt_ids: Collection[UUID]) -> list[SellerDebt]:
    return await tx.all(
        SellerDebt,
        """
        select *
        from payments.seller_debts
        where marketplace_id = %(marketplace_id)s and debt_id = any(%(debt_ids)s)
        order by debt_id
        for no key update
        """,
        debt_ids=list(debt_ids),
    )


async def open_debts(tx: Transaction, seller_id: UUID) -> list[SellerDebt]:
    """A seller's open debts, one a currency."""
    return await tx.all(
        SellerDebt,
        """
        select *
        from payments.seller_debts
        where marketplace_id = %(marketplace_id)s
          and seller_id = %(seller_id)s
          and closed_at is null
        order by currency
        """,
        seller_id=seller_id,
    )


async def lock_open_debts(tx: Transaction, seller_ids: Collection[UUID]) -> list[SellerDebt]:
    """The open debts of these sellers, locked."""
    return await tx.all(
        SellerDebt,
        """
        select *
        from payments.seller_debts
        where marketplace_id = %(marketplace_id)s
          and seller_id = any(%(seller_ids)s)
          and closed_at is null
        order by debt_id
        for no key update
        """,
        seller_ids=list(seller_ids),
    )


async def save_debt(tx: Transaction, debt: SellerDebt) -> None:
    """Write what changes in the life of a debt that is locked."""
    await tx.execute(
        """
        update payments.seller_debts
        set
          state = %(state)s,
          debits = %(debits)s,
          closed_at = %(closed_at)s,
          closed_by = %(closed_by)s
        where marketplace_id = %(marketplace_id)s and debt_id = %(debt_id)s
        """,
        debt_id=debt.debt_id,
        state=debt.state,
        debits=debt.debits,
        closed_at=debt.closed_at,
        closed_by=debt.closed_by,
    )


async def insert_debit(tx: Transaction, debit: Debit) -> None:
    await tx.execute(
        """
        insert into payments.debits
          (marketplace_id, debit_id, debt_id, seller_id, provider, rail, batch_id, destination,
           holder, bic, mandate, mandate_signed_on, state, amount_minor, currency, created_at)
        values
          (%(marketplace_id)s, %(debit_id)s, %(debt_id)s, %(seller_id)s, %(provider)s, %(rail)s,
           %(batch_id)s, %(destination)s, %(holder)s, %(bic)s, %(mandate)s, %(mandate_signed_on)s,
           'requested', %(amount_minor)s, %(currency)s, %(now)s)
        """,
        debit_id=debit.debit_id,
        debt_id=debit.debt_id,
        seller_id=debit.seller_id,
        provider=debit.provider,
        rail=debit.rail,
        batch_id=debit.batch_id,
        destination=debit.destination,
        holder=debit.holder,
        bic=debit.bic,
        mandate=debit.mandate,
        mandate_signed_on=debit.mandate_signed_on,
        amount_minor=debit.amount_minor,
        currency=debit.currency,
        now=tx.now,
    )


async def find_debits(tx: Transaction, debit_ids: Collection[UUID]) -> list[Debit]:
    return await tx.all(
        Debit,
        """
        select *
        from payments.debits
        where marketplace_id = %(marketplace_id)s and debit_id = any(%(debit_ids)s)
        """,
        debit_ids=list(debit_ids),
    )


async def lock_debits(tx: Transaction, debit_ids: Collection[UUID]) -> list[Debit]:
    return await tx.all(
        Debit,
        """
        select *
        from payments.debits
        where marketplace_id = %(marketplace_id)s and debit_id = any(%(debit_ids)s)
        order by debit_id
        for no key update
        """,
        debit_ids=list(debit_ids),
    )


async def debits_of_batch(tx: Transaction, batch_id: UUID) -> list[Debit]:
    return await tx.all(
        Debit,
        """
        select *
        from payments.debits
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s
        order by debit_id
        """,
        batch_id=batch_id,
    )


async def finish_debits(tx: Transaction, debits: Sequence[Debit]) -> None:
    """Write the state, and the failure if there is one, of debits that are locked."""
    await tx.execute(
        """
        update payments.debits d
        set state = new.state, failure_code = new.failure_code, finished_at = %(now)s
        from unnest(%(debit_ids)s::uuid[], %(states)s::text[], %(failures)s::text[])
          as new (debit_id, state, failure_code)
        where d.marketplace_id = %(marketplace_id)s and d.debit_id = new.debit_id
        """,
        now=tx.now,
        debit_ids=[debit.debit_id for debit in debits],
        states=[debit.state for debit in debits],
        failures=[debit.failure_code for debit in debits],
    )


async def select_debits(
    tx: Transaction, *, seller_id: UUID | None, after: UUID | None, limit: int
) -> list[Debit]:
    """The newest first, older than ``after``."""
    return await tx.all(
        Debit,
        """
        select *
        from payments.debits
        where marketplace_id = %(marketplace_id)s
          and (%(seller_id)s::uuid is null or seller_id = %(seller_id)s)
          and (%(after)s::uuid is null or debit_id < %(after)s)
        order by debit_id desc
        limit %(limit)s
        """,
        seller_id=seller_id,
        after=after,
        limit=limit,
    )


async def sum_debited(tx: Transaction) -> dict[str, int]:
    """What providers took from sellers for us, by currency."""
    rows = await tx.rows(
        """
        select currency, sum(amount_minor)::bigint
        from payments.debits
        where marketplace_id = %(marketplace_id)s and state = 'succeeded' and rail = 'provider'
        group by currency
        """
    )
    return {row[0]: row[1] for row in rows}
