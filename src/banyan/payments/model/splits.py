"""Who gets what of a payment."""

from dataclasses import dataclass
from uuid import UUID

from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class Share:
    """What one seller sells in an order: goods, and what the buyer pays for shipping them."""

    seller_id: UUID
    goods: Money
    shipping: Money


@dataclass(frozen=True, slots=True)
class Split:
    """One seller's part of a payment, frozen when the payment is made.

    ``gross`` is what the buyer pays for it, shipping included; ``commission`` and the ``tax`` on
    the commission are taken from it, and the seller gets the rest.
    """

    seller_id: UUID
    gross: Money
    shipping: Money
    commission: Money
    tax: Money
    tax_jurisdiction: str

    @property
    def net(self) -> Money:
        """What the seller gets."""
        return self.gross - self.commission - self.tax


@dataclass(frozen=True, slots=True)
class Terms:
    """What the marketplace takes: commission on goods, and the tax on that commission."""

    commission_bp: int
    commission_tax_bp: int
    tax_jurisdiction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSplit:
    """A split as it stands: the parts agreed, and how much of each has been reversed."""

    marketplace_id: UUID
    payment_id: UUID
    seller_id: UUID
    currency: str
    gross_minor: int
    shipping_minor: int
    commission_minor: int
    tax_minor: int
    tax_jurisdiction: str
    reversed_seller_minor: int
    reversed_commission_minor: int
    reversed_tax_minor: int

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.commission_minor - self.tax_minor

    @property
    def left_minor(self) -> tuple[int, int, int]:
        """What is left of the seller's part, the commission and the tax."""
        return (
            self.net_minor - self.reversed_seller_minor,
            self.commission_minor - self.reversed_commission_minor,
            self.tax_minor - self.reversed_tax_minor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """One seller's part of a refund or dispute: who gives back how much.

    ``is_from_available``: it came out of the seller's available balance, because the payment was
    released already; otherwise out of the pending one.
    """

    marketplace_id: UUID
    reversal_id: UUID
    payment_id: UUID
    seller_id: UUID
    currency: str
    seller_minor: int
    commission_minor: int
    tax_minor: int
    tax_jurisdiction: str
    is_from_available: bool
