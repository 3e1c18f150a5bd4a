"""What an order comes to: each seller's share, and the buyer's service fee."""

from dataclasses import dataclass
from uuid import UUID

from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class Charge:
    """A part of a seller's commission: what it was reckoned from, by which rules, and why."""

    base: Money
    commission: Money
    rule_ids: tuple[UUID, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerShare:
    """One seller's part of an order.

    ``gross`` is what the buyer pays for it: the goods and shipping, less both discounts. The platform
    adds ``platform_discount`` again. Of the two together the platform keeps ``shipping_kept`` (it
    ships), the commission and the tax on it; the seller gets the rest (``net``).
    """

    seller_id: UUID
    goods: Money
    shipping: Money
    seller_discount: Money
    platform_discount: Money
    shipping_kept: Money
    commission: Money
    tax: Money
    tax_jurisdiction: str
    charges: tuple[Charge, ...]
    reason: str

    @property
    def gross(self) -> Money:
        paid = self.goods.minor + self.shipping.minor
        return Money(
            paid - self.seller_discount.minor - self.platform_discount.minor, self.goods.currency
        )

    @property
    def net(self) -> Money:
        return self.gross + self.platform_discount - self.shipping_kept - self.commission - self.tax


@dataclass(frozen=True, slots=True)
class ServiceFee:
    """What the buyer pays the platform on top, and the tax that comes on top of that."""

    fee: Money
    tax: Money
    tax_jurisdiction: str
    rule_id: UUID
    reason: str

    @property
    def total(self) -> Money:
        return self.fee + self.tax


@dataclass(frozen=True, slots=True)
class Pricing:
    """What an order comes to. ``total`` is what the buyer pays: every gross and the service fee."""

    shares: tuple[SellerShare, ...]
    service_fee: ServiceFee | None
    total: Money

    @property
    def discount(self) -> Money:
        """What vouchers took off, whoever funds them."""
        zero = Money(0, self.total.currency)
        return sum((s.seller_discount + s.platform_discount for s in self.shares), zero)
