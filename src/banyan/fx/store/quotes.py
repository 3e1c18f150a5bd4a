"""SQL of quotes."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.fx.model import Quote
from banyan.runtime import Transaction


async def insert_quotes(tx: Transaction, quotes: Sequence[Quote]) -> list[UUID]:
    """Add the quotes whose id is new; their ids."""
    rows = await tx.rows(
        """
        insert into fx.quotes
        select new.*
        from jsonb_populate_recordset(null::fx.quotes, %(quotes)s) as new
        where new.marketplace_id = %(marketplace_id)s
        order by new.quote_id
        on conflict do nothing
        returning quote_id
        """,
        quotes=Jsonb(list(quotes)),
    )
    return [quote_id for (quote_id,) in rows]


async def select_quotes(tx: Transaction, quote_ids: Sequence[UUID]) -> list[Quote]:
    return await tx.all(
        Quote,
        """
        select *
        from fx.quotes
        where marketplace_id = %(marketplace_id)s and quote_id = any(%(quote_ids)s)
        order by quote_id
        """,
        quote_ids=list(quote_ids),
    )


async def lock_quotes(tx: Transaction, quote_ids: Sequence[UUID]) -> list[Quote]:
    """The same, held for this transaction; in the order of their ids, so that nobody deadlocks."""
    return await tx.all(
        Quote,
        """
        select *
        from fx.quotes
        where marketplace_id = %(marketplace_id)s and quote_id = any(%(quote_ids)s)
        order by quote_id
        for no key update
        """,
        quote_ids=list(quote_ids),
    )


async def update_used(
    tx: Transaction, quote_ids: Sequence[UUID], subjects: Sequence[str]
) -> list[Quote]:
    return await tx.all(
        Quote,
        """
        update fx.quotes q
        set used_at = %(now)s, used_by = new.subject
        from unnest(%(quote_ids)s::uuid[], %(subjects)s::text[]) as new (quote_id, subject)
        where q.marketplace_id = %(marketplace_id)s and q.quote_id = new.quote_id
          and q.used_at is null
        returning q.*
        """,
        quote_ids=list(quote_ids),
        subjects=list(subjects),
        now=tx.now,
    )


async def list_quotes(tx: Transaction, after: UUID | None, limit: int) -> list[Quote]:
    """The newest first."""
    return await tx.all(
        Quote,
        """
        select *
        from fx.quotes
        where marketplace_id = %(marketplace_id)s
          and (%(after)s::uuid is null or quote_id < %(after)s)
        order by quote_id desc
        limit %(limit)s
        """,
        after=after,
        limit=limit,
    )
