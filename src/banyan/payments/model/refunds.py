"""Refunds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

REFUND = IdKind("ref")


RefundState = Literal["pending", "succeeded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    marketplace_id: UUID
    refund_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    state: RefundState
    amount_minor: int
    currency: str
    reason: str
    requested_by: str
    decline_code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)
