"""Who gets what of a payment, and who gives back how much of it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from banyan.commission import Pricing, SellerShare, ServiceFee
from banyan.kernel import Fault, Money
from banyan.parties import SELLER
from banyan.payments.errors import InvalidPayment, RefundItemsInvalid, RefundTooLarge
from banyan.payments.model import Parts, PaymentDraft, PaymentSplit, Reversal, Share, Split, Terms

SPLITS_MAX = 30
"""Sellers of one payment: a capture books three legs for each, and the ledger takes 100 at once."""


def splits_of_pricing(pricing: Pricing) -> tuple[Split, ...]:
    """The splits of an order that commission has priced; they come to its total.

    The buyer's service fee is shared by what the buyer pays for each part, so that a refund of one
    part gives back the fee that was paid with it. A seller who gives everything away for a voucher
    has no split, unless all do and the fee is all that is paid.
    """
    fee, shares = pricing.service_fee, pricing.shares
    of_something = [share for share in shares if (share.gross + share.platform_discount).minor]
    shares = of_something or shares
    weights = [share.gross.minor for share in shares]
    if not any(weights):
        weights = [share.platform_discount.minor for share in shares]
    if not any(weights):
        weights = [1 for _ in shares]
    zero = Money(0, pricing.total.currency)
    if fee is None:
        return tuple(_split_of(share, zero, zero, None) for share in shares)
    return tuple(
        _split_of(share, part, tax, fee)
        for share, part, tax in zip(
            shares, fee.fee.split(weights), fee.tax.split(weights), strict=True
        )
    )


def _split_of(share: SellerShare, part: Money, tax: Money, fee: ServiceFee | None) -> Split:
    return Split(
        seller_id=share.seller_id,
        gross=share.gross,
        shipping=share.shipping,
        commission=share.commission,
        tax=share.tax,
        tax_jurisdiction=share.tax_jurisdiction,
        seller_discount=share.seller_discount,
        platform_discount=share.platform_discount,
        shipping_kept=share.shipping_kept,
        service_fee=part,
        service_fee_tax=tax,
        service_fee_jurisdiction="" if fee is None else fee.tax_jurisdiction,
        reason=share.reason,
        service_fee_reason="" if fee is None else fee.reason,
    )


def price_splits(shares: Sequence[Share], terms: Terms) -> tuple[Split, ...]:
    """One split a seller by one rate, in the order given, where no rules of commission are asked.

    Shipping goes to the seller whole. Several shares of one seller become one split, so that the
    rounding happens once. Shares of nothing are left out.
    """
    goods: dict[UUID, Money] = {}
    shipping: dict[UUID, Money] = {}
    for share in shares:
        seller = share.seller_id
        goods[seller] = goods[seller] + share.goods if seller in goods else share.goods
        shipping[seller] = (
            shipping[seller] + share.shipping if seller in shipping else share.shipping
        )
    return tuple(
        _split(seller, goods[seller], shipping[seller], terms)
        for seller in goods
        if (goods[seller] + shipping[seller]).minor
    )


def _split(seller_id: UUID, goods: Money, shipping: Money, terms: Terms) -> Split:
    commission, zero = goods.portion(terms.commission_bp), Money(0, goods.currency)
    return Split(
        seller_id=seller_id,
        gross=goods + shipping,
        shipping=shipping,
        commission=commission,
        tax=commission.portion(terms.commission_tax_bp),
        tax_jurisdiction=terms.tax_jurisdiction,
        seller_discount=zero,
        platform_discount=zero,
        shipping_kept=zero,
        service_fee=zero,
        service_fee_tax=zero,
    )


def check_draft(draft: PaymentDraft) -> None:
    """``InvalidPayment`` unless the splits are sound and add up to the amount."""
    if draft.amount.minor <= 0:
        raise _invalid("/amount", f"A payment is above zero; this one is {draft.amount}.")
    if len(draft.splits) > SPLITS_MAX:
        raise _invalid("/splits", f"A payment has at most {SPLITS_MAX} sellers; make several.")
    sellers = {split.seller_id for split in draft.splits}
    if len(sellers) != len(draft.splits):
        raise _invalid("/splits", "A seller has one split in a payment.")
    total = Money.zero(draft.amount.currency.code)
    for split in draft.splits:
        total = total + split.paid
        _check_split(split)
    if total != draft.amount:
        raise _invalid("/splits", f"The splits come to {total}, the payment is {draft.amount}.")


def _check_split(split: Split) -> None:
    parts = (
        split.gross,
        split.shipping,
        split.commission,
        split.tax,
        split.net,
        split.seller_discount,
        split.platform_discount,
        split.shipping_kept,
        split.service_fee,
        split.service_fee_tax,
        split.shipping - split.shipping_kept,
        split.gross - split.shipping,
    )
    if min(part.minor for part in parts) < 0:
        raise _invalid("/splits", "The parts of a split are not below zero.")
    if (split.gross + split.platform_discount + split.service_fee).minor == 0:
        raise _invalid("/splits", "A split is of something.")


def share_reversal(
    reversal_id: UUID, amount: Money, splits: Sequence[PaymentSplit], *, is_from_available: bool
) -> list[Reversal]:
    """Who gives back how much of ``amount``, which is at most what is left of the splits.

    Shared by what is left of what the buyer paid each seller, and within it by what is left of each
    part: by largest remainders, so that nothing goes missing, no part gives more than it has, and
    the last refund empties every part exactly. The platform's discount goes back to the platform in
    the same proportion.
    """
    paid = [split.left_paid_minor for split in splits]
    left = sum(paid)
    reversals = list[Reversal]()
    for split, own, share in zip(splits, paid, amount.split(paid), strict=True):
        discount = (
            split.left_platform_discount_minor * share.minor // own
            if own
            else split.left_platform_discount_minor * amount.minor // left
        )
        if share.minor + discount:
            given = Money(share.minor + discount, amount.currency).split(split.left_minor)
            parts = Parts(*(part.minor for part in given))
            reversals.append(
                _reversal(reversal_id, split, parts, discount, is_from_available=is_from_available)
            )
    return reversals


def share_items(
    reversal_id: UUID,
    items: Mapping[UUID, Money],
    splits: Sequence[PaymentSplit],
    *,
    is_from_available: bool,
) -> list[Reversal]:
    """Who gives back how much where each seller's amount is named.

    ``RefundItemsInvalid`` for a seller who has no part of the payment, ``RefundTooLarge`` for more
    than is left of one.
    """
    by_seller = {split.seller_id: split for split in splits}
    reversals = list[Reversal]()
    for seller_id, amount in items.items():
        split = by_seller.get(seller_id)
        name = SELLER.text(seller_id)
        if split is None or amount.minor <= 0:
            raise RefundItemsInvalid(f"{name} has no part of this payment, or is to give nothing.")
        left = Money.of(split.left_paid_minor, split.currency)
        if amount > left:
            raise RefundTooLarge(f"{left} is left of the part of {name}, {amount} was asked for.")
        reversals += share_reversal(
            reversal_id, amount, [split], is_from_available=is_from_available
        )
    return reversals


def _reversal(
    reversal_id: UUID, split: PaymentSplit, parts: Parts, discount: int, *, is_from_available: bool
) -> Reversal:
    return Reversal(
        marketplace_id=split.marketplace_id,
        reversal_id=reversal_id,
        payment_id=split.payment_id,
        seller_id=split.seller_id,
        currency=split.currency,
        seller_minor=parts.seller,
        commission_minor=parts.commission,
        tax_minor=parts.tax,
        tax_jurisdiction=split.tax_jurisdiction,
        is_from_available=is_from_available,
        shipping_kept_minor=parts.shipping_kept,
        service_fee_minor=parts.service_fee,
        service_fee_tax_minor=parts.service_fee_tax,
        service_fee_jurisdiction=split.service_fee_jurisdiction,
        platform_discount_minor=discount,
    )


def _invalid(pointer: str, detail: str) -> InvalidPayment:
    return InvalidPayment(detail, faults=(Fault("invalid_payment", detail, pointer),))
