"""SQL of balances that wait for an exchange."""

from collections.abc import Sequence
from uuid import UUID

from banyan.payments.model import ExchangeWait
from banyan.runtime import Transaction


async def save_waits(tx: Transaction, waits: Sequence[ExchangeWait]) -> set[tuple[UUID, str]]:
    """Keep why balances wait; the sellers and currencies of which that is news."""
    rows = await tx.rows(
        """
        insert into payments.exchange_waits
          (marketplace_id, seller_id, currency, into_currency, reason, since_at)
        select %(marketplace_id)s, new.seller_id, new.currency, new.into_currency, new.reason, %(now)s
        from unnest(
          %(seller_ids)s::uuid[], %(currencies)s::text[], %(into_currencies)s::text[],
          %(reasons)s::text[]
        ) as new (seller_id, currency, into_currency, reason)
        order by new.seller_id, new.currency
        on conflict (marketplace_id, seller_id, currency) do update
        set into_currency = excluded.into_currency, reason = excluded.reason
        returning seller_id, currency, xmax = 0   -- inserted, not updated
        """,
        seller_ids=[wait.seller_id for wait in waits],
        currencies=[wait.currency for wait in waits],
        into_currencies=[wait.into_currency for wait in waits],
        reasons=[wait.reason for wait in waits],
        now=tx.now,
    )
    return {(row[0], row[1]) for row in rows if row[2]}


async def delete_waits(tx: Transaction, balances: Sequence[tuple[UUID, str]]) -> list[UUID]:
    """These balances wait no longer; the sellers of those that did."""
    rows = await tx.rows(
        """
        delete from payments.exchange_waits w
        using unnest(%(seller_ids)s::uuid[], %(currencies)s::text[]) as paid (seller_id, currency)
        where w.marketplace_id = %(marketplace_id)s
          and w.seller_id = paid.seller_id
          and w.currency = paid.currency
        returning w.seller_id
        """,
        seller_ids=[seller_id for seller_id, _ in balances],
        currencies=[currency for _, currency in balances],
    )
    return [row[0] for row in rows]


async def waits_of(tx: Transaction, seller_id: UUID) -> list[ExchangeWait]:
    return await tx.all(
        ExchangeWait,
        """
        select *
        from payments.exchange_waits
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        order by currency
        """,
        seller_id=seller_id,
    )
