"""Use cases of parties."""

from collections.abc import Iterable, Mapping
from typing import TypeVar
from uuid import UUID

from banyan.kernel import (
    LIMIT_DEFAULT,
    Currency,
    Fault,
    IdKind,
    Page,
    id_of_cursor,
    new_id,
    page_of,
)
from banyan.parties import rules, store
from banyan.parties.errors import BuyerNotFound, ExternalIdTaken, OfferNotFound, SellerNotFound
from banyan.parties.model import (
    BUYER,
    OFFER,
    SELLER,
    Buyer,
    BuyerDraft,
    BuyerFilter,
    BuyerStatus,
    Offer,
    OfferChange,
    OfferDraft,
    OfferFilter,
    Seller,
    SellerDraft,
    SellerFilter,
    SellerStatus,
)
from banyan.runtime import Event, Json, Transaction

T = TypeVar("T")


async def create_seller(tx: Transaction, draft: SellerDraft) -> Seller:
    """Add a seller; ``InvalidCountry``, ``InvalidMoney`` (currency), ``ExternalIdTaken``."""
    rules.check_country(draft.country)
    seller = Seller(
        marketplace_id=tx.marketplace_id,
        seller_id=new_id(),
        external_id=draft.external_id,
        name=draft.name,
        country=draft.country,
        region=draft.region,
        currency=Currency.of(draft.currency).code,
        quality_bp=draft.quality_bp,
        status=draft.status,
        created_at=tx.now,
    )
    if not await store.insert_seller(tx, seller):
        taken = await store.page_of_sellers(
            tx, SellerFilter(external_id=draft.external_id), None, 1
        )
        raise _taken("seller", SELLER, [found.seller_id for found in taken])
    await tx.record(_seller_news("seller.created", seller))
    return seller


async def create_buyer(tx: Transaction, draft: BuyerDraft) -> Buyer:
    """Add a buyer; ``InvalidCountry``, ``ExternalIdTaken``."""
    rules.check_country(draft.country)
    buyer = Buyer(
        marketplace_id=tx.marketplace_id,
        buyer_id=new_id(),
        external_id=draft.external_id,
        country=draft.country,
        region=draft.region,
        status="active",
        created_at=tx.now,
    )
    if not await store.insert_buyer(tx, buyer):
        taken = await store.page_of_buyers(tx, BuyerFilter(external_id=draft.external_id), None, 1)
        raise _taken("buyer", BUYER, [found.buyer_id for found in taken])
    await tx.record(_buyer_news("buyer.created", buyer))
    return buyer


async def create_offer(tx: Transaction, draft: OfferDraft) -> Offer:
    """Add an offer; ``SellerNotFound``, ``InvalidMoney``, ``InvalidCountry``, ``ExternalIdTaken``."""
    rules.check_price(draft.price)
    seller = await find_seller(tx, draft.seller_id)
    if seller is None:
        raise _no_seller(draft.seller_id, pointer="/seller")
    moved = draft.country is not None and draft.country != seller.country
    offer = Offer(
        marketplace_id=tx.marketplace_id,
        offer_id=new_id(),
        seller_id=seller.seller_id,
        external_id=draft.external_id,
        product=draft.product,
        category=draft.category,
        price_minor=draft.price.minor,
        currency=draft.price.currency.code,
        lead_time_days=draft.lead_time_days,
        capacity=draft.capacity,
        country=draft.country or seller.country,
        region=draft.region if moved or draft.region is not None else seller.region,
        status=draft.status,
        created_at=tx.now,
    )
    rules.check_country(offer.country)
    if not await store.insert_offer(tx, offer):
        taken = await store.page_of_offers(tx, OfferFilter(external_id=draft.external_id), None, 1)
        raise _taken("offer", OFFER, [found.offer_id for found in taken])
    await tx.record(_offer_news("offer.created", offer))
    return offer


async def find_seller(tx: Transaction, seller_id: UUID) -> Seller | None:
    return (await sellers_by_id(tx, [seller_id])).get(seller_id)


async def find_buyer(tx: Transaction, buyer_id: UUID) -> Buyer | None:
    return (await buyers_by_id(tx, [buyer_id])).get(buyer_id)


async def find_offer(tx: Transaction, offer_id: UUID) -> Offer | None:
    return (await offers_by_id(tx, [offer_id])).get(offer_id)


