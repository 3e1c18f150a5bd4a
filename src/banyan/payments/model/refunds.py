"""Refunds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict
from uuid import UUID

from banyan.kernel import IdKind, Money, derived_id

REFUND = IdKind("ref")

RefundState = Literal["pending", "needs_destination", "succeeded", "failed", "cancelled"]
"""``needs_destination``: the way the money came is closed; the buyer has to name a bank account."""

RefundReason = Literal[
    "requested_by_buyer",
    "not_received",
    "damaged",
    "not_as_described",
    "wrong_item",
    "duplicate",
    "fraud",
    "order_cancelled",
    "late",
    "goodwill",
    "dispute",
    "other",
]

CommissionTerms = Literal["given_back", "kept"]
"""Whether sellers get the commission of what is refunded back, or bear it themselves."""


@dataclass(frozen=True, slots=True)
class RefundItem:
    """What of a refund one seller's part gives."""

    seller_id: UUID
    amount: Money


class KeptItem(TypedDict):
    """The same as it is kept."""

    seller: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money on its way back to the buyer.

    ``items`` says which sellers' parts it is taken from; None: from all, in proportion. ``round``
    counts how often its money was held, ``sending`` how often it was sent: a refund that failed or
    came back may be sent again, as the payment's method takes it or to a ``destination``.
    """

    marketplace_id: UUID
    refund_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    state: RefundState
    amount_minor: int
    currency: str
    reason: str
    reason_code: RefundReason
    items: list[KeptItem] | None
    destination: str | None
    round: int
    sending: int
    requested_by: str
    decline_code: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def reversal_id(self) -> UUID:
        """Names who gives how much of it, each time that its money is held."""
        return self.refund_id if self.round == 1 else derived_id(self.refund_id, self.round)
