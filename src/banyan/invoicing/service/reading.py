"""Reading invoices, and proving that they cover everything once."""

from hashlib import sha256
from uuid import UUID

from banyan.invoicing import rules
from banyan.invoicing.errors import DocumentAltered, InvoiceNotFound
from banyan.invoicing.model import INVOICE, Coverage, Document, Invoice, InvoiceKind, Line
from banyan.invoicing.service.collecting import billed_accounts
from banyan.invoicing.store import charges as charges_store
from banyan.invoicing.store import invoices as store
from banyan.kernel import (
    LIMIT_DEFAULT,
    Money,
    Page,
    decode_cursor,
    encode_cursor,
    id_of_cursor,
    page_of,
)
from banyan.runtime import Transaction


async def get_invoice(tx: Transaction, invoice_id: UUID) -> Invoice:
    """The invoice or credit note of this id; ``InvoiceNotFound``."""
    invoice = await store.find_invoice(tx, invoice_id)
    if invoice is None:
        raise InvoiceNotFound(f"There is no invoice {INVOICE.text(invoice_id)}.")
    return invoice


async def list_invoices(
    tx: Transaction,
    *,
    kind: InvoiceKind | None = None,
    seller_id: UUID | None = None,
    refers_to: UUID | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Invoice]:
    """Invoices and credit notes, the newest first."""
    rows = await store.select_invoices(
        tx,
        kind=kind,
        seller_id=seller_id,
        refers_to=refers_to,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda invoice: invoice.invoice_id)


async def list_lines(
    tx: Transaction, invoice_id: UUID, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[Line]:
    """The lines of a document, in their order; ``InvoiceNotFound``."""
    await get_invoice(tx, invoice_id)
    after = 0
    if cursor is not None:
        [given] = decode_cursor(cursor, (int,))
        assert isinstance(given, int), "decode_cursor gives the types asked for"
        after = max(0, given)
    rows = await store.select_lines(tx, invoice_id, after, limit + 1)
    has_more = len(rows) > limit
    return Page(rows[:limit], encode_cursor(after + limit) if has_more else None)


async def document_of(tx: Transaction, invoice_id: UUID) -> Document:
    """What was issued, to the letter; ``InvoiceNotFound``, ``DocumentAltered``."""
    invoice = await get_invoice(tx, invoice_id)
    document = await store.find_document(tx, invoice_id)
    if (
        document is None
        or sha256(document.content.encode()).digest() != document.content_sha256
        or sha256(document.html.encode()).digest() != document.html_sha256
    ):
        raise DocumentAltered(f"What is stored of {invoice.number} is not what was issued.")
    return document


async def lines_csv(tx: Transaction, invoice_id: UUID) -> str:
    """The list of a document's lines; ``InvoiceNotFound``, ``DocumentAltered``.

    It is written anew from the lines, and must have the hash that the document keeps of it.
    """
    document = await document_of(tx, invoice_id)
    listed = rules.issued_list(document.content, await store.select_lines(tx, invoice_id))
    if listed is None:
        raise DocumentAltered("The lines that are stored are not those that were issued.")
    return listed


async def coverage(tx: Transaction) -> list[Coverage]:
    """For each currency: what was billed and what is open, beside what the ledger holds."""
    await charges_store.lock_invoicing(tx)
    taken_over = await charges_store.sum_taken_over(tx)
    held: dict[str, int] = {}
    behind: dict[str, int] = {}
    for account in await billed_accounts(tx):
        currency, posted = account.currency, account.posted_minor
        held[currency] = held.get(currency, 0) + posted
        missing = posted - taken_over.get(account.account_id, 0)
        behind[currency] = behind.get(currency, 0) + missing
    issued = {one.currency: one for one in await store.sum_issued(tx)}
    waiting = {one.currency: one for one in await charges_store.sum_open(tx)}
    return [
        Coverage(
            currency=currency,
            invoiced=Money.of(
                issued[currency].invoiced_minor if currency in issued else 0, currency
            ),
            credited=Money.of(
                issued[currency].credited_minor if currency in issued else 0, currency
            ),
            open=Money.of(waiting[currency].open_minor if currency in waiting else 0, currency),
            unattributed=Money.of(
                waiting[currency].unattributed_minor if currency in waiting else 0, currency
            ),
            behind=Money.of(behind[currency], currency),
            ledger=Money.of(held[currency], currency),
        )
        for currency in sorted(held)
    ]
