"""SQL of invoices and credit notes: numbers, what is issued, and reading it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from banyan.invoicing.model import Document, Invoice, InvoiceKind, Line
from banyan.runtime import Transaction


async def next_ordinal(tx: Transaction, entity_id: UUID, kind: InvoiceKind, year: int) -> int:
    """The next number of a series. Whoever wants the one after it waits for this transaction."""
    return await tx.value(
        """
        insert into invoicing.series (marketplace_id, entity_id, kind, year, last_ordinal)
        values (%(marketplace_id)s, %(entity_id)s, %(kind)s, %(year)s, 1)
        on conflict (marketplace_id, entity_id, kind, year)
          do update set last_ordinal = series.last_ordinal + 1
        returning last_ordinal
        """,
        entity_id=entity_id,
        kind=kind,
        year=year,
    )


async def insert_invoice(tx: Transaction, invoice: Invoice) -> None:
    await tx.execute(
        """
        insert into invoicing.invoices
          (marketplace_id, invoice_id, kind, entity_id, seller_id, currency, number, year, ordinal,
           refers_to, starts_at, ends_at, net_minor, tax_minor, missing, issued_at)
        values
          (%(marketplace_id)s, %(invoice_id)s, %(kind)s, %(entity_id)s, %(seller_id)s,
           %(currency)s, %(number)s, %(year)s, %(ordinal)s, %(refers_to)s, %(starts_at)s,
           %(ends_at)s, %(net)s, %(tax)s, %(missing)s, %(now)s)
        """,
        invoice_id=invoice.invoice_id,
        kind=invoice.kind,
        entity_id=invoice.entity_id,
        seller_id=invoice.seller_id,
        currency=invoice.currency,
        number=invoice.number,
        year=invoice.year,
        ordinal=invoice.ordinal,
        refers_to=invoice.refers_to,
        starts_at=invoice.starts_at,
        ends_at=invoice.ends_at,
        net=invoice.net_minor,
        tax=invoice.tax_minor,
        missing=invoice.missing,
        now=tx.now,
    )


async def insert_lines(tx: Transaction, invoice_id: UUID, lines: Sequence[Line]) -> None:
    await tx.execute(
        """
        insert into invoicing.lines
          (marketplace_id, invoice_id, line, transfer_id, payment_id, subject, code, jurisdiction,
           rate_bp, net_minor, tax_minor, effective_at)
        select %(marketplace_id)s, %(invoice_id)s, new.line, new.transfer_id, new.payment_id,
          new.subject, new.code, new.jurisdiction, new.rate_bp, new.net_minor, new.tax_minor,
          new.effective_at
        from unnest(
          %(transfer_ids)s::uuid[], %(payment_ids)s::uuid[], %(subjects)s::text[],
          %(codes)s::text[], %(jurisdictions)s::text[], %(rates)s::int[], %(nets)s::bigint[],
          %(taxes)s::bigint[], %(effective)s::timestamptz[]
        ) with ordinality as new
          (transfer_id, payment_id, subject, code, jurisdiction, rate_bp, net_minor, tax_minor,
           effective_at, line)
        """,
        invoice_id=invoice_id,
        transfer_ids=[line.transfer_id for line in lines],
        payment_ids=[line.payment_id for line in lines],
        subjects=[line.subject for line in lines],
        codes=[line.code for line in lines],
        jurisdictions=[line.jurisdiction for line in lines],
        rates=[line.rate_bp for line in lines],
        nets=[line.net_minor for line in lines],
        taxes=[line.tax_minor for line in lines],
        effective=[line.effective_at for line in lines],
    )


async def insert_document(tx: Transaction, invoice_id: UUID, document: Document) -> None:
    await tx.execute(
        """
        insert into invoicing.documents
          (marketplace_id, invoice_id, content, content_sha256, html, html_sha256)
        values
          (%(marketplace_id)s, %(invoice_id)s, %(content)s, %(content_sha256)s, %(html)s,
           %(html_sha256)s)
        """,
        invoice_id=invoice_id,
        content=document.content,
        content_sha256=document.content_sha256,
        html=document.html,
        html_sha256=document.html_sha256,
    )


async def find_invoice(tx: Transaction, invoice_id: UUID) -> Invoice | None:
    return await tx.one(
        Invoice,
        """
        select *
        from invoicing.invoices
        where marketplace_id = %(marketplace_id)s and invoice_id = %(invoice_id)s
        """,
        invoice_id=invoice_id,
    )


async def find_document(tx: Transaction, invoice_id: UUID) -> Document | None:
    return await tx.one(
        Document,
        """
        select content, content_sha256, html, html_sha256
        from invoicing.documents
        where marketplace_id = %(marketplace_id)s and invoice_id = %(invoice_id)s
        """,
        invoice_id=invoice_id,
    )


async def select_lines(
    tx: Transaction, invoice_id: UUID, after: int = 0, limit: int | None = None
) -> list[Line]:
    """The lines of a document behind number ``after``, in their order."""
    return await tx.all(
        Line,
        """
        select transfer_id, payment_id, subject, code, jurisdiction, rate_bp, net_minor, tax_minor,
          effective_at
        from invoicing.lines
        where marketplace_id = %(marketplace_id)s and invoice_id = %(invoice_id)s
          and line > %(after)s
        order by line
        limit %(limit)s::bigint
        """,
        invoice_id=invoice_id,
        after=after,
        limit=limit,
    )


async def select_invoices(
    tx: Transaction,
    *,
    kind: InvoiceKind | None,
    seller_id: UUID | None,
    refers_to: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Invoice]:
    """Invoices and credit notes, the newest first."""
    return await tx.all(
        Invoice,
        """
        select *
        from invoicing.invoices
        where marketplace_id = %(marketplace_id)s
          and (%(kind)s::text is null or kind = %(kind)s)
          and (%(seller_id)s::uuid is null or seller_id = %(seller_id)s)
          and (%(refers_to)s::uuid is null or refers_to = %(refers_to)s)
          and (%(after)s::uuid is null or invoice_id < %(after)s)
        order by invoice_id desc
        limit %(limit)s
        """,
        kind=kind,
        seller_id=seller_id,
        refers_to=refers_to,
        after=after,
        limit=limit,
    )


async def select_by_id(tx: Transaction, invoice_ids: Collection[UUID]) -> list[Invoice]:
    return await tx.all(
        Invoice,
        """
        select *
        from invoicing.invoices
        where marketplace_id = %(marketplace_id)s and invoice_id = any(%(invoice_ids)s)
        """,
        invoice_ids=list(invoice_ids),
    )


@dataclass(frozen=True, slots=True)
class IssuedSum:
    currency: str
    invoiced_minor: int
    credited_minor: int


async def sum_issued(tx: Transaction) -> list[IssuedSum]:
    """What the documents of each currency come to, tax included."""
    return await tx.all(
        IssuedSum,
        """
        select currency,
          coalesce(sum(net_minor + tax_minor) filter (where kind = 'invoice'), 0)::bigint
            as invoiced_minor,
          coalesce(sum(net_minor + tax_minor) filter (where kind = 'credit_note'), 0)::bigint
            as credited_minor
        from invoicing.invoices
        where marketplace_id = %(marketplace_id)s
        group by currency
        """,
    )
