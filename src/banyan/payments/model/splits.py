"""Who gets what of a payment, and who gives back how much of it."""

from dataclasses import dataclass
from typing import NamedTuple
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

    ``gross`` is what the buyer pays for it, shipping included, both discounts taken off; the
    platform adds ``platform_discount`` again. From the two together ``commission``, the ``tax`` on
    the commission and ``shipping_kept`` (where the platform ships) are taken; the seller gets the
    rest. ``reason`` is the sentence of the rule that set the commission.

    ``service_fee`` and the tax on it are what the buyer pays the platform on top with this part.
    """

    seller_id: UUID
    gross: Money
    shipping: Money
    commission: Money
    tax: Money
    tax_jurisdiction: str
    seller_discount: Money
    platform_discount: Money
    shipping_kept: Money
    service_fee: Money
    service_fee_tax: Money
    service_fee_jurisdiction: str = ""
    reason: str = ""
    service_fee_reason: str = ""

    @property
    def net(self) -> Money:
        """What the seller gets."""
        return self.gross + self.platform_discount - self.shipping_kept - self.commission - self.tax

    @property
    def paid(self) -> Money:
        """What the buyer pays with it."""
        return self.gross + self.service_fee + self.service_fee_tax


class Parts(NamedTuple):
    """What a split consists of, or what is left of it, in minor units.

    They come to what the buyer paid and the platform added.
    """

    seller: int
    commission: int
    tax: int
    shipping_kept: int = 0
    service_fee: int = 0
    service_fee_tax: int = 0


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
    seller_discount_minor: int = 0
    platform_discount_minor: int = 0
    shipping_kept_minor: int = 0
    service_fee_minor: int = 0
    service_fee_tax_minor: int = 0
    service_fee_jurisdiction: str = ""
    reason: str = ""
    service_fee_reason: str = ""
    reversed_platform_discount_minor: int = 0
    reversed_shipping_kept_minor: int = 0
    reversed_service_fee_minor: int = 0
    reversed_service_fee_tax_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What the seller gets."""
        taken = self.commission_minor + self.tax_minor + self.shipping_kept_minor
        return self.gross_minor + self.platform_discount_minor - taken

    @property
    def left_minor(self) -> Parts:
        """What is left of each part."""
        return Parts(
            seller=self.net_minor - self.reversed_seller_minor,
            commission=self.commission_minor - self.reversed_commission_minor,
            tax=self.tax_minor - self.reversed_tax_minor,
            shipping_kept=self.shipping_kept_minor - self.reversed_shipping_kept_minor,
            service_fee=self.service_fee_minor - self.reversed_service_fee_minor,
            service_fee_tax=self.service_fee_tax_minor - self.reversed_service_fee_tax_minor,
        )

    @property
    def left_platform_discount_minor(self) -> int:
        """What is left of the platform's discount: it is in the parts, and not the buyer's."""
        return self.platform_discount_minor - self.reversed_platform_discount_minor

    @property
    def left_paid_minor(self) -> int:
        """What is left of what the buyer paid."""
        return sum(self.left_minor) - self.left_platform_discount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """One seller's part of a refund or dispute: who gives back how much.

    Of what the parts come to ``platform_discount_minor`` goes back to the platform, which had added
    it, and the rest to the buyer.

    ``is_from_available``: it came out of the seller's available balance, because the payment was
    released already; otherwise out of the pending one. ``keeps_commission``: the marketplace keeps
    its commission and the tax, and the seller gives their part as well, out of what is available.
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
    keeps_commission: bool = False
    shipping_kept_minor: int = 0
    service_fee_minor: int = 0
    service_fee_tax_minor: int = 0
    service_fee_jurisdiction: str = ""
    platform_discount_minor: int = 0

    @property
    def parts(self) -> Parts:
        return Parts(
            seller=self.seller_minor,
            commission=self.commission_minor,
            tax=self.tax_minor,
            shipping_kept=self.shipping_kept_minor,
            service_fee=self.service_fee_minor,
            service_fee_tax=self.service_fee_tax_minor,
        )
