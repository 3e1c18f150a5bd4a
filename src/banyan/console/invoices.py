"""Invoices: what sellers were billed for, to the letter, and whether everything was."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import get_args
from uuid import UUID

from starlette.responses import Response

from banyan.console.documents import document, download
from banyan.console.links import subject_href
from banyan.console.look import Pill, Tone, money, words
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.views.invoices import (
    BilledLine,
    CoverageLine,
    InvoiceLine,
    InvoicesView,
    InvoiceView,
)
from banyan.console.visit import Shown, Visit
from banyan.invoicing import (
    INVOICE,
    Coverage,
    Invoice,
    InvoiceKind,
    Line,
    coverage,
    document_of,
    get_invoice,
    lines_csv,
    list_invoices,
    list_lines,
)
from banyan.kernel import LIMIT_DEFAULT, Money
from banyan.ledger import TRANSFER
from banyan.parties import SELLER, Seller, sellers_by_id

_KINDS: Sequence[InvoiceKind] = get_args(InvoiceKind)
_PILLS = {"invoice": Pill("Invoice", Tone.GO), "credit_note": Pill("Credit note", Tone.INFO)}
_NOTES = 50


async def show_invoices(visit: Visit) -> Shown:
    """The newest first; ``proof`` adds up whether every commission was billed once."""
    kind: InvoiceKind | None = next((one for one in _KINDS if one == visit.query.get("kind")), None)
    cursor = visit.query.get("cursor")
    page = await list_invoices(visit.tx, kind=kind, limit=LIMIT_DEFAULT, cursor=cursor)
    proved = await coverage(visit.tx) if visit.query.get("proof") else []
    view = InvoicesView(
        tabs=(
            Choice("", "All", visit.href("invoices"), kind is None),
            *(
                Choice(one, f"{words(one)}s", visit.href("invoices", kind=one), one == kind)
                for one in _KINDS
            ),
        ),
        invoices=await _lines(visit, page.data),
        pages=_pages(visit, page.next_cursor),
        coverage=tuple(_coverage(one) for one in proved),
        proof_href=visit.again(proof="yes"),
        is_filtered=kind is not None,
    )
    return Shown("invoices/list.html", "Invoices", "invoices", view)


async def show_invoice(visit: Visit) -> Shown:
    invoice = await get_invoice(visit.tx, INVOICE.parse(visit.path("invoice_id")))
    text = INVOICE.text(invoice.invoice_id)
    notes = await list_invoices(visit.tx, refers_to=invoice.invoice_id, limit=_NOTES)
    page = await list_lines(
        visit.tx, invoice.invoice_id, limit=LIMIT_DEFAULT, cursor=visit.query.get("cursor")
    )
    [line] = await _lines(visit, [invoice])
    view = InvoiceView(
        invoice_id=text,
        line=line,
        missing=", ".join(words(name).lower() for name in invoice.missing),
        facts=tuple(_facts(visit, invoice)),
        document_href=visit.href(f"invoices/{text}/document"),
        csv_href=visit.href(f"invoices/{text}/lines.csv"),
        lines=tuple(_billed(visit, one, invoice.currency) for one in page.data),
        pages=_pages(visit, page.next_cursor),
        credit_notes=await _lines(visit, notes.data),
    )
    crumbs = (Crumb("Invoices", visit.href("invoices")), Crumb(invoice.number))
    return Shown("invoices/invoice.html", f"Invoice {invoice.number}", "invoices", view, crumbs)


async def show_document(visit: Visit) -> Response:
    """The document as it was issued, for print; ``DocumentAltered`` if it no longer is that."""
    issued = await document_of(visit.tx, INVOICE.parse(visit.path("invoice_id")))
    return document(issued.html)


async def download_lines(visit: Visit) -> Response:
    """What a document bills, booking by booking, for a spreadsheet."""
    invoice_id = INVOICE.parse(visit.path("invoice_id"))
    listed = await lines_csv(visit.tx, invoice_id)
    return download(f"{INVOICE.text(invoice_id)}.csv", "text/csv; charset=utf-8", listed)


async def _lines(visit: Visit, invoices: Sequence[Invoice]) -> tuple[InvoiceLine, ...]:
    sellers = await sellers_by_id(visit.tx, [invoice.seller_id for invoice in invoices])
    return tuple(_line(visit, invoice, sellers) for invoice in invoices)


def _line(visit: Visit, invoice: Invoice, sellers: Mapping[UUID, Seller]) -> InvoiceLine:
    seller = SELLER.text(invoice.seller_id)
    known = sellers.get(invoice.seller_id)
    return InvoiceLine(
        number=invoice.number,
        href=visit.href(f"invoices/{INVOICE.text(invoice.invoice_id)}"),
        kind=_PILLS[invoice.kind],
        seller=known.name if known else seller,
        seller_href=visit.href(f"sellers/{seller}"),
        from_on=invoice.starts_at.date(),
        until_on=(invoice.ends_at - timedelta(microseconds=1)).date(),
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
        issued_at=invoice.issued_at,
    )


def _facts(visit: Visit, invoice: Invoice) -> list[Fact]:
    facts = [
        Fact("Number", invoice.number),
        Fact("Net", money(invoice.net)),
        Fact("Tax", money(invoice.tax)),
        Fact("Gross", money(invoice.gross)),
        Fact("Issued", f"{invoice.issued_at:%d %b %Y, %H:%M}"),
    ]
    if invoice.refers_to:
        about = INVOICE.text(invoice.refers_to)
        facts.append(Fact("Takes back from", about, visit.href(f"invoices/{about}")))
    return facts


def _billed(visit: Visit, line: Line, currency: str) -> BilledLine:
    rate = f"{line.rate_bp / 100:g} %"
    return BilledLine(
        what=words(line.code),
        href=visit.href(f"ledger/transfers/{TRANSFER.text(line.transfer_id)}"),
        subject=line.subject,
        subject_href=subject_href(visit.base, line.subject),
        tax_of=f"{line.jurisdiction} {rate}".strip(),
        net=Money.of(line.net_minor, currency),
        tax=Money.of(line.tax_minor, currency),
        at=line.effective_at,
    )


def _coverage(one: Coverage) -> CoverageLine:
    parts = [
        Fact("Invoiced", money(one.invoiced)),
        Fact("Credited", money(-one.credited)),
        Fact("Waits for a document", money(one.open)),
        Fact("Not taken over from the ledger yet", money(one.behind)),
        Fact("The ledger holds", money(one.ledger)),
    ]
    if one.unattributed.minor:
        parts.append(Fact("Nobody can be billed for", money(one.unattributed)))
    return CoverageLine(one.currency, one.is_covered, tuple(parts))


def _pages(visit: Visit, next_cursor: str | None) -> Pages:
    return Pages(
        first_href=visit.again(cursor=None) if visit.query.get("cursor") else "",
        next_href=visit.again(cursor=next_cursor) if next_cursor else "",
    )
