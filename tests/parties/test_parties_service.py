import asyncio
from uuid import UUID

import pytest

from banyan import parties
from banyan.kernel import InvalidMoney, Money
from banyan.parties import (
    BuyerDraft,
    BuyerNotFound,
    ExternalIdTaken,
    InvalidCountry,
    Offer,
    OfferChange,
    OfferDraft,
    OfferFilter,
    OfferNotFound,
    Seller,
    SellerDraft,
    SellerFilter,
    SellerNotFound,
)
from banyan.runtime import Database, Transaction


async def _seller(tx: Transaction, name: str = "Casa Verde") -> Seller:
    draft = SellerDraft(name=name, country="BR", region="SP", currency="BRL")
    return await parties.create_seller(tx, draft)


async def _offer(
    tx: Transaction,
    seller: Seller,
    *,
    price_minor: int = 4990,
    capacity: int | None = None,
    product: str = "cup",
) -> Offer:
    draft = OfferDraft(
        seller_id=seller.seller_id,
        product=product,
        price=Money.of(price_minor, "BRL"),
        lead_time_days=5,
        capacity=capacity,
    )
    return await parties.create_offer(tx, draft)


async def test_what_was_made_is_found_again(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        offer = await _offer(tx, seller)
        buyer = await parties.create_buyer(tx, BuyerDraft(country="BR", external_id="b-1"))
    async with database.transaction(sandbox) as tx:
        assert await parties.get_seller(tx, seller.seller_id) == seller
        assert await parties.get_offer(tx, offer.offer_id) == offer
        assert await parties.get_buyer(tx, buyer.buyer_id) == buyer
        events = await tx.rows("select type, subject from runtime.events order by position")
    assert (seller.status, seller.quality_bp, seller.created_at) == ("active", 8_000, tx.now)
    assert events == [
        ("seller.created", parties.SELLER.text(seller.seller_id)),
        ("offer.created", parties.OFFER.text(offer.offer_id)),
        ("buyer.created", parties.BUYER.text(buyer.buyer_id)),
    ]


async def test_an_offer_ships_from_the_sellers_place_unless_told(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        price = Money.of(100, "BRL")
        draft = OfferDraft(
            seller_id=seller.seller_id, product="a", price=price, lead_time_days=1, country="PT"
        )
        abroad = await parties.create_offer(tx, draft)
        at_home = await _offer(tx, seller)
    assert (abroad.country, abroad.region) == ("PT", None)
    assert (at_home.country, at_home.region) == ("BR", "SP")


async def test_an_external_id_is_given_once(database: Database, sandbox: UUID) -> None:
    draft = SellerDraft(name="A", country="BR", currency="BRL", external_id="s-1")
    async with database.transaction(sandbox) as tx:
        first = await parties.create_seller(tx, draft)
        with pytest.raises(ExternalIdTaken) as refusal:
            await parties.create_seller(tx, draft)
        await parties.create_buyer(tx, BuyerDraft(country="BR", external_id="s-1"))
    assert parties.SELLER.text(first.seller_id) in refusal.value.detail
    assert refusal.value.faults[0].pointer == "/external_id"


async def test_what_cannot_be_made(database: Database, sandbox: UUID) -> None:
    nobody = UUID(int=7)
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        free = OfferDraft(
            seller_id=seller.seller_id, product="a", price=Money.zero("BRL"), lead_time_days=1
        )
        orphan = OfferDraft(
            seller_id=nobody, product="a", price=Money.of(1, "BRL"), lead_time_days=1
        )
        with pytest.raises(InvalidMoney):
            await parties.create_offer(tx, free)
        with pytest.raises(SellerNotFound):
            await parties.create_offer(tx, orphan)
        with pytest.raises(InvalidMoney):
            await parties.create_seller(tx, SellerDraft(name="A", country="BR", currency="XXX"))
        with pytest.raises(InvalidCountry):
            await parties.create_buyer(tx, BuyerDraft(country="ZZ"))
        with pytest.raises(SellerNotFound):
            await parties.get_seller(tx, nobody)
        with pytest.raises(BuyerNotFound):
            await parties.block_buyer(tx, nobody, reason="?")
        with pytest.raises(OfferNotFound):
            await parties.update_offer(tx, nobody, OfferChange(status="paused"))


async def test_a_status_changes_once(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        buyer = await parties.create_buyer(tx, BuyerDraft(country="BR"))
        for _ in range(2):
            suspended = await parties.set_seller_status(
                tx, seller.seller_id, "suspended", reason="Counterfeits."
            )
            blocked = await parties.block_buyer(tx, buyer.buyer_id, reason="Chargebacks.")
        freed = await parties.unblock_buyer(tx, buyer.buyer_id, reason="A mistake.")
        events = await tx.rows(
            """
            select type, payload ->> 'reason'
            from runtime.events
            where sequence > 1
            order by position
            """
        )
    assert (suspended.status, blocked.status, freed.status) == ("suspended", "blocked", "active")
    assert events == [
        ("seller.status_changed", "Counterfeits."),
        ("buyer.blocked", "Chargebacks."),
        ("buyer.unblocked", "A mistake."),
    ]


async def test_only_active_offers_of_active_sellers_compete(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        good, bad = await _seller(tx, "Good"), await _seller(tx, "Bad")
        dear = await _offer(tx, good, price_minor=900)
        cheap = await _offer(tx, good, price_minor=100)
        paused = await _offer(tx, good, price_minor=50)
        await _offer(tx, bad, price_minor=10)
        await _offer(tx, good, product="plate")
        await parties.update_offer(tx, paused.offer_id, OfferChange(status="paused"))
        await parties.set_seller_status(tx, bad.seller_id, "suspended", reason="?")
        found = await parties.offers_for_products(tx, ["cup"], "BRL")
        assert await parties.offers_for_products(tx, ["cup"], "EUR") == []
    assert [offer.offer_id for offer in found] == [cheap.offer_id, dear.offer_id]


async def test_units_are_taken_or_not(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        two, none, many = [
            (await _offer(tx, seller, capacity=capacity)).offer_id for capacity in (2, 0, None)
        ]
        short = await parties.reserve(tx, {two: 2, none: 1, many: 10**6})
        assert short == {none}
        assert await parties.reserve(tx, {two: 1}) == {two}
        await parties.release(tx, {two: 1, many: 5})
        left = await parties.offers_by_id(tx, [two, none, many])
    assert (left[two].capacity, left[none].capacity, left[many].capacity) == (1, 0, None)


async def test_the_last_units_go_to_as_many_as_there_are(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        a, b = [(await _offer(tx, seller, capacity=5)).offer_id for _ in range(2)]

    async def take(turn: int) -> bool:
        wanted = {a: 1, b: 1} if turn % 2 else {b: 1, a: 1}
        async with database.transaction(sandbox) as tx:
            return await parties.reserve(tx, wanted) == set()

    assert sorted(await asyncio.gather(*map(take, range(16)))) == [False] * 11 + [True] * 5
    async with database.transaction(sandbox) as tx:
        left = await parties.offers_by_id(tx, [a, b])
    assert {offer.capacity for offer in left.values()} == {0}


async def test_lists_are_paged_newest_first(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        made = [(await _seller(tx, f"Seller {nth}")).seller_id for nth in range(5)]
        first = await parties.list_sellers(tx, limit=3)
        rest = await parties.list_sellers(tx, limit=3, cursor=first.next_cursor)
        named = await parties.list_sellers(tx, SellerFilter(name="ER 3"))
        nothing = await parties.list_offers(tx, OfferFilter(seller_id=made[0]))
    pages = [[seller.seller_id for seller in page.data] for page in (first, rest)]
    assert sorted(pages[0] + pages[1]) == sorted(made)
    assert pages[0] + pages[1] == sorted(made, reverse=True)
    assert (len(pages[0]), rest.has_more, nothing.data) == (3, False, [])
    assert [seller.name for seller in named.data] == ["Seller 3"]


async def test_a_marketplace_sees_only_its_own(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        seller = await _seller(tx)
        offer = await _offer(tx, seller, capacity=1)
    async with database.transaction(live) as tx:
        assert await parties.find_seller(tx, seller.seller_id) is None
        assert await parties.offers_for_products(tx, ["cup"], "BRL") == []
        assert (await parties.list_offers(tx)).data == []
        await parties.reserve(tx, {offer.offer_id: 1})
        with pytest.raises(SellerNotFound):
            await _offer(tx, seller)
    async with database.transaction(sandbox) as tx:
        assert (await parties.get_offer(tx, offer.offer_id)).capacity == 1
