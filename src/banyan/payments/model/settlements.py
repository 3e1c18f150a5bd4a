"""What providers must report, and what leaves their balance for our bank."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import Money

EntryType = Literal[
    "capture", "refund", "refund_return", "chargeback", "chargeback_reversal", "dispute_fee", "payout",
    "payout_return", "debit", "debit_return",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementEntry:
    """One thing that our books say about a provider's balance.

    ``gross_minor`` is signed: positive came in. ``key`` is what the provider was told to call it by,
    ``reference`` what it calls it itself. ``ordinal`` tells apart what was
    booked several times under one key.
    """

    key: UUID
    type: EntryType
    at: datetime
    currency: str
    gross_minor: int
    fee_minor: int
    reference: str
    payment_id: UUID | None
    ordinal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What has left a provider's balance, as reconciliation has proved.

    ``taken`` leaves the balance. ``arrived`` reaches the bank; or, where the provider keeps money in
    another currency, its balance in that. In one currency, what did not arrive is a difference.
    """

    settlement_id: UUID
    provider: str
    taken: Money
    arrived: Money
    arrives_at: Literal["bank", "provider"] = "bank"
    subject: str