async def get_seller(tx: Transaction, seller_id: UUID) -> Seller:
    """The seller, or ``SellerNotFound``."""
    seller = await find_seller(tx, seller_id)
    if seller is None:
        raise _no_seller(seller_id)
    return seller


async def get_buyer(tx: Transaction, buyer_id: UUID) -> Buyer:
    """The buyer, or ``BuyerNotFound``."""
    buyer = await find_buyer(tx, buyer_id)
    if buyer is None:
        raise _no_buyer(buyer_id)
    return buyer


async def get_offer(tx: Transaction, offer_id: UUID) -> Offer:
    """The offer, or ``OfferNotFound``."""
    offer = await find_offer(tx, offer_id)
    if offer is None:
        raise _no_offer(offer_id)
    return offer


async def sellers_by_id(tx: Transaction, seller_ids: Iterable[UUID]) -> dict[UUID, Seller]:
    """Those that exist, by id."""
    found = await store.select_sellers(tx, [*set(seller_ids)])
    return {seller.seller_id: seller for seller in found}


async def buyers_by_id(tx: Transaction, buyer_ids: Iterable[UUID]) -> dict[UUID, Buyer]:
    """Those that exist, by id."""
    found = await store.select_buyers(tx, [*set(buyer_ids)])
    return {buyer.buyer_id: buyer for buyer in found}


async def offers_by_id(tx: Transaction, offer_ids: Iterable[UUID]) -> dict[UUID, Offer]:
    """Those that exist, by id."""
    found = await store.select_offers(tx, [*set(offer_ids)])
    return {offer.offer_id: offer for offer in found}


async def offers_for_products(
    tx: Transaction, products: Iterable[str], currency: str
) -> list[Offer]:
    """Active offers of active sellers, by product and price; of equal prices the oldest first."""
    return await store.select_offers_of_products(tx, [*set(products)], currency)


async def list_sellers(
    tx: Transaction,
    chosen: SellerFilter | None = None,
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Seller]:
    """The newest first."""
    found = await store.page_of_sellers(
        tx, chosen or SellerFilter(), id_of_cursor(cursor), limit + 1
    )
    return page_of(found, limit, lambda seller: seller.seller_id)


async def list_buyers(
    tx: Transaction,
    chosen: BuyerFilter | None = None,
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Buyer]:
    """The newest first."""
    found = await store.page_of_buyers(tx, chosen or BuyerFilter(), id_of_cursor(cursor), limit + 1)
    return page_of(found, limit, lambda buyer: buyer.buyer_id)


