"""The numbers of documents, as people read them."""

from banyan.invoicing.model import InvoiceKind, LegalEntity

_DIGITS = 6


def year_of(entity: LegalEntity, year: int) -> int:
    """The year of a series: 0 where the numbers go on over the years."""
    return year if entity.restarts_yearly else 0


def number_of(entity: LegalEntity, kind: InvoiceKind, year: int, ordinal: int) -> str:
    """``INV-2018-000042``, or ``INV-000042`` in a series that goes on over the years."""
    prefix = entity.invoice_prefix if kind == "invoice" else entity.credit_note_prefix
    middle = f"{year}-" if year else ""
    return f"{prefix}-{middle}{ordinal:0{_DIGITS}d}"
