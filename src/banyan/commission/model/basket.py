"""What is to be priced, and what its price depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from banyan.commission.model.rule import Rule, Scope
from banyan.kernel import Money

FundedBy = Literal["seller", "platform"]
ShippingTo = Literal["seller", "platform"]


class Line(NamedTuple):
    """One line of an order: ``goods`` is what all of its units cost before vouchers."""

    seller_id: UUID
    goods: Money
    quantity: int = 1
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """Money off the goods: an amount, or a rate of what they cost.

    ``funded_by``: the sellers forgo it, or the platform tops them up. ``seller_id``: for the goods
    of one seller only.
    """

    code: str
    funded_by: FundedBy
    amount: Money | None = None
    rate_bp: int | None = None
    seller_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """An order to be priced. ``shipping`` is what the buyer pays each seller's parcel.

    ``at`` is when it was placed: the rules of that instant hold. Everything is in ``currency``.
    """

    currency: str
    lines: tuple[Line, ...]
    shipping: Mapping[UUID, Money]
    at: datetime
    vouchers: tuple[Voucher, ...] = ()


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax on a fee: whose it is, how much of the fee, and why in a sentence."""

    jurisdiction: str
    rate_bp: int
    reason: str


@dataclass(frozen=True, slots=True)
class SellerTerms:
    """What the price depends on of a seller. ``tier`` is that of the order's instant."""

    country: str
    tier: str | None = None
    is_business: bool = True


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where no rule does, and a domestic tax that the marketplace has set by itself."""

    commission_bp: int
    own_tax: Tax | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Where shipping goes: to the seller who ships, or to the platform that has it shipped."""

    shipping_to: ShippingTo = "seller"
    updated_at: datetime | None = None
    updated_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBook:
    """All that prices depend on besides the order: rules by their scope, sellers, taxes.

    ``country`` is the platform's.
    """

    country: str
    defaults: Defaults
    sellers: Mapping[UUID, SellerTerms]
    rules: Mapping[Scope, tuple[Rule, ...]] = field(default_factory=dict[Scope, tuple[Rule, ...]])
    shipping_to: ShippingTo = "seller"
