"""Who issues invoices, and who gets them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind

ENTITY = IdKind("ent")

Language = Literal["en", "de", "fr", "es", "pt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityDraft:
    """The legal entity as people describe it.

    ``time_zone`` says when its months and years begin; ``restarts_yearly`` starts each series anew
    with the year. ``is_automatic`` has last month billed by itself on the first of each.
    """

    name: str
    address: str
    postal_code: str
    city: str
    country: str
    tax_id: str
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
    restarts_yearly: bool = True
    time_zone: str = "UTC"
    language: Language = "en"
    is_automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalEntity(EntityDraft):
    """Who issues. It is another one when the country or the tax id is another."""

    marketplace_id: UUID
    entity_id: UUID
    is_current: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDraft:
    """To whom a seller's invoices are made out. What is empty is missing."""

    name: str = ""
    address: str = ""
    postal_code: str = ""
    city: str = ""
    country: str
    tax_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDetails(BillingDraft):
    marketplace_id: UUID
    seller_id: UUID
    updated_at: datetime
