"""Records of invoicing."""

from banyan.invoicing.model.charges import Charge, ChargeKind, Coverage, Owing
from banyan.invoicing.model.invoices import (
    INVOICE,
    Billed,
    Document,
    DocumentFormat,
    Invoice,
    InvoiceKind,
    Line,
    Preview,
    Statement,
    TaxLine,
)
from banyan.invoicing.model.journals import ChartLine, Control
from banyan.invoicing.model.parties import (
    ENTITY,
    BillingDetails,
    BillingDraft,
    EntityDraft,
    Language,
    LegalEntity,
)

__all__ = [
    "ENTITY",
    "INVOICE",
    "Billed",
    "BillingDetails",
    "BillingDraft",
    "Charge",
    "ChargeKind",
    "ChartLine",
    "Control",
    "Coverage",
    "Document",
    "DocumentFormat",
    "EntityDraft",
    "Invoice",
    "InvoiceKind",
    "Language",
    "LegalEntity",
    "Line",
    "Owing",
    "Preview",
    "Statement",
    "TaxLine",
]
