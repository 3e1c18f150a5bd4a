"""SQL of payouts."""

from collections.abc import Collection, Sequence
from uuid import UUID

from banyan.payments.model import Payout, PayoutState
from banyan.runtime import Transaction


async def insert_payouts(tx: Transaction, payouts: Sequence[Payout]) -> None:
    await tx.execute(
        """
        insert into payments.payouts
          (marketplace_id, payout_id, seller_id, provider, rail, batch_id, destination, holder, bic,
           state, amount_minor, currency, source_minor, source_currency, quote_id, created_at)
        select
          %(marketplace_id)s, new.payout_id, new.seller_id, new.provider, new.rail, new.batch_id,
          new.destination, new.holder, new.bic, 'pending', new.amount_minor, new.currency,
          new.source_minor, new.source_currency, new.quote_id, %(now)s
        from unnest(
          %(payout_ids)s::uuid[], %(seller_ids)s::uuid[], %(providers)s::text[], %(rails)s::text[],
          %(batch_ids)s::uuid[], %(destinations)s::text[], %(holders)s::text[], %(bics)s::text[],
          %(amounts)s::bigint[], %(currencies)s::text[], %(source_amounts)s::bigint[],
          %(source_currencies)s::text[], %(quote_ids)s::uuid[]
        ) as new (payout_id, seller_id, provider, rail, batch_id, destination, holder, bic,
                  amount_minor, currency, source_minor, source_currency, quote_id)
        """,
        now=tx.now,
        payout_ids=[payout.payout_id for payout in payouts],
        seller_ids=[payout.seller_id for payout in payouts],
        providers=[payout.provider for payout in payouts],
        rails=[payout.rail for payout in payouts],
        batch_ids=[payout.batch_id for payout in payouts],
        holders=[payout.holder for payout in payouts],
        bics=[payout.bic for payout in payouts],
        destinations=[payout.destination for payout in payouts],
        amounts=[payout.amount_minor for payout in payouts],
        currencies=[payout.currency for payout in payouts],
        source_amounts=[payout.source_minor for payout in payouts],
        source_currencies=[payout.source_currency for payout in payouts],
        quote_ids=[payout.quote_id for payout in payouts],
    )


async def lock_payouts(tx: Transaction, payout_ids: Collection[UUID]) -> list[Payout]:
    return await tx.all(
        Payout,
        """
        select *
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and payout_id = any(%(payout_ids)s)
        order by payout_id
        for no key update
        """,
        payout_ids=list(payout_ids),
    )


async def finish_payouts(tx: Transaction, payouts: Sequence[Payout]) -> None:
    """Write the state, and the failure if there is one, of payouts that are locked."""
    await tx.execute(
        """
        update payments.payouts p
        set state = new.state, failure_code = new.failure_code, finished_at = %(now)s
        from unnest(%(payout_ids)s::uuid[], %(states)s::text[], %(failures)s::text[])
          as new (payout_id, state, failure_code)
        where p.marketplace_id = %(marketplace_id)s and p.payout_id = new.payout_id
        """,
        now=tx.now,
        payout_ids=[payout.payout_id for payout in payouts],
        states=[payout.state for payout in payouts],
        failures=[payout.failure_code for payout in payouts],
    )


async def find_payout(tx: Transaction, payout_id: UUID) -> Payout | None:
    return await tx.one(
        Payout,
        """
        select *
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and payout_id = %(payout_id)s
        """,
        payout_id=payout_id,
    )


async def find_payout_before(tx: Transaction, payout: Payout) -> Payout | None:
    """The seller's last payout out of the same balance before this one that was not cancelled."""
    return await tx.one(
        Payout,
        """
        select *
        from payments.payouts
        where marketplace_id = %(marketplace_id)s
          and seller_id = %(seller_id)s
          and coalesce(source_currency, currency) = %(currency)s
          and payout_id < %(payout_id)s
          and state <> 'cancelled'
        order by payout_id desc
        limit 1
        """,
        seller_id=payout.seller_id,
        currency=payout.source_currency or payout.currency,
        payout_id=payout.payout_id,
    )


async def find_payouts(tx: Transaction, payout_ids: Collection[UUID]) -> list[Payout]:
    return await tx.all(
        Payout,
        """
        select *
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and payout_id = any(%(payout_ids)s)
        """,
        payout_ids=list(payout_ids),
    )


async def select_payouts(
    tx: Transaction,
    *,
    state: PayoutState | None,
    seller_id: UUID | None,
    batch_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Payout]:
    """The newest first, older than ``after``."""
    return await tx.all(
        Payout,
        """
        select *
        from payments.payouts
        where marketplace_id = %(marketplace_id)s
          and (%(state)s::text is null or state = %(state)s)
          and (%(seller_id)s::uuid is null or seller_id = %(seller_id)s)
          and (%(batch_id)s::uuid is null or batch_id = %(batch_id)s)
          and (%(after)s::uuid is null or payout_id < %(after)s)
        order by payout_id desc
        limit %(limit)s
        """,
        state=state,
        seller_id=seller_id,
        batch_id=batch_id,
        after=after,
        limit=limit,
    )


async def payouts_of_batch(tx: Transaction, batch_id: UUID) -> list[Payout]:
    """The payouts of a batch that have not been cancelled, in the order of their ids."""
    return await tx.all(
        Payout,
        """
        select *
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and batch_id = %(batch_id)s and state <> 'cancelled'
        order by payout_id
        """,
        batch_id=batch_id,
    )


async def sum_paid(tx: Transaction) -> dict[str, int]:
    """What was paid out, by currency."""
    rows = await tx.rows(
        """
        select currency, sum(amount_minor)::bigint
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and state = 'paid'
        group by currency
        """
    )
    return {row[0]: row[1] for row in rows}


async def sum_through_bank(tx: Transaction) -> dict[str, int]:
    """What was paid out of our own bank account, by currency: no provider has less for it."""
    rows = await tx.rows(
        """
        select currency, sum(amount_minor)::bigint
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and state = 'paid' and rail = 'bank'
        group by currency
        """
    )
    return {row[0]: row[1] for row in rows}


async def sum_on_its_way(tx: Transaction, seller_id: UUID) -> dict[str, int]:
    """What has left a seller's balance and not arrived yet, by currency."""
    rows = await tx.rows(
        """
        select currency, sum(amount_minor)::bigint
        from payments.payouts
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s and state = 'pending'
        group by currency
        """,
        seller_id=seller_id,
    )
    return {row[0]: row[1] for row in rows}
