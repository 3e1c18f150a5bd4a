"""Invoices and credit notes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.invoicing.model.charges import Charge
from banyan.kernel import IdKind, Money

INVOICE = IdKind("inv")

InvoiceKind = Literal["invoice", "credit_note"]
DocumentFormat = Literal["html", "csv", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one transfer has charged to the seller, or given back.

    On a credit note amounts are above zero where they are given back.
    """

    transfer_id: UUID
    payment_id: UUID | None
    subject: str
    code: str
    jurisdiction: str
    rate_bp: int
    net_minor: int
    tax_minor: int
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """What lines of one jurisdiction and rate come to. ``is_reverse_charge``: the seller owes it."""

    jurisdiction: str
    rate_bp: int
    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        return self.net + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A document to be: which charges it bills, and its lines.

    ``refers_to`` is the invoice that a credit note takes back from (None: from none in particular).
    """

    kind: InvoiceKind
    refers_to: UUID | None
    charges: tuple[Charge, ...]
    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...]
    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        return self.net + self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be issued to a seller now, and what the seller's details lack for it."""

    statements: tuple[Statement, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An issued document: an invoice or a credit note. Nothing about it changes any more.

    ``ordinal`` counts the documents of its series (legal entity, kind, and ``year`` unless that is
    0) from 1 without a gap. It bills what counts from ``starts_at`` until before ``ends_at``.
    """

    marketplace_id: UUID
    invoice_id: UUID
    kind: InvoiceKind
    entity_id: UUID
    seller_id: UUID
    currency: str
    number: str
    year: int
    ordinal: int
    refers_to: UUID | None
    starts_at: datetime
    ends_at: datetime
    net_minor: int
    tax_minor: int
    missing: list[str]
    issued_at: datetime

    @property
    def net(self) -> Money:
        return Money.of(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money.of(self.tax_minor, self.currency)

    @property
    def gross(self) -> Money:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Document:
    """What was issued, to the letter, with the hashes that it had then."""

    content: str
    content_sha256: bytes
    html: str
    html_sha256: bytes


@dataclass(frozen=True, slots=True)
class Billed:
    """Where a payment's commission was billed, and at which rate of tax."""

    payment_id: UUID
    invoice_id: UUID
    rate_bp: int
