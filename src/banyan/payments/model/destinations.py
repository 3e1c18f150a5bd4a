"""Where a seller's payouts go."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

DestinationKind = Literal["token", "iban", "provider_account"]

ANY_CURRENCY = "*"
"""Of a payout account: it is for every currency in which the seller has no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A bank account: a sandbox's token, an IBAN with its holder, or an account at the provider.

    ``mandate`` is the reference of the seller's consent to be debited, signed on
    ``mandate_signed_on``.
    """

    kind: DestinationKind
    text: str = field(repr=False)
    holder: str | None = field(default=None, repr=False)
    bic: str | None = None
    mandate: str | None = None
    mandate_signed_on: date | None = None

    @property
    def can_be_debited(self) -> bool:
        """An IBAN with a mandate; of the others the provider decides."""
        return self.kind != "iban" or self.mandate is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAccount:
    """Where a seller's payouts in a currency go. Blocked after a failed one, until given again."""

    marketplace_id: UUID
    seller_id: UUID
    currency: str
    kind: DestinationKind
    destination: str = field(repr=False)
    holder: str | None = field(repr=False)
    bic: str | None
    mandate: str | None
    mandate_signed_on: date | None
    blocked_reason: str | None
    updated_at: datetime

    @property
    def masked_destination(self) -> str:
        return masked(self.destination)

    @property
    def at(self) -> Destination:
        return Destination(
            kind=self.kind,
            text=self.destination,
            holder=self.holder,
            bic=self.bic,
            mandate=self.mandate,
            mandate_signed_on=self.mandate_signed_on,
        )


def masked(destination: str) -> str:
    """As it may be shown: of an account number the country and the last four; a token whole.

    >>> masked("DE89370400440532013000")
    'DE••••3000'
    """
    is_iban = len(destination) >= 15 and destination[:2].isupper() and destination[2:4].isdigit()
    return f"{destination[:2]}••••{destination[-4:]}" if is_iban else destination
