"""SQL of where payouts go, and of what keeps them back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.payments.model import (
    Cadence,
    Destination,
    HoldKind,
    PayoutAccount,
    PayoutHold,
)
from banyan.runtime import Transaction


async def open_accounts(
    tx: Transaction, seller_ids: Collection[UUID], destination: str
) -> list[UUID]:
    """Give the sellers that have none a payout account that leads to the token ``destination``.

    Those that got one.
    """
    rows = await tx.rows(
        """
        insert into payments.payout_accounts (marketplace_id, seller_id, destination, updated_at)
        select %(marketplace_id)s, seller_id, %(destination)s, %(now)s
        from unnest(%(seller_ids)s::uuid[]) as new (seller_id)
        where not exists (
          select from payments.payout_accounts known
          where known.marketplace_id = %(marketplace_id)s and known.seller_id = new.seller_id
        )
        order by seller_id
        on conflict (marketplace_id, seller_id, currency) do nothing
        returning seller_id
        """,
        seller_ids=list(seller_ids),
        destination=destination,
        now=tx.now,
    )
    return [row[0] for row in rows]


async def save_account(
    tx: Transaction, seller_id: UUID, currency: str, destination: Destination
) -> PayoutAccount:
    account = await tx.one(
        PayoutAccount,
        """
        insert into payments.payout_accounts
          (marketplace_id, seller_id, currency, kind, destination, holder, bic, mandate,
           mandate_signed_on, updated_at)
        values
          (%(marketplace_id)s, %(seller_id)s, %(currency)s, %(kind)s, %(destination)s, %(holder)s,
           %(bic)s, %(mandate)s, %(mandate_signed_on)s, %(now)s)
        on conflict (marketplace_id, seller_id, currency) do update
        set
          kind = excluded.kind,
          destination = excluded.destination,
          holder = excluded.holder,
          bic = excluded.bic,
          mandate = excluded.mandate,
          mandate_signed_on = excluded.mandate_signed_on,
          blocked_reason = null,
          updated_at = excluded.updated_at
        returning *
        """,
        seller_id=seller_id,
        currency=currency,
        kind=destination.kind,
        destination=destination.text,
        holder=destination.holder,
        bic=destination.bic,
        mandate=destination.mandate,
        mandate_signed_on=destination.mandate_signed_on,
        now=tx.now,
    )
    assert account is not None, "an upsert returns its row"
    return account


async def block_accounts(
    tx: Transaction, seller_id: UUID, destination: str, reason: str
) -> list[PayoutAccount]:
    """Stop payouts to a destination; the accounts of the seller that lead there and weren't stopped."""
    return await tx.all(
        PayoutAccount,
        """
        update payments.payout_accounts
        set blocked_reason = %(reason)s, updated_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and seller_id = %(seller_id)s
          and destination = %(destination)s
          and blocked_reason is null
        returning *
        """,
        seller_id=seller_id,
        destination=destination,
        reason=reason,
        now=tx.now,
    )


async def accounts_of(tx: Transaction, seller_id: UUID) -> list[PayoutAccount]:
    """A seller's accounts, the one for any currency first."""
    return await tx.all(
        PayoutAccount,
        """
        select *
        from payments.payout_accounts
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        order by currency
        """,
        seller_id=seller_id,
    )


async def lock_accounts(tx: Transaction, seller_id: UUID) -> list[PayoutAccount]:
    """The same, and nobody else changes them until the transaction ends."""
    return await tx.all(
        PayoutAccount,
        """
        select *
        from payments.payout_accounts
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        order by currency
        for no key update
        """,
        seller_id=seller_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable(PayoutAccount):
    """A payout account with its seller's own schedule, if there is one."""

    cadence: Cadence | None
    weekday: int | None
    month_day: int | None
    delay_days: int | None
    minimum_minor: int | None


async def payable_accounts(
    tx: Transaction, *, after: UUID | None, sellers_max: int, seller_id: UUID | None = None
) -> list[Payable]:
    """Every account of the next sellers, by seller and currency, or those of one seller.

    Blocked ones too: a blocked account for a currency stands before the one for any currency.
    """
    return await tx.all(
        Payable,
        """
        select
          a.*, s.cadence, s.weekday, s.month_day, s.delay_days, s.minimum_minor
        from (
          select distinct seller_id
          from payments.payout_accounts
          where marketplace_id = %(marketplace_id)s
            and (%(after)s::uuid is null or seller_id > %(after)s)
            and (%(seller_id)s::uuid is null or seller_id = %(seller_id)s)
          order by seller_id
          limit %(sellers_max)s
        ) next
        join payments.payout_accounts a
          on a.marketplace_id = %(marketplace_id)s and a.seller_id = next.seller_id
        left join payments.payout_schedules s
          on s.marketplace_id = %(marketplace_id)s and s.seller_id = next.seller_id
        order by a.seller_id, a.currency
        """,
        after=after,
        seller_id=seller_id,
        sellers_max=sellers_max,
    )


async def save_hold(tx: Transaction, hold: PayoutHold) -> bool:
    """Keep a hold; whether it is news. One of its kind that stands gets the new reason and end."""
    return await tx.value(
        """
        insert into payments.payout_holds
          (marketplace_id, seller_id, kind, reason, held_by, held_at, until_at)
        values
          (%(marketplace_id)s, %(seller_id)s, %(kind)s, %(reason)s, %(held_by)s, %(held_at)s,
           %(until_at)s)
        on conflict (marketplace_id, seller_id, kind) do update
        set reason = excluded.reason, until_at = excluded.until_at
        returning xmax = 0   -- inserted, not updated
        """,
        seller_id=hold.seller_id,
        kind=hold.kind,
        reason=hold.reason,
        held_by=hold.held_by,
        held_at=hold.held_at,
        until_at=hold.until_at,
    )


async def delete_holds(tx: Transaction, seller_ids: Collection[UUID], kind: HoldKind) -> list[UUID]:
    """Lift the holds of a kind; the sellers that had one."""
    rows = await tx.rows(
        """
        delete from payments.payout_holds
        where marketplace_id = %(marketplace_id)s
          and seller_id = any(%(seller_ids)s)
          and kind = %(kind)s
        returning seller_id
        """,
        seller_ids=list(seller_ids),
        kind=kind,
    )
    return [row[0] for row in rows]


async def delete_expired_holds(
    tx: Transaction, seller_ids: Collection[UUID], now: datetime
) -> list[UUID]:
    """Lift the holds whose time is over; the sellers that had one."""
    rows = await tx.rows(
        """
        delete from payments.payout_holds
        where marketplace_id = %(marketplace_id)s
          and seller_id = any(%(seller_ids)s)
          and until_at <= %(now)s
        returning seller_id
        """,
        seller_ids=list(seller_ids),
        now=now,
    )
    return [row[0] for row in rows]


async def holds_of(tx: Transaction, seller_ids: Sequence[UUID]) -> list[PayoutHold]:
    """What keeps these sellers' payouts back."""
    return await tx.all(
        PayoutHold,
        """
        select *
        from payments.payout_holds
        where marketplace_id = %(marketplace_id)s and seller_id = any(%(seller_ids)s)
        order by seller_id, kind
        """,
        seller_ids=list(seller_ids),
    )
