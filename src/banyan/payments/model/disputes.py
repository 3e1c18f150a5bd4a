"""Disputes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

DISPUTE = IdKind("dsp")


DisputeState = Literal["open", "won", "lost"]


DisputeResult = Literal["won", "lost"]

DisputeStage = Literal["inquiry", "chargeback", "pre_arbitration", "arbitration", "return"]
"""How far a dispute has gone. An inquiry takes no money yet; a return of a debit can't be contested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A buyer's objection at the bank. ``held_minor`` of it is held from sellers and commission."""

    marketplace_id: UUID
    dispute_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    provider_reference: str
    state: DisputeState
    amount_minor: int
    held_minor: int
    fee_minor: int
    currency: str
    reason: str
    opened_at: datetime
    closed_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money.of(self.fee_minor, self.currency)
