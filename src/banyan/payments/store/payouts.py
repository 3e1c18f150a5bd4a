"""SQL of payouts, and of where they go."""

from collections.abc import Collection, Sequence
from uuid import UUID

from banyan.payments.model import Payout, PayoutAccount, PayoutState
from banyan.runtime import Transaction


async def insert_payouts(tx: Transaction, payouts: Sequence[Payout]) -> None:
    await tx.execute(
        """
        insert into payments.payouts
          (marketplace_id, payout_id, seller_id, provider, destination, state, amount_minor,
           currency, created_at)
        select
          %(marketplace_id)s, new.payout_id, new.seller_id, new.provider, new.destination,
          'pending', new.amount_minor, new.currency, %(now)s
        from unnest(
          %(payout_ids)s::uuid[], %(seller_ids)s::uuid[], %(providers)s::text[],
          %(destinations)s::text[], %(amounts)s::bigint[], %(currencies)s::text[]
        ) as new (payout_id, seller_id, provider, destination, amount_minor, currency)
        """,
        now=tx.now,
        payout_ids=[payout.payout_id for payout in payouts],
        seller_ids=[payout.seller_id for payout in payouts],
        providers=[payout.provider for payout in payouts],
        destinations=[payout.destination for payout in payouts],
        amounts=[payout.amount_minor for payout in payouts],
        currencies=[payout.currency for payout in payouts],
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
          and (%(after)s::uuid is null or payout_id < %(after)s)
        order by payout_id desc
        limit %(limit)s
        """,
        state=state,
        seller_id=seller_id,
        after=after,
        limit=limit,
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


async def open_accounts(tx: Transaction, seller_ids: Collection[UUID], destination: str) -> None:
    """Give the sellers that have none a payout account that leads to ``destination``."""
    await tx.execute(
        """
        insert into payments.payout_accounts (marketplace_id, seller_id, destination, updated_at)
        select %(marketplace_id)s, seller_id, %(destination)s, %(now)s
        from unnest(%(seller_ids)s::uuid[]) as new (seller_id)
        order by seller_id
        on conflict (marketplace_id, seller_id) do nothing
        """,
        seller_ids=list(seller_ids),
        destination=destination,
        now=tx.now,
    )


async def save_account(tx: Transaction, seller_id: UUID, destination: str) -> PayoutAccount:
    account = await tx.one(
        PayoutAccount,
        """
        insert into payments.payout_accounts (marketplace_id, seller_id, destination, updated_at)
        values (%(marketplace_id)s, %(seller_id)s, %(destination)s, %(now)s)
        on conflict (marketplace_id, seller_id) do update
        set
          destination = excluded.destination,
          blocked_reason = null,
          updated_at = excluded.updated_at
        returning *
        """,
        seller_id=seller_id,
        destination=destination,
        now=tx.now,
    )
    assert account is not None, "an upsert returns its row"
    return account


async def block_account(tx: Transaction, payout: Payout, reason: str) -> None:
    """Stop payouts to where this one failed."""
    await tx.execute(
        """
        update payments.payout_accounts
        set blocked_reason = %(reason)s, updated_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and seller_id = %(seller_id)s
          and destination = %(destination)s
        """,
        seller_id=payout.seller_id,
        destination=payout.destination,
        reason=reason,
        now=tx.now,
    )


async def find_account(tx: Transaction, seller_id: UUID) -> PayoutAccount | None:
    return await tx.one(
        PayoutAccount,
        """
        select *
        from payments.payout_accounts
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        """,
        seller_id=seller_id,
    )


async def select_open_accounts(tx: Transaction) -> list[PayoutAccount]:
    """Where payouts can go."""
    return await tx.all(
        PayoutAccount,
        """
        select *
        from payments.payout_accounts
        where marketplace_id = %(marketplace_id)s and blocked_reason is null
        order by seller_id
        """,
    )
