"""SQL of parties: one function, one statement."""

from collections.abc import Sequence
from uuid import UUID

from banyan.parties.model import (
    Buyer,
    BuyerFilter,
    BuyerStatus,
    Offer,
    OfferFilter,
    Seller,
    SellerFilter,
    SellerStatus,
)
from banyan.runtime import Transaction


async def insert_seller(tx: Transaction, seller: Seller) -> bool:
    """Add a seller; False if the external id is taken."""
    inserted = await tx.execute(
        """
        insert into parties.sellers
          (marketplace_id, seller_id, external_id, name, country, region, currency, quality_bp,
           status, created_at)
        values
          (%(marketplace_id)s, %(seller_id)s, %(external_id)s, %(name)s, %(country)s, %(region)s,
           %(currency)s, %(quality_bp)s, %(status)s, %(created_at)s)
        on conflict (marketplace_id, external_id) do nothing
        """,
        seller_id=seller.seller_id,
        external_id=seller.external_id,
        name=seller.name,
        country=seller.country,
        region=seller.region,
        currency=seller.currency,
        quality_bp=seller.quality_bp,
        status=seller.status,
        created_at=seller.created_at,
    )
    return inserted == 1


async def insert_buyer(tx: Transaction, buyer: Buyer) -> bool:
    """Add a buyer; False if the external id is taken."""
    inserted = await tx.execute(
        """
        insert into parties.buyers
          (marketplace_id, buyer_id, external_id, country, region, status, created_at)
        values
          (%(marketplace_id)s, %(buyer_id)s, %(external_id)s, %(country)s, %(region)s, %(status)s,
           %(created_at)s)
        on conflict (marketplace_id, external_id) do nothing
        """,
        buyer_id=buyer.buyer_id,
        external_id=buyer.external_id,
        country=buyer.country,
        region=buyer.region,
        status=buyer.status,
        created_at=buyer.created_at,
    )
    return inserted == 1


async def insert_offer(tx: Transaction, offer: Offer) -> bool:
    """Add an offer; False if the external id is taken."""
    inserted = await tx.execute(
        """
        insert into parties.offers
          (marketplace_id, offer_id, seller_id, external_id, product, category, price_minor,
           currency, lead_time_days, capacity, country, region, status, created_at)
        values
          (%(marketplace_id)s, %(offer_id)s, %(seller_id)s, %(external_id)s, %(product)s,
           %(category)s, %(price_minor)s, %(currency)s, %(lead_time_days)s, %(capacity)s,
           %(country)s, %(region)s, %(status)s, %(created_at)s)
        on conflict (marketplace_id, external_id) do nothing
        """,
        offer_id=offer.offer_id,
        seller_id=offer.seller_id,
        external_id=offer.external_id,
        product=offer.product,
        category=offer.category,
        price_minor=offer.price_minor,
        currency=offer.currency,
        lead_time_days=offer.lead_time_days,
        capacity=offer.capacity,
        country=offer.country,
        region=offer.region,
        status=offer.status,
        created_at=offer.created_at,
    )
    return inserted == 1


async def select_sellers(tx: Transaction, seller_ids: Sequence[UUID]) -> list[Seller]:
    return await tx.all(
        Seller,
        """
        select *
        from parties.sellers
        where marketplace_id = %(marketplace_id)s and seller_id = any(%(seller_ids)s::uuid[])
        """,
        seller_ids=list(seller_ids),
    )


async def select_buyers(tx: Transaction, buyer_ids: Sequence[UUID]) -> list[Buyer]:
    return await tx.all(
        Buyer,
        """
        select *
        from parties.buyers
        where marketplace_id = %(marketplace_id)s and buyer_id = any(%(buyer_ids)s::uuid[])
        """,
        buyer_ids=list(buyer_ids),
    )


async def select_offers(tx: Transaction, offer_ids: Sequence[UUID]) -> list[Offer]:
    return await tx.all(
        Offer,
        """
        select *
        from parties.offers
        where marketplace_id = %(marketplace_id)s and offer_id = any(%(offer_ids)s::uuid[])
        """,
        offer_ids=list(offer_ids),
    )


async def select_offers_of_products(
    tx: Transaction, products: Sequence[str], currency: str
) -> list[Offer]:
    """Active offers of active sellers, the cheapest first; of equal prices the oldest."""
    return await tx.all(
        Offer,
        """
        select offers.*
        from parties.offers
        join parties.sellers using (marketplace_id, seller_id)
        where marketplace_id = %(marketplace_id)s
          and product = any(%(products)s::text[])
          and offers.currency = %(currency)s
          and offers.status = 'active'
          and sellers.status = 'active'
        order by product, price_minor, offer_id
        """,
        products=list(products),
        currency=currency,
    )


async def lock_seller(tx: Transaction, seller_id: UUID) -> Seller | None:
    return await tx.one(
        Seller,
        """
        select *
        from parties.sellers
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        for no key update
        """,
        seller_id=seller_id,
    )


async def lock_buyer(tx: Transaction, buyer_id: UUID) -> Buyer | None:
    return await tx.one(
        Buyer,
        """
        select *
        from parties.buyers
        where marketplace_id = %(marketplace_id)s and buyer_id = %(buyer_id)s
        for no key update
        """,
        buyer_id=buyer_id,
    )


