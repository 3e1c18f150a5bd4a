"""Sellers: the list, and one seller with balances, offers, orders and payouts."""

from collections.abc import Sequence
from typing import get_args

from banyan.console.ledger import balances_of_seller
from banyan.console.look import DASH, state_pill, words
from banyan.console.money import payout_line
from banyan.console.orders import order_lines
from banyan.console.payouts import funds_of
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.views.sellers import OfferLine, SellerLine, SellersView, SellerView
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, InvalidId
from banyan.orders import OrderFilter, list_orders
from banyan.parties import (
    OFFER,
    SELLER,
    Offer,
    OfferFilter,
    Seller,
    SellerFilter,
    SellerStatus,
    find_seller,
    get_seller,
    list_offers,
    list_sellers,
)
from banyan.payments import list_payouts

_OFFERS = 50
_ORDERS = 10
_STATES: Sequence[SellerStatus] = get_args(SellerStatus)


async def show_sellers(visit: Visit) -> Shown:
    query = visit.query.get("q", "").strip()[:120]
    chosen = visit.query.get("state", "")
    state: SellerStatus | None = next((known for known in _STATES if known == chosen), None)
    cursor = visit.query.get("cursor")
    sellers, next_cursor = await _found(visit, query, state, cursor)
    states = [Choice("", "Any state", is_chosen=state is None)]
    states += [Choice(name, words(name), is_chosen=name == state) for name in _STATES]
    view = SellersView(
        query=query,
        states=tuple(states),
        sellers=tuple(_line(visit, seller) for seller in sellers),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=next_cursor) if next_cursor else "",
        ),
        is_filtered=bool(query or state),
    )
    return Shown("sellers/list.html", "Sellers", "sellers", view)


async def show_seller(visit: Visit) -> Shown:
    seller = await get_seller(visit.tx, SELLER.parse(visit.path("seller_id")))
    line = _line(visit, seller)
    offers = await list_offers(visit.tx, OfferFilter(seller_id=seller.seller_id), limit=_OFFERS)
    orders = await list_orders(visit.tx, OrderFilter(seller_id=seller.seller_id), limit=_ORDERS)
    payouts = await list_payouts(visit.tx, seller_id=seller.seller_id, limit=LIMIT_DEFAULT)
    facts = [
        Fact("Country", seller.country),
        Fact("Region", seller.region or DASH),
        Fact("Paid in", seller.currency),
        Fact("Quality", f"{seller.quality_bp / 100:g} %"),
    ]
    if seller.external_id:
        facts.append(Fact("Your id", seller.external_id))
    view = SellerView(
        line=line,
        facts=tuple(facts),
        balances=await balances_of_seller(visit, seller),
        funds=await funds_of(visit, seller),
        offers=tuple(_offer(offer) for offer in offers.data),
        orders=await order_lines(visit, orders.data),
        orders_href=visit.href("orders", seller=line.seller_id),
        payouts=tuple(payout_line(visit, payout, {}) for payout in payouts.data),
    )
    crumbs = (Crumb("Sellers", visit.href("sellers")), Crumb(seller.name))
    return Shown("sellers/seller.html", seller.name, "sellers", view, crumbs)


async def _found(
    visit: Visit, query: str, state: SellerStatus | None, cursor: str | None
) -> tuple[list[Seller], str | None]:
    """Sellers by our id, by any part of their name, or by the platform's id."""
    if query.startswith(f"{SELLER.prefix}_"):
        try:
            seller = await find_seller(visit.tx, SELLER.parse(query))
        except InvalidId:
            return [], None
        return ([seller] if seller else []), None
    chosen = SellerFilter(status=state, name=query or None)
    page = await list_sellers(visit.tx, chosen, limit=LIMIT_DEFAULT, cursor=cursor)
    if not page.data and query:
        chosen = SellerFilter(status=state, external_id=query)
        page = await list_sellers(visit.tx, chosen, limit=LIMIT_DEFAULT)
    return page.data, page.next_cursor


def _line(visit: Visit, seller: Seller) -> SellerLine:
    text = SELLER.text(seller.seller_id)
    return SellerLine(
        seller_id=text,
        href=visit.href(f"sellers/{text}"),
        name=seller.name,
        state=state_pill(seller.status),
        place=", ".join(part for part in (seller.region, seller.country) if part),
        quality=round(seller.quality_bp / 100),
        created_at=seller.created_at,
    )


def _offer(offer: Offer) -> OfferLine:
    days = offer.lead_time_days
    return OfferLine(
        offer_id=OFFER.text(offer.offer_id),
        product=offer.product,
        price=offer.price,
        lead_time=f"{days} day{'s' if days != 1 else ''}",
        capacity="no limit" if offer.capacity is None else f"{offer.capacity:,}",
        state=state_pill(offer.status),
    )
