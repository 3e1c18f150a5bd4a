"""Invoices as the API shows them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from banyan.invoicing import model
from banyan.invoicing.model import INVOICE
from banyan.kernel import Money
from banyan.ledger import TRANSFER
from banyan.parties import SELLER
from banyan.payments import PAYMENT
from banyan.runtime.http import Amount


class InvoiceView(Struct, kw_only=True):
    """An invoice, or a credit note (``kind``), which may refer to one.

    It bills what counts from ``starts_at`` until before ``ends_at``. ``missing`` is what the
    seller's details lacked.
    """

    id: str
    object: Literal["invoice"] = "invoice"
    livemode: bool
    kind: model.InvoiceKind
    number: str
    legal_entity: str
    seller: str
    refers_to: str | None
    starts_at: datetime
    ends_at: datetime
    net: Amount
    tax: Amount
    gross: Amount
    missing: list[str]
    issued_at: datetime


class InvoiceLineView(Struct, kw_only=True):
    """What one transfer of the ledger charged, or gave back; rates in hundredths of a percent."""

    object: Literal["invoice_line"] = "invoice_line"
    subject: str
    payment: str | None
    transfer: str
    code: str
    tax_jurisdiction: str
    tax_rate_bp: int
    net: Amount
    tax: Amount
    effective_at: datetime


class TaxView(Struct, kw_only=True):
    tax_jurisdiction: str
    tax_rate_bp: int
    net: Amount
    tax: Amount


class DraftView(Struct, kw_only=True):
    """A document that would be issued now."""

    kind: model.InvoiceKind
    refers_to: str | None
    lines: int
    taxes: list[TaxView]
    net: Amount
    tax: Amount
    gross: Amount


class PreviewView(Struct, kw_only=True):
    """``missing`` is what the seller's details lack; the documents are issued all the same."""

    object: Literal["invoice_preview"] = "invoice_preview"
    livemode: bool
    seller: str
    documents: list[DraftView]
    missing: list[str]


class CoverageView(Struct, kw_only=True):
    """``invoiced`` less ``credited``, ``open`` and ``behind`` come to what the ``ledger`` holds.

    Of what is open nobody can be billed for ``unattributed``; what is ``behind`` is taken over from
    the ledger by the next invoice.
    """

    object: Literal["invoice_coverage"] = "invoice_coverage"
    currency: str
    invoiced: Amount
    credited: Amount
    open: Amount
    unattributed: Amount
    behind: Amount
    ledger: Amount
    is_covered: bool


def invoice_view(invoice: model.Invoice, *, livemode: bool) -> InvoiceView:
    return InvoiceView(
        id=INVOICE.text(invoice.invoice_id),
        livemode=livemode,
        kind=invoice.kind,
        number=invoice.number,
        legal_entity=model.ENTITY.text(invoice.entity_id),
        seller=SELLER.text(invoice.seller_id),
        refers_to=None if invoice.refers_to is None else INVOICE.text(invoice.refers_to),
        starts_at=invoice.starts_at,
        ends_at=invoice.ends_at,
        net=Amount.of(invoice.net),
        tax=Amount.of(invoice.tax),
        gross=Amount.of(invoice.gross),
        missing=invoice.missing,
        issued_at=invoice.issued_at,
    )


def line_view(line: model.Line, currency: str) -> InvoiceLineView:
    return InvoiceLineView(
        subject=line.subject,
        payment=None if line.payment_id is None else PAYMENT.text(line.payment_id),
        transfer=TRANSFER.text(line.transfer_id),
        code=line.code,
        tax_jurisdiction=line.jurisdiction,
        tax_rate_bp=line.rate_bp,
        net=Amount.of(Money.of(line.net_minor, currency)),
        tax=Amount.of(Money.of(line.tax_minor, currency)),
        effective_at=line.effective_at,
    )


def draft_view(statement: model.Statement) -> DraftView:
    return DraftView(
        kind=statement.kind,
        refers_to=None if statement.refers_to is None else INVOICE.text(statement.refers_to),
        lines=len(statement.lines),
        taxes=[
            TaxView(
                tax_jurisdiction=tax.jurisdiction,
                tax_rate_bp=tax.rate_bp,
                net=Amount.of(tax.net),
                tax=Amount.of(tax.tax),
            )
            for tax in statement.taxes
        ],
        net=Amount.of(statement.net),
        tax=Amount.of(statement.tax),
        gross=Amount.of(statement.gross),
    )


def coverage_view(coverage: model.Coverage) -> CoverageView:
    return CoverageView(
        currency=coverage.currency,
        invoiced=Amount.of(coverage.invoiced),
        credited=Amount.of(coverage.credited),
        open=Amount.of(coverage.open),
        unattributed=Amount.of(coverage.unattributed),
        behind=Amount.of(coverage.behind),
        ledger=Amount.of(coverage.ledger),
        is_covered=coverage.is_covered,
    )
