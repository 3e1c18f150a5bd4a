"""Invoices and credit notes, for people."""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    number: str
    href: str
    kind: Pill
    seller: str
    seller_href: str
    from_on: date
    until_on: date
    net: Money
    tax: Money
    gross: Money
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """One currency: the parts come to what the ledger holds, or ``is_covered`` is false."""

    currency: str
    is_covered: bool
    parts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class InvoicesView:
    tabs: tuple[Choice, ...]
    invoices: tuple[InvoiceLine, ...]
    pages: Pages
    coverage: tuple[CoverageLine, ...]
    proof_href: str
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class BilledLine:
    """What one movement has charged, with a way to it in the ledger."""

    what: str
    href: str
    subject: str
    subject_href: str
    tax_of: str
    net: Money
    tax: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceView:
    invoice_id: str
    line: InvoiceLine
    missing: str
    facts: tuple[Fact, ...]
    document_href: str
    csv_href: str
    lines: tuple[BilledLine, ...]
    pages: Pages
    credit_notes: tuple[InvoiceLine, ...]
