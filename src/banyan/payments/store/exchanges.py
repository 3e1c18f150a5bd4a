"""SQL of what providers exchange."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.payments.model import Exchange
from banyan.runtime import Transaction


async def insert_exchanges(tx: Transaction, exchanges: Sequence[Exchange]) -> None:
    await tx.execute(
        """
        insert into payments.exchanges
          (marketplace_id, exchange_id, payment_id, subject, provider, sold_minor, sold_currency,
           bought_minor, bought_currency, made_at)
        select marketplace_id, exchange_id, payment_id, subject, provider, sold_minor, sold_currency,
          bought_minor, bought_currency, made_at
        from jsonb_populate_recordset(null::payments.exchanges, %(exchanges)s)
        where marketplace_id = %(marketplace_id)s
        """,
        exchanges=Jsonb(list(exchanges)),
    )


async def select_exchanges(tx: Transaction, payment_id: UUID) -> list[Exchange]:
    return await tx.all(
        Exchange,
        """
        select *
        from payments.exchanges
        where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
        order by made_at, exchange_id
        """,
        payment_id=payment_id,
    )


async def sum_exchanged(tx: Transaction) -> dict[str, int]:
    """What providers hold more (or less) of each currency by what they have exchanged."""
    rows = await tx.rows(
        """
        select side.currency, sum(side.minor)::bigint
        from payments.exchanges e
        cross join lateral (
          values (e.bought_currency, e.bought_minor), (e.sold_currency, -e.sold_minor)
        ) as side (currency, minor)
        where e.marketplace_id = %(marketplace_id)s
        group by side.currency
        """
    )
    return {row[0]: row[1] for row in rows}