async def lock_offer(tx: Transaction, offer_id: UUID) -> Offer | None:
    return await tx.one(
        Offer,
        """
        select *
        from parties.offers
        where marketplace_id = %(marketplace_id)s and offer_id = %(offer_id)s
        for no key update
        """,
        offer_id=offer_id,
    )


async def lock_limited_offers(
    tx: Transaction, offer_ids: Sequence[UUID], products: Sequence[str]
) -> dict[UUID, int]:
    """Lock what has a capacity, in the order of ids; the units left of each."""
    rows = await tx.rows(
        """
        select offer_id, capacity
        from parties.offers
        where marketplace_id = %(marketplace_id)s
          and (offer_id = any(%(offer_ids)s::uuid[]) or product = any(%(products)s::text[]))
          and capacity is not null
        order by offer_id
        for no key update
        """,
        offer_ids=list(offer_ids),
        products=list(products),
    )
    return dict(rows)


async def add_capacity(
    tx: Transaction, offer_ids: Sequence[UUID], quantities: Sequence[int]
) -> None:
    """Add units (below zero: take them) to what has a capacity."""
    await tx.execute(
        """
        update parties.offers
        set capacity = capacity + new.quantity
        from unnest(%(offer_ids)s::uuid[], %(quantities)s::int[]) as new (offer_id, quantity)
        where marketplace_id = %(marketplace_id)s
          and offers.offer_id = new.offer_id
          and capacity is not null
        """,
        offer_ids=list(offer_ids),
        quantities=list(quantities),
    )


async def update_seller_status(tx: Transaction, seller_id: UUID, status: SellerStatus) -> None:
    await tx.execute(
        """
        update parties.sellers
        set status = %(status)s
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        """,
        seller_id=seller_id,
        status=status,
    )


async def update_buyer_status(tx: Transaction, buyer_id: UUID, status: BuyerStatus) -> None:
    await tx.execute(
        """
        update parties.buyers
        set status = %(status)s
        where marketplace_id = %(marketplace_id)s and buyer_id = %(buyer_id)s
        """,
        buyer_id=buyer_id,
        status=status,
    )


async def update_offer(tx: Transaction, offer: Offer) -> None:
    await tx.execute(
        """
        update parties.offers
        set
          price_minor = %(price_minor)s,
          lead_time_days = %(lead_time_days)s,
          capacity = %(capacity)s,
          status = %(status)s
        where marketplace_id = %(marketplace_id)s and offer_id = %(offer_id)s
        """,
        offer_id=offer.offer_id,
        price_minor=offer.price_minor,
        lead_time_days=offer.lead_time_days,
        capacity=offer.capacity,
        status=offer.status,
    )


async def page_of_sellers(
    tx: Transaction, chosen: SellerFilter, before: UUID | None, limit: int
) -> list[Seller]:
    return await tx.all(
        Seller,
        """
        select *
        from parties.sellers
        where marketplace_id = %(marketplace_id)s
          and (%(status)s::text is null or status = %(status)s)
          and (%(country)s::text is null or country = %(country)s)
          and (%(external_id)s::text is null or external_id = %(external_id)s)
          and (%(name)s::text is null or position(lower(%(name)s) in lower(name)) > 0)
          and (%(before)s::uuid is null or seller_id < %(before)s)
        order by seller_id desc
        limit %(limit)s
        """,
        status=chosen.status,
        country=chosen.country,
        external_id=chosen.external_id,
        name=chosen.name,
        before=before,
        limit=limit,
    )


async def page_of_buyers(
    tx: Transaction, chosen: BuyerFilter, before: UUID | None, limit: int
) -> list[Buyer]:
    return await tx.all(
        Buyer,
        """
        select *
        from parties.buyers
        where marketplace_id = %(marketplace_id)s
          and (%(status)s::text is null or status = %(status)s)
          and (%(country)s::text is null or country = %(country)s)
          and (%(external_id)s::text is null or external_id = %(external_id)s)
          and (%(before)s::uuid is null or buyer_id < %(before)s)
        order by buyer_id desc
        limit %(limit)s
        """,
        status=chosen.status,
        country=chosen.country,
        external_id=chosen.external_id,
        before=before,
        limit=limit,
    )


async def page_of_offers(
    tx: Transaction, chosen: OfferFilter, before: UUID | None, limit: int
) -> list[Offer]:
    return await tx.all(
        Offer,
        """
        select *
        from parties.offers
        where marketplace_id = %(marketplace_id)s
          and (%(seller_id)s::uuid is null or seller_id = %(seller_id)s)
          and (%(product)s::text is null or product = %(product)s)
          and (%(status)s::text is null or status = %(status)s)
          and (%(external_id)s::text is null or external_id = %(external_id)s)
          and (%(before)s::uuid is null or offer_id < %(before)s)
        order by offer_id desc
        limit %(limit)s
        """,
        seller_id=chosen.seller_id,
        product=chosen.product,
        status=chosen.status,
        external_id=chosen.external_id,
        before=before,
        limit=limit,
    )
