"""What sellers owe, and the debits that recover it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money
from banyan.payments.model.destinations import masked
from banyan.payments.model.payouts import Rail

DEBT = IdKind("sdb")
DEBIT = IdKind("dbt")

DebtState = Literal["waiting", "debiting", "in_review", "closed"]

DebitState = Literal["requested", "succeeded", "failed", "returned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerDebt:
    """A time in which a seller's available balance is below zero; how much is the ledger's to say."""

    marketplace_id: UUID
    debt_id: UUID
    seller_id: UUID
    currency: str
    state: DebtState
    debits: int
    opened_at: datetime
    closed_at: datetime | None
    closed_by: Literal["balance", "write_off"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """Money taken from a seller's bank account for a debt."""

    marketplace_id: UUID
    debit_id: UUID
    debt_id: UUID
    seller_id: UUID
    provider: str
    rail: Rail
    batch_id: UUID | None
    destination: str = field(repr=False)
    holder: str | None = field(repr=False)
    bic: str | None
    mandate: str | None
    mandate_signed_on: date | None
    state: DebitState
    amount_minor: int
    currency: str
    failure_code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def masked_destination(self) -> str:
        return masked(self.destination)
