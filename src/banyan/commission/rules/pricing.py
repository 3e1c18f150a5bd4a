"""What an order comes to: vouchers first, then each seller's commission, then the buyer's fee.

Everything that is shared out is shared by largest remainders, so that the parts always sum.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from banyan.commission.errors import VoucherTooLarge
from banyan.commission.model.basket import Basket, RateBook, Tax, Voucher
from banyan.commission.model.pricing import Charge, Pricing, SellerShare, ServiceFee
from banyan.commission.model.rule import Scope
from banyan.commission.rules.choosing import holding, standard_rule
from banyan.commission.rules.reckoning import PricedLine, bounded, charges_on
from banyan.commission.rules.taxes import domestic_tax, tax_on_commission
from banyan.commission.rules.words import rule_in_words
from banyan.kernel import Currency, Fault, Money


def price(basket: Basket, book: RateBook) -> Pricing:
    """Each seller's share, in the order in which sellers first appear, and what the buyer pays.

    Sellers of nothing are left out. ``VoucherTooLarge`` if a voucher is worth more than what is left
    of the goods that it is for.
    """
    currency = Currency.of(basket.currency)
    lines = _discounted(basket)
    shares = list[SellerShare]()
    for seller_id in dict.fromkeys([*(line.seller_id for line in basket.lines), *basket.shipping]):
        shipping = basket.shipping.get(seller_id, Money(0, currency))
        own = [line for owner, line in lines if owner == seller_id]
        if shipping.minor or any(line.goods for line in own):
            shares.append(_share(seller_id, own, shipping, basket, book))
    fee = _service_fee(shares, basket, book)
    total = Money(sum([share.gross.minor for share in shares]), currency)
    return Pricing(tuple(shares), fee, total if fee is None else total + fee.total)


def voucher_value(voucher: Voucher, goods: Money) -> Money:
    """What a voucher takes off goods of such a price, which may be more than they cost."""
    assert (voucher.amount is None) != (voucher.rate_bp is None), "a voucher has one or the other"
    return goods.portion(voucher.rate_bp or 0) if voucher.amount is None else voucher.amount


def _discounted(basket: Basket) -> list[tuple[UUID, PricedLine]]:
    """Each line with its part of the vouchers: each voucher takes from what the ones before left."""
    lines = [
        (line.seller_id, PricedLine(line.category, line.quantity, line.goods.minor, 0, 0, 0))
        for line in basket.lines
    ]
    for nth, voucher in enumerate(basket.vouchers):
        left = [
            line.goods - line.seller_discount - line.platform_discount
            if voucher.seller_id in (None, seller_id)
            else 0
            for seller_id, line in lines
        ]
        off = _checked_value(voucher, Money.of(sum(left), basket.currency), nth)
        if not off.minor:
            continue
        for index, part in enumerate(off.split(left)):
            seller_id, line = lines[index]
            if voucher.funded_by == "seller":
                line = line._replace(seller_discount=line.seller_discount + part.minor)
            else:
                line = line._replace(platform_discount=line.platform_discount + part.minor)
            lines[index] = seller_id, line
    return lines


def _checked_value(voucher: Voucher, goods: Money, nth: int) -> Money:
    value = voucher_value(voucher, goods)
    if value > goods:
        detail = f"The voucher {voucher.code} is worth {value}; the goods it is for cost {goods}."
        fault = Fault("voucher_too_large", detail, f"/vouchers/{nth}")
        raise VoucherTooLarge(detail, faults=(fault,))
    return value


def _share(
    seller_id: UUID, lines: Sequence[PricedLine], shipping: Money, basket: Basket, book: RateBook
) -> SellerShare:
    currency = shipping.currency
    kept = shipping if book.shipping_to == "platform" else Money(0, currency)
    goods = sum([line.goods for line in lines])
    seller_discount = sum([line.seller_discount for line in lines])
    platform_discount = sum([line.platform_discount for line in lines])
    due = Money(goods + shipping.minor - seller_discount - kept.minor, currency)
    terms = book.sellers[seller_id]
    tax = tax_on_commission(
        book.country,
        terms.country,
        basket.at,
        is_business=terms.is_business,
        own=book.defaults.own_tax,
    )
    shipped = _with_shipping(lines, shipping - kept)
    charges = charges_on(shipped, seller_id, book, basket.at, currency) if lines else []
    charges = _within(charges, due, tax)
    commission = Money(sum([charge.commission.minor for charge in charges]), currency)
    return SellerShare(
        seller_id=seller_id,
        goods=Money(goods, currency),
        shipping=shipping,
        seller_discount=Money(seller_discount, currency),
        platform_discount=Money(platform_discount, currency),
        shipping_kept=kept,
        commission=commission,
        tax=commission.portion(tax.rate_bp),
        tax_jurisdiction=tax.jurisdiction,
        charges=tuple(charges),
        reason="; ".join([*(charge.reason for charge in charges), f"tax: {tax.reason}"]),
    )


def _with_shipping(lines: Sequence[PricedLine], shipping: Money) -> Sequence[PricedLine]:
    """Lines with their part of a seller's shipping, by what their goods cost."""
    if not shipping.minor or not any(line.goods for line in lines):
        return lines
    parts = shipping.split([line.goods for line in lines])
    return [line._replace(shipping=part.minor) for line, part in zip(lines, parts, strict=True)]


def _within(charges: list[Charge], due: Money, tax: Tax) -> list[Charge]:
    """The charges, cut so that they and their tax leave the seller nothing less than nothing."""
    commission = Money(sum([charge.commission.minor for charge in charges]), due.currency)
    if commission.minor + commission.portion(tax.rate_bp).minor <= due.minor:
        return charges
    most = _most_commission(due, tax.rate_bp)
    parts = most.split([charge.commission.minor for charge in charges])
    return [
        replace(charge, commission=part, reason=f"{charge.reason}, no more than the seller gets")
        if part != charge.commission
        else charge
        for charge, part in zip(charges, parts, strict=True)
    ]


def _most_commission(due: Money, tax_bp: int) -> Money:
    """The most that a commission can be for it and its tax to fit into ``due``."""
    most = Money(due.minor * 10_000 // (10_000 + tax_bp), due.currency)
    while (most + most.portion(tax_bp)) > due:  # a tax rounded up; once at most
        most = Money(most.minor - 1, due.currency)
    return most


def _service_fee(
    shares: Sequence[SellerShare], basket: Basket, book: RateBook
) -> ServiceFee | None:
    """What the buyer pays on top, of what the goods cost after vouchers; taxed at the platform's."""
    sale = Scope(currency=basket.currency)
    rule = standard_rule(holding(book.rules, sale, basket.at), "service_fee")
    if rule is None or not shares:
        return None
    zero = Money.zero(basket.currency)
    discounts = sum((share.seller_discount + share.platform_discount for share in shares), zero)
    full = sum((share.goods for share in shares), zero)
    base = full if rule.price == "full" else full - discounts
    if rule.base == "goods_and_shipping":
        base = sum((share.shipping for share in shares), base)
    count = {"order": 1, "line": len(basket.lines), "unit": sum(it.quantity for it in basket.lines)}
    fee = bounded(rule.rate, base, count[rule.per])
    tax = book.defaults.own_tax or domestic_tax(book.country, basket.at)
    return ServiceFee(
        fee=fee,
        tax=fee.portion(tax.rate_bp),
        tax_jurisdiction=tax.jurisdiction,
        rule_id=rule.rule_id,
        reason=f"{rule_in_words(rule)}, on {base}; tax: {tax.reason}",
    )
