"""What an order would pay: what the preview takes and answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.commission.api.shapes import Category, SellerId
from banyan.commission.model.basket import Basket, FundedBy, Line, Voucher
from banyan.commission.model.pricing import Charge, Pricing, SellerShare, ServiceFee
from banyan.commission.model.rule import RULE
from banyan.parties import SELLER
from banyan.runtime.http import Amount, Instant, NonNegativeAmount, PositiveAmount


class PreviewCommissionLine(Struct, kw_only=True, forbid_unknown_fields=True):
    """`goods`: what all of its units cost before vouchers."""

    seller: SellerId
    goods: PositiveAmount
    quantity: Annotated[int, Meta(ge=1, le=10_000)] = 1
    category: Category | None = None


class PreviewCommissionShipping(Struct, kw_only=True, forbid_unknown_fields=True):
    seller: SellerId
    amount: NonNegativeAmount


class PreviewCommissionVoucher(Struct, kw_only=True, forbid_unknown_fields=True):
    """Money off the goods: `amount`, or `rate_bp` of them; of one seller's only, with `seller`."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    funded_by: FundedBy
    amount: PositiveAmount | None = None
    rate_bp: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    seller: SellerId | None = None

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.rate_bp is None):
            raise ValueError("a voucher has an amount or a rate_bp")


class PreviewCommission(Struct, kw_only=True, forbid_unknown_fields=True):
    """An order that might be placed. `at` absent: now."""

    lines: Annotated[list[PreviewCommissionLine], Meta(min_length=1, max_length=30)]
    shipping: Annotated[list[PreviewCommissionShipping], Meta(max_length=30)] = []
    vouchers: Annotated[list[PreviewCommissionVoucher], Meta(max_length=10)] = []
    at: Instant | None = None

    def __post_init__(self) -> None:
        amounts = [line.goods for line in self.lines]
        amounts += [parcel.amount for parcel in self.shipping]
        amounts += [voucher.amount for voucher in self.vouchers if voucher.amount is not None]
        if len({amount.currency for amount in amounts}) > 1:
            raise ValueError("all amounts are in one currency")
        if len({parcel.seller for parcel in self.shipping}) < len(self.shipping):
            raise ValueError("a seller has one shipping")


class CommissionChargeView(Struct, kw_only=True):
    base: Amount
    commission: Amount
    rules: list[str]
    reason: str


class SellerShareView(Struct, kw_only=True):
    """One seller's part. The buyer pays `gross`, the platform adds `platform_discount`; the seller
    gets `net`."""

    seller: str
    goods: Amount
    shipping: Amount
    seller_discount: Amount
    platform_discount: Amount
    gross: Amount
    shipping_kept: Amount
    commission: Amount
    tax: Amount
    tax_jurisdiction: str
    net: Amount
    charges: list[CommissionChargeView]
    reason: str


class ServiceFeeView(Struct, kw_only=True):
    """What the buyer pays the platform on top."""

    fee: Amount
    tax: Amount
    tax_jurisdiction: str
    rule: str
    reason: str


class CommissionPreviewView(Struct, kw_only=True):
    """What an order would come to: `total` is what the buyer would pay."""

    object: Literal["commission_preview"] = "commission_preview"
    livemode: bool
    at: datetime
    total: Amount
    discount: Amount
    service_fee: ServiceFeeView | None
    shares: list[SellerShareView]


def basket_of(body: PreviewCommission, now: datetime) -> Basket:
    """The order to price; its ids are checked."""
    return Basket(
        currency=body.lines[0].goods.currency,
        lines=tuple(
            Line(
                seller_id=SELLER.parse(line.seller, pointer=f"/lines/{nth}/seller"),
                goods=line.goods.money(),
                quantity=line.quantity,
                category=line.category,
            )
            for nth, line in enumerate(body.lines)
        ),
        shipping={
            SELLER.parse(parcel.seller, pointer=f"/shipping/{nth}/seller"): parcel.amount.money()
            for nth, parcel in enumerate(body.shipping)
        },
        vouchers=tuple(_voucher(nth, voucher) for nth, voucher in enumerate(body.vouchers)),
        at=body.at or now,
    )


def _voucher(nth: int, voucher: PreviewCommissionVoucher) -> Voucher:
    seller, pointer = voucher.seller, f"/vouchers/{nth}/seller"
    return Voucher(
        code=voucher.code,
        funded_by=voucher.funded_by,
        amount=None if voucher.amount is None else voucher.amount.money(),
        rate_bp=voucher.rate_bp,
        seller_id=None if seller is None else SELLER.parse(seller, pointer=pointer),
    )


def preview_view(pricing: Pricing, at: datetime, *, livemode: bool) -> CommissionPreviewView:
    fee = pricing.service_fee
    return CommissionPreviewView(
        livemode=livemode,
        at=at,
        total=Amount.of(pricing.total),
        discount=Amount.of(pricing.discount),
        service_fee=None if fee is None else _service_fee_view(fee),
        shares=[_share_view(share) for share in pricing.shares],
    )


def _service_fee_view(fee: ServiceFee) -> ServiceFeeView:
    return ServiceFeeView(
        fee=Amount.of(fee.fee),
        tax=Amount.of(fee.tax),
        tax_jurisdiction=fee.tax_jurisdiction,
        rule=RULE.text(fee.rule_id),
        reason=fee.reason,
    )


def _share_view(share: SellerShare) -> SellerShareView:
    return SellerShareView(
        seller=SELLER.text(share.seller_id),
        goods=Amount.of(share.goods),
        shipping=Amount.of(share.shipping),
        seller_discount=Amount.of(share.seller_discount),
        platform_discount=Amount.of(share.platform_discount),
        gross=Amount.of(share.gross),
        shipping_kept=Amount.of(share.shipping_kept),
        commission=Amount.of(share.commission),
        tax=Amount.of(share.tax),
        tax_jurisdiction=share.tax_jurisdiction,
        net=Amount.of(share.net),
        charges=[_charge_view(charge) for charge in share.charges],
        reason=share.reason,
    )


def _charge_view(charge: Charge) -> CommissionChargeView:
    return CommissionChargeView(
        base=Amount.of(charge.base),
        commission=Amount.of(charge.commission),
        rules=[RULE.text(rule_id) for rule_id in charge.rule_ids],
        reason=charge.reason,
    )