async def list_offers(
    tx: Transaction,
    chosen: OfferFilter | None = None,
    *,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[Offer]:
    """The newest first."""
    found = await store.page_of_offers(tx, chosen or OfferFilter(), id_of_cursor(cursor), limit + 1)
    return page_of(found, limit, lambda offer: offer.offer_id)


async def set_seller_status(
    tx: Transaction, seller_id: UUID, status: SellerStatus, *, reason: str
) -> Seller:
    """Move a seller to a status; ``SellerNotFound``. Nothing happens if it is there already."""
    seller = await store.lock_seller(tx, seller_id)
    if seller is None:
        raise _no_seller(seller_id)
    if seller.status == status:
        return seller
    await store.update_seller_status(tx, seller_id, status)
    payload: dict[str, Json] = {"from": seller.status, "status": status, "reason": reason}
    await tx.record(Event("seller.status_changed", SELLER.text(seller_id), payload))
    return await get_seller(tx, seller_id)


async def block_buyer(tx: Transaction, buyer_id: UUID, *, reason: str) -> Buyer:
    """From now on compliance denies the buyer's orders; ``BuyerNotFound``."""
    return await _set_buyer_status(tx, buyer_id, "blocked", "buyer.blocked", reason)


async def unblock_buyer(tx: Transaction, buyer_id: UUID, *, reason: str) -> Buyer:
    """Take a block back; ``BuyerNotFound``."""
    return await _set_buyer_status(tx, buyer_id, "active", "buyer.unblocked", reason)


async def update_offer(tx: Transaction, offer_id: UUID, change: OfferChange) -> Offer:
    """Change an offer; ``OfferNotFound``, ``InvalidMoney``, ``CurrencyMismatch``."""
    offer = await store.lock_offer(tx, offer_id)
    if offer is None:
        raise _no_offer(offer_id)
    updated = rules.changed(offer, change)
    if updated != offer:
        await store.update_offer(tx, updated)
        await tx.record(_offer_news("offer.updated", updated))
    return updated


async def lock_capacity(
    tx: Transaction, *, products: Iterable[str] = (), offer_ids: Iterable[UUID] = ()
) -> None:
    """Nobody else changes the capacity of these offers until the transaction ends.

    Taken for a whole batch at once, so that two batches can't wait for each other in a ring.
    Offers without a limit are not locked.
    """
    await store.lock_limited_offers(tx, [*set(offer_ids)], [*set(products)])


async def reserve(tx: Transaction, quantities: Mapping[UUID, int]) -> set[UUID]:
    """Take units of offers; the offers that have not enough, of which nothing is taken."""
    assert all(quantity > 0 for quantity in quantities.values()), "only whole units are taken"
    if not quantities:
        return set()
    left = await store.lock_limited_offers(tx, [*quantities], [])
    short = rules.too_short(quantities, left)
    taken = [offer_id for offer_id in left if offer_id not in short]
    if taken:
        await store.add_capacity(tx, taken, [-quantities[offer_id] for offer_id in taken])
    return short


async def release(tx: Transaction, quantities: Mapping[UUID, int]) -> None:
    """Give units back that ``reserve`` took."""
    assert all(quantity > 0 for quantity in quantities.values()), "only whole units are returned"
    if not quantities:
        return
    left = await store.lock_limited_offers(tx, [*quantities], [])
    if left:
        await store.add_capacity(tx, [*left], [quantities[offer_id] for offer_id in left])


async def _set_buyer_status(
    tx: Transaction, buyer_id: UUID, status: BuyerStatus, event_type: str, reason: str
) -> Buyer:
    buyer = await store.lock_buyer(tx, buyer_id)
    if buyer is None:
        raise _no_buyer(buyer_id)
    if buyer.status == status:
        return buyer
    await store.update_buyer_status(tx, buyer_id, status)
    await tx.record(Event(event_type, BUYER.text(buyer_id), {"status": status, "reason": reason}))
    return await get_buyer(tx, buyer_id)


def _taken(noun: str, kind: IdKind, holders: list[UUID]) -> ExternalIdTaken:
    holder = kind.text(holders[0]) if holders else "another one"
    detail = f"{holder} is the {noun} with this external_id."
    return ExternalIdTaken(detail, faults=(Fault("external_id_taken", detail, "/external_id"),))


def _no_seller(seller_id: UUID, pointer: str | None = None) -> SellerNotFound:
    detail = f"There is no seller {SELLER.text(seller_id)} in this marketplace."
    faults = (Fault("seller_not_found", detail, pointer),) if pointer else ()
    return SellerNotFound(detail, faults=faults)


def _no_buyer(buyer_id: UUID) -> BuyerNotFound:
    return BuyerNotFound(f"There is no buyer {BUYER.text(buyer_id)} in this marketplace.")


def _no_offer(offer_id: UUID) -> OfferNotFound:
    return OfferNotFound(f"There is no offer {OFFER.text(offer_id)} in this marketplace.")


def _seller_news(event_type: str, seller: Seller) -> Event:
    payload: dict[str, Json] = {
        "external_id": seller.external_id,
        "name": seller.name,
        "country": seller.country,
        "region": seller.region,
        "currency": seller.currency,
        "quality_bp": seller.quality_bp,
        "status": seller.status,
    }
    return Event(event_type, SELLER.text(seller.seller_id), payload)


def _buyer_news(event_type: str, buyer: Buyer) -> Event:
    payload: dict[str, Json] = {
        "external_id": buyer.external_id,
        "country": buyer.country,
        "region": buyer.region,
        "status": buyer.status,
    }
    return Event(event_type, BUYER.text(buyer.buyer_id), payload)


def _offer_news(event_type: str, offer: Offer) -> Event:
    payload: dict[str, Json] = {
        "seller": SELLER.text(offer.seller_id),
        "external_id": offer.external_id,
        "product": offer.product,
        "category": offer.category,
        "price": {"amount": offer.price_minor, "currency": offer.currency},
        "lead_time_days": offer.lead_time_days,
        "capacity": offer.capacity,
        "country": offer.country,
        "region": offer.region,
        "status": offer.status,
    }
    return Event(event_type, OFFER.text(offer.offer_id), payload)
