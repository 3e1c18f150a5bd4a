"""SQL of what is held back from sellers."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from banyan.kernel import Money
from banyan.payments.model import DatedAmount, Holdback
from banyan.runtime import Transaction


async def insert_holdbacks(tx: Transaction, holdbacks: Sequence[Holdback]) -> None:
    await tx.execute(
        """
        insert into payments.holdbacks
          (marketplace_id, holdback_id, seller_id, payment_id, kind, currency, amount_minor,
           left_minor, due_on, created_at)
        select
          %(marketplace_id)s, new.holdback_id, new.seller_id, new.payment_id, new.kind, new.currency,
          new.amount_minor, new.amount_minor, new.due_on, %(now)s
        from unnest(
          %(holdback_ids)s::uuid[], %(seller_ids)s::uuid[], %(payment_ids)s::uuid[],
          %(kinds)s::text[], %(currencies)s::text[], %(amounts)s::bigint[], %(due_on)s::date[]
        ) as new (holdback_id, seller_id, payment_id, kind, currency, amount_minor, due_on)
        """,
        now=tx.now,
        holdback_ids=[holdback.holdback_id for holdback in holdbacks],
        seller_ids=[holdback.seller_id for holdback in holdbacks],
        payment_ids=[holdback.payment_id for holdback in holdbacks],
        kinds=[holdback.kind for holdback in holdbacks],
        currencies=[holdback.currency for holdback in holdbacks],
        amounts=[holdback.amount_minor for holdback in holdbacks],
        due_on=[holdback.due_on for holdback in holdbacks],
    )


async def lock_due(tx: Transaction, until: date, limit: int) -> list[Holdback]:
    """What is to become available by a day, the longest due first, locked."""
    return await tx.all(
        Holdback,
        """
        select *
        from payments.holdbacks
        where marketplace_id = %(marketplace_id)s and due_on <= %(until)s and left_minor > 0
        order by due_on, holdback_id
        limit %(limit)s
        for no key update
        """,
        until=until,
        limit=limit,
    )


async def lock_of_seller(tx: Transaction, seller_id: UUID, currency: str) -> list[Holdback]:
    """What is held back from a seller in a currency, by due day, locked."""
    return await tx.all(
        Holdback,
        """
        select *
        from payments.holdbacks
        where marketplace_id = %(marketplace_id)s
          and seller_id = %(seller_id)s
          and currency = %(currency)s
          and left_minor > 0
        order by due_on, holdback_id
        for no key update
        """,
        seller_id=seller_id,
        currency=currency,
    )


async def mark_freed(tx: Transaction, holdback_ids: Sequence[UUID]) -> None:
    """Note that what was left has become available."""
    await tx.execute(
        """
        update payments.holdbacks
        set left_minor = 0, freed_at = %(now)s
        where marketplace_id = %(marketplace_id)s and holdback_id = any(%(holdback_ids)s)
        """,
        holdback_ids=list(holdback_ids),
        now=tx.now,
    )


async def take(tx: Transaction, taken: Sequence[tuple[Holdback, Money]]) -> None:
    """Note what a debt has taken of holdbacks that are locked."""
    await tx.execute(
        """
        update payments.holdbacks h
        set left_minor = h.left_minor - new.taken, version = h.version + 1
        from unnest(%(holdback_ids)s::uuid[], %(taken)s::bigint[]) as new (holdback_id, taken)
        where h.marketplace_id = %(marketplace_id)s and h.holdback_id = new.holdback_id
        """,
        holdback_ids=[holdback.holdback_id for holdback, _ in taken],
        taken=[part.minor for _, part in taken],
    )


async def dated_of(tx: Transaction, seller_id: UUID) -> list[DatedAmount]:
    """What is held back from a seller, by currency, day and kind."""
    rows = await tx.rows(
        """
        select currency, due_on, kind, sum(left_minor)::bigint
        from payments.holdbacks
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s and left_minor > 0
        group by currency, due_on, kind
        order by due_on, kind, currency
        """,
        seller_id=seller_id,
    )
    return [
        DatedAmount(on=due_on, kind=kind, amount=Money.of(minor, currency))
        for currency, due_on, kind, minor in rows
    ]
