"""Invoices for what the marketplace takes from sellers, and what accounting needs of the ledger.

    set_entity · set_details                     who issues, and to whom
    issue(tx, seller_id) -> list[Invoice]        now; by itself when a month is over
    preview · get_invoice · document_of          what would be issued, and what was
    coverage(tx) -> list[Coverage]               billed and open, beside what the ledger holds
    write_journal(database, …)                   a month of the ledger for accounting

The ledger is the truth. Every movement of commission, and of the tax on it, is billed once: on an
invoice, or on a credit note that refers to it. What is issued is numbered without a gap and frozen.
"""

from banyan.invoicing.errors import (
    DocumentAltered,
    InvalidChart,
    InvalidLegalEntity,
    InvalidMonth,
    InvoiceNotFound,
    JournalUnbalanced,
    LegalEntityMissing,
    PrefixInUse,
    PrefixTaken,
)
from banyan.invoicing.model import (
    ENTITY,
    INVOICE,
    BillingDetails,
    BillingDraft,
    ChartLine,
    Coverage,
    Document,
    EntityDraft,
    Invoice,
    InvoiceKind,
    LegalEntity,
    Line,
    Preview,
    Statement,
    TaxLine,
)
from banyan.invoicing.service.collecting import collect, collect_all
from banyan.invoicing.service.exporting import (
    Period,
    get_chart,
    journal_chunks,
    period_of,
    set_chart,
    write_journal,
)
from banyan.invoicing.service.issuing import issue, preview
from banyan.invoicing.service.parties import (
    find_details,
    find_entity,
    get_entity,
    queue_month,
    set_details,
    set_entity,
)
from banyan.invoicing.service.reading import (
    coverage,
    document_of,
    get_invoice,
    lines_csv,
    list_invoices,
    list_lines,
)

__all__ = [
    "ENTITY",
    "INVOICE",
    "BillingDetails",
    "BillingDraft",
    "ChartLine",
    "Coverage",
    "Document",
    "DocumentAltered",
    "EntityDraft",
    "InvalidChart",
    "InvalidLegalEntity",
    "InvalidMonth",
    "Invoice",
    "InvoiceKind",
    "InvoiceNotFound",
    "JournalUnbalanced",
    "LegalEntity",
    "LegalEntityMissing",
    "Line",
    "Period",
    "PrefixInUse",
    "PrefixTaken",
    "Preview",
    "Statement",
    "TaxLine",
    "collect",
    "collect_all",
    "coverage",
    "document_of",
    "find_details",
    "find_entity",
    "get_chart",
    "get_entity",
    "get_invoice",
    "issue",
    "journal_chunks",
    "lines_csv",
    "list_invoices",
    "list_lines",
    "period_of",
    "preview",
    "queue_month",
    "set_chart",
    "set_details",
    "set_entity",
    "write_journal",
]
