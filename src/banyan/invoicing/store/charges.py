"""SQL of charges, and of how far the ledger has been taken over into them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.invoicing.model import Billed, Charge, Owing
from banyan.runtime import Transaction


async def lock_invoicing(tx: Transaction) -> None:
    """From here on, one transaction of a marketplace after the other: charges are billed once."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(hashtextextended('invoicing:' || %(marketplace_id)s::uuid, 0))
        """
    )


async def select_cursors(tx: Transaction) -> dict[int, int]:
    """How far each account has been taken over: the last version."""
    rows = await tx.rows(
        """
        select account_id, version
        from invoicing.cursors
        where marketplace_id = %(marketplace_id)s
        """
    )
    return dict(rows)  # pyright: ignore[reportArgumentType]


async def save_cursors(tx: Transaction, cursors: Mapping[int, int]) -> None:
    await tx.execute(
        """
        insert into invoicing.cursors (marketplace_id, account_id, version)
        select %(marketplace_id)s, new.account_id, new.version
        from unnest(%(account_ids)s::bigint[], %(versions)s::bigint[]) as new (account_id, version)
        on conflict (marketplace_id, account_id) do update set version = excluded.version
        """,
        account_ids=list(cursors),
        versions=list(cursors.values()),
    )


async def insert_charges(tx: Transaction, charges: Sequence[Charge]) -> None:
    await tx.execute(
        """
        insert into invoicing.charges
          (marketplace_id, account_id, version, part, kind, seller_id, currency, jurisdiction,
           amount_minor, code, transfer_id, subject, payment_id, effective_at)
        select %(marketplace_id)s, new.*
        from unnest(
          %(account_ids)s::bigint[], %(versions)s::bigint[], %(parts)s::int[], %(kinds)s::text[],
          %(seller_ids)s::uuid[], %(currencies)s::text[], %(jurisdictions)s::text[],
          %(amounts)s::bigint[], %(codes)s::text[], %(transfer_ids)s::uuid[], %(subjects)s::text[],
          %(payment_ids)s::uuid[], %(effective)s::timestamptz[]
        ) as new
        """,
        account_ids=[charge.account_id for charge in charges],
        versions=[charge.version for charge in charges],
        parts=[charge.part for charge in charges],
        kinds=[charge.kind for charge in charges],
        seller_ids=[charge.seller_id for charge in charges],
        currencies=[charge.currency for charge in charges],
        jurisdictions=[charge.jurisdiction for charge in charges],
        amounts=[charge.amount_minor for charge in charges],
        codes=[charge.code for charge in charges],
        transfer_ids=[charge.transfer_id for charge in charges],
        subjects=[charge.subject for charge in charges],
        payment_ids=[charge.payment_id for charge in charges],
        effective=[charge.effective_at for charge in charges],
    )


async def select_owing(
    tx: Transaction, until: datetime, after: Owing | None, limit: int
) -> list[Owing]:
    """Sellers and currencies with charges before ``until`` that no document bills yet, in order."""
    return await tx.all(
        Owing,
        """
        select distinct seller_id, currency
        from invoicing.charges
        where marketplace_id = %(marketplace_id)s and invoice_id is null and seller_id is not null
          and effective_at < %(until)s
          and (%(seller_id)s::uuid is null
               or (seller_id, currency) > (%(seller_id)s::uuid, %(currency)s::text))
        order by seller_id, currency
        limit %(limit)s
        """,
        until=until,
        seller_id=after and after.seller_id,
        currency=after and after.currency,
        limit=limit,
    )


async def select_currencies(tx: Transaction, seller_id: UUID, until: datetime) -> list[str]:
    """The currencies in which a seller has charges that no document bills yet."""
    rows = await tx.rows(
        """
        select distinct currency
        from invoicing.charges
        where marketplace_id = %(marketplace_id)s and invoice_id is null
          and seller_id = %(seller_id)s and effective_at < %(until)s
        order by currency
        """,
        seller_id=seller_id,
        until=until,
    )
    return [currency for (currency,) in rows]


async def select_open(tx: Transaction, owing: Owing, until: datetime) -> list[Charge]:
    return await tx.all(
        Charge,
        """
        select account_id, version, part, kind, seller_id, currency, jurisdiction, amount_minor,
          code, transfer_id, subject, payment_id, effective_at
        from invoicing.charges
        where marketplace_id = %(marketplace_id)s and invoice_id is null
          and seller_id = %(seller_id)s and currency = %(currency)s and effective_at < %(until)s
        order by effective_at, account_id, version, part
        """,
        seller_id=owing.seller_id,
        currency=owing.currency,
        until=until,
    )


async def select_billed(
    tx: Transaction, owing: Owing, payment_ids: Collection[UUID]
) -> list[Billed]:
    """The last invoice of this seller that bills each payment, and its rate of tax there."""
    return await tx.all(
        Billed,
        """
        select distinct on (l.payment_id) l.payment_id, l.invoice_id, l.rate_bp
        from invoicing.lines l
        join invoicing.invoices i
          on i.marketplace_id = %(marketplace_id)s and i.invoice_id = l.invoice_id
        where l.marketplace_id = %(marketplace_id)s and l.payment_id = any(%(payment_ids)s)
          and i.kind = 'invoice' and i.seller_id = %(seller_id)s and i.currency = %(currency)s
        order by l.payment_id, l.invoice_id desc, l.net_minor desc
        """,
        payment_ids=list(payment_ids),
        seller_id=owing.seller_id,
        currency=owing.currency,
    )


async def bill_charges(tx: Transaction, charges: Sequence[Charge], invoice_id: UUID) -> int:
    """Let a document bill these charges; how many of them were still open."""
    return await tx.execute(
        """
        update invoicing.charges c
        set invoice_id = %(invoice_id)s
        from unnest(%(account_ids)s::bigint[], %(versions)s::bigint[], %(parts)s::int[])
          as billed (account_id, version, part)
        where c.marketplace_id = %(marketplace_id)s and c.account_id = billed.account_id
          and c.version = billed.version and c.part = billed.part and c.invoice_id is null
        """,
        invoice_id=invoice_id,
        account_ids=[charge.account_id for charge in charges],
        versions=[charge.version for charge in charges],
        parts=[charge.part for charge in charges],
    )


@dataclass(frozen=True, slots=True)
class OpenSum:
    """What is not billed yet in a currency; ``behind`` is what nobody can be billed for."""

    currency: str
    open_minor: int
    unattributed_minor: int


async def sum_open(tx: Transaction) -> list[OpenSum]:
    return await tx.all(
        OpenSum,
        """
        select currency, coalesce(sum(amount_minor), 0)::bigint as open_minor,
          coalesce(sum(amount_minor) filter (where seller_id is null), 0)::bigint as unattributed_minor
        from invoicing.charges
        where marketplace_id = %(marketplace_id)s and invoice_id is null
        group by currency
        """,
    )


async def sum_taken_over(tx: Transaction) -> dict[int, int]:
    """What the charges of each account of the ledger come to."""
    rows = await tx.rows(
        """
        select account_id, sum(amount_minor)::bigint
        from invoicing.charges
        where marketplace_id = %(marketplace_id)s
        group by account_id
        """
    )
    return dict(rows)  # pyright: ignore[reportArgumentType]
