"""Pricing orders by the rules of the instant at which each was placed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from uuid import UUID

from banyan.commission.errors import VoucherTooLarge
from banyan.commission.model.basket import Basket, Defaults, RateBook, SellerTerms
from banyan.commission.model.pricing import Pricing
from banyan.commission.rules.choosing import by_scope
from banyan.commission.rules.pricing import price
from banyan.commission.service.settings import get_settings
from banyan.commission.service.tiers import tiers_at
from banyan.commission.store import rules as store
from banyan.kernel import Fault
from banyan.parties import SELLER, SellerNotFound, sellers_by_id
from banyan.runtime import Transaction

DefaultsOf: TypeAlias = Callable[[Transaction], Awaitable[Defaults]]
"""Where the defaults come from: the payment settings, which stand above this context."""


async def price_baskets(
    tx: Transaction, baskets: Sequence[Basket], defaults: Defaults
) -> list[Pricing | VoucherTooLarge]:
    """What each order comes to, in order, or why it can't be; ``SellerNotFound``.

    A few look-ups, however many orders.
    """
    if not baskets:
        return []
    ids = {seller_id for basket in baskets for seller_id in _sellers_of(basket)}
    sellers = await sellers_by_id(tx, ids)
    missing = ids - sellers.keys()
    if missing:
        detail = f"There is no seller {SELLER.text(min(missing))} in this marketplace."
        raise SellerNotFound(detail, faults=(Fault("seller_not_found", detail),))
    instants = {basket.at for basket in baskets}
    rules = by_scope(await store.select_for_sellers(tx, ids, min(instants), max(instants)))
    tiers = await tiers_at(tx, ids, instants)
    settings = await get_settings(tx)
    return [
        _price(
            basket,
            RateBook(
                country=tx.marketplace.country,
                defaults=defaults,
                sellers={
                    seller_id: SellerTerms(
                        sellers[seller_id].country, tiers.get((seller_id, basket.at))
                    )
                    for seller_id in _sellers_of(basket)
                },
                rules=rules,
                shipping_to=settings.shipping_to,
            ),
        )
        for basket in baskets
    ]


def _price(basket: Basket, book: RateBook) -> Pricing | VoucherTooLarge:
    """One order's vouchers must not stop the others."""
    try:
        return price(basket, book)
    except VoucherTooLarge as refusal:
        return refusal


def _sellers_of(basket: Basket) -> set[UUID]:
    return {line.seller_id for line in basket.lines} | basket.shipping.keys()
