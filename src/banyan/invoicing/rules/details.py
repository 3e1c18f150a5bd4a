"""What an invoice needs to know about who issues it and who gets it."""

from banyan.invoicing.errors import InvalidLegalEntity
from banyan.invoicing.model import BillingDraft, EntityDraft
from banyan.invoicing.rules.periods import zone_of
from banyan.kernel import Fault
from banyan.parties import COUNTRIES

_NEEDED = ("name", "address", "city")


def missing_in(details: BillingDraft | None, *, is_reverse_charge: bool) -> tuple[str, ...]:
    """What the seller's details lack. The tax id is needed where the seller owes the tax itself."""
    needed = (*_NEEDED, "tax_id") if is_reverse_charge else _NEEDED
    return tuple(name for name in needed if details is None or not getattr(details, name).strip())


def check_entity(draft: EntityDraft) -> None:
    """``InvalidLegalEntity`` for a country or a time zone that there isn't, or one prefix for both."""
    zone_of(draft.time_zone)
    if draft.country not in COUNTRIES:
        raise _invalid("/country", f"{draft.country!r} is no country of ISO 3166-1, such as DE.")
    if draft.invoice_prefix == draft.credit_note_prefix:
        raise _invalid("/credit_note_prefix", "Invoices and credit notes have a prefix each.")


def _invalid(pointer: str, detail: str) -> InvalidLegalEntity:
    return InvalidLegalEntity(
        detail, faults=(Fault("invalid_legal_entity", detail, pointer),)
    )  # fmt: skip
