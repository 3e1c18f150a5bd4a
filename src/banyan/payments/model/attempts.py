"""What is asked of providers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

ATTEMPT = IdKind("att")


AttemptState = Literal["intended", "sent", "unknown", "answered", "applied"]


Operation = Literal[
    "authorize",
    "authenticate",
    "capture",
    "void",
    "refund",
    "payout",
    "return",
    "debit",
    "contest",
    "accept",
    "late",
    "give_back",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One operation asked of a provider. The row is written before the call is made.

    ``subject_id`` is the payment, refund or payout (of what is given back, the attempt that took it); the provider knows the attempt by its id,
    which is both the idempotency key and our reference. ``ordinal`` counts the providers that one
    operation was tried at, ``routing`` tells why this one. ``tries`` counts calls without a definite
    answer. ``first_sent_at`` and ``last_sent_at`` are real time: what the provider's promises about
    keys are counted from.
    """

    marketplace_id: UUID
    attempt_id: UUID
    subject_id: UUID
    payment_id: UUID | None
    operation: Operation
    provider: str
    amount_minor: int
    currency: str
    state: AttemptState
    tries: int
    outcome: str | None
    code: str | None
    note: str
    answer: dict[str, object] | None
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    ordinal: int = 1
    routing: dict[str, object] | None = None
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)
