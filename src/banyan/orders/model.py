"""Records of orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from banyan.commission import Voucher
from banyan.kernel import IdKind, Money
from banyan.payments import Method, MethodType

ORDER = IdKind("ord")


class OrderState(StrEnum):
    """Where an order stands; ``rules.NEXT`` says what may follow what."""

    PLACED = "placed"
    MATCHED = "matched"
    CHECKED = "checked"
    AUTHORIZED = "authorized"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    SETTLED = "settled"
    UNMATCHED = "unmatched"
    IN_REVIEW = "in_review"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"


JOURNEY = (
    OrderState.PLACED,
    OrderState.MATCHED,
    OrderState.CHECKED,
    OrderState.AUTHORIZED,
    OrderState.CONFIRMED,
    OrderState.SHIPPED,
    OrderState.DELIVERED,
    OrderState.SETTLED,
)
"""The straight way, in order."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The deadlines of a marketplace's journeys."""

    ship_within_days: int = 10
    lost_after_days: int = 30
    protection_days: int = 3
    review_hours: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """A product that a buyer wants; from ``offer_id`` alone if it is given."""

    product: str
    quantity: int
    unit_price_max: Money | None = None
    offer_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """What a buyer orders. ``shipping`` is what the buyer pays for it on top of the items."""

    buyer_id: UUID
    lines: tuple[LineDraft, ...]
    shipping: Money
    method: Method
    country: str
    region: str
    external_id: str | None = None
    vouchers: tuple[Voucher, ...] = ()

    @property
    def voucher_rows(self) -> list[dict[str, Any]]:
        """Vouchers as an order keeps them; their amounts are in the order's currency."""
        return [
            {
                "code": voucher.code,
                "funded_by": voucher.funded_by,
                "amount": None if voucher.amount is None else voucher.amount.minor,
                "rate_bp": voucher.rate_bp,
                "seller": None if voucher.seller_id is None else str(voucher.seller_id),
            }
            for voucher in self.vouchers
        ]


@dataclass(frozen=True, slots=True)
class Order:
    """An order. ``items_minor`` is None until every line is matched to an offer.

    ``discount_minor`` is what its vouchers take off, ``service_fee_minor`` what the buyer pays the
    platform on top, tax included: both are known when the order has been priced, before it is
    checked.
    """

    marketplace_id: UUID
    order_id: UUID
    external_id: str | None
    buyer_id: UUID
    state: str
    resumes_as: str | None
    currency: str
    items_minor: int | None
    shipping_minor: int
    payment_id: UUID
    payment_type: MethodType
    payment_token: str
    payment_fingerprint: str
    payment_tokens: Mapping[str, str]
    installments: int
    country: str
    region: str
    placed_at: datetime
    ship_by_at: datetime | None
    promised_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    settled_at: datetime | None
    carrier: str | None
    tracking: str | None
    refunded_minor: int
    vouchers: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    discount_minor: int = 0
    service_fee_minor: int = 0

    @property
    def reference(self) -> str:
        """The id as the outside knows it; other contexts call this their subject."""
        return ORDER.text(self.order_id)

    @property
    def method(self) -> Method:
        return Method(
            type=self.payment_type,
            token=self.payment_token,
            installments=self.installments,
            fingerprint=self.payment_fingerprint,
            tokens=self.payment_tokens,
        )

    @property
    def shipping(self) -> Money:
        return Money.of(self.shipping_minor, self.currency)

    @property
    def total(self) -> Money | None:
        """What the buyer pays, once the items have their prices."""
        if self.items_minor is None:
            return None
        charged = self.items_minor + self.shipping_minor + self.service_fee_minor
        return Money.of(charged - self.discount_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money.of(self.discount_minor, self.currency)

    @property
    def service_fee(self) -> Money:
        return Money.of(self.service_fee_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money.of(self.refunded_minor, self.currency)

    @property
    def stage(self) -> OrderState:
        """The state, or while disputed the one to go on from."""
        return OrderState(self.resumes_as or self.state)


@dataclass(frozen=True, slots=True)
class Line:
    """One product of an order and the offer that it was matched to."""

    marketplace_id: UUID
    order_id: UUID
    line: int
    product: str
    quantity: int
    unit_price_max_minor: int | None
    wanted_offer_id: UUID | None
    offer_id: UUID | None
    seller_id: UUID | None
    unit_price_minor: int | None
    lead_time_days: int | None


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Units of a line to be refunded."""

    line: int
    quantity: int


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """Units of a line that are refunded, and what they cost."""

    line: int
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DayOfOrders:
    """The orders placed on one day (UTC) and what their items and shipping cost."""

    day: datetime
    currency: str
    orders: int
    total_minor: int
