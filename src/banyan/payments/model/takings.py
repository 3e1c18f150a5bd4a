"""What the platform has taken from each seller, by the booking that took it or gave it back."""

from dataclasses import dataclass
from uuid import UUID

BOOKED_FOR = "booked_for"
"""In the metadata of a transfer: the payment, refund, dispute or payout that it was booked for; of a
refund or dispute whose money is held again, the round."""


@dataclass(frozen=True, slots=True)
class Taking:
    """One seller's commission and the tax on it in a payment, or in a refund or dispute of it.

    Amounts are what the booking moves at most, whichever way; ``tax_jurisdiction`` is frozen since
    the payment was made.
    """

    payment_id: UUID
    seller_id: UUID
    commission_minor: int
    tax_minor: int
    tax_jurisdiction: str
