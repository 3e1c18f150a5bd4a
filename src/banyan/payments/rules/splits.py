"""Who gets what of a payment, and who gives back how much of it."""

from collections.abc import Sequence
from uuid import UUID

from banyan.kernel import Fault, Money
from banyan.payments.errors import InvalidPayment
from banyan.payments.model import PaymentDraft, PaymentSplit, Reversal, Share, Split, Terms

SPLITS_MAX = 30
"""Sellers of one payment: a capture books three legs for each, and the ledger takes 100 at once."""


def price_splits(shares: Sequence[Share], terms: Terms) -> tuple[Split, ...]:
    """One split a seller, in the order given: commission on the goods, and tax on the commission.

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
    commission = goods.portion(terms.commission_bp)
    return Split(
        seller_id=seller_id,
        gross=goods + shipping,
        shipping=shipping,
        commission=commission,
        tax=commission.portion(terms.commission_tax_bp),
        tax_jurisdiction=terms.tax_jurisdiction,
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
        total = total + split.gross
        parts = (split.shipping.minor, split.commission.minor, split.tax.minor, split.net.minor)
        if split.gross.minor <= 0 or min(parts) < 0:
            raise _invalid("/splits", "The parts of a split are not below zero.")
    if total != draft.amount:
        raise _invalid("/splits", f"The splits come to {total}, the payment is {draft.amount}.")


def share_reversal(
    reversal_id: UUID, amount: Money, splits: Sequence[PaymentSplit], *, is_from_available: bool
) -> list[Reversal]:
    """Who gives back how much of ``amount``, which is at most what is left of the splits.

    Shared by what is left of each seller's gross, and within it by what is left of the seller's
    part, the commission and the tax: by largest remainders, so that nothing goes missing, no part
    gives more than it has, and the last refund empties every part exactly.
    """
    by_seller = amount.split([sum(split.left_minor) for split in splits])
    reversals = list[Reversal]()
    for split, share in zip(splits, by_seller, strict=True):
        if not share.minor:
            continue
        seller, commission, tax = share.split(split.left_minor)
        reversals.append(
            Reversal(
                marketplace_id=split.marketplace_id,
                reversal_id=reversal_id,
                payment_id=split.payment_id,
                seller_id=split.seller_id,
                currency=split.currency,
                seller_minor=seller.minor,
                commission_minor=commission.minor,
                tax_minor=tax.minor,
                tax_jurisdiction=split.tax_jurisdiction,
                is_from_available=is_from_available,
            )
        )
    return reversals


def _invalid(pointer: str, detail: str) -> InvalidPayment:
    return InvalidPayment(detail, faults=(Fault("invalid_payment", detail, pointer),))
