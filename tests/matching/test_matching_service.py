import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

from banyan import matching, parties
from banyan.kernel import Money
from banyan.matching import Match, MatchRequest, NoMatch
from banyan.parties import Offer, OfferChange, OfferDraft, SellerDraft
from banyan.runtime import Database, Transaction


async def _offer(
    tx: Transaction, price_minor: int, *, capacity: int | None = None, quality_bp: int = 8_000
) -> Offer:
    seller = await parties.create_seller(
        tx,
        SellerDraft(name="A", country="BR", region="SP", currency="BRL", quality_bp=quality_bp),
    )
    draft = OfferDraft(
        seller_id=seller.seller_id,
        product="cup",
        price=Money.of(price_minor, "BRL"),
        lead_time_days=5,
        capacity=capacity,
    )
    return await parties.create_offer(tx, draft)


def _request(quantity: int = 1, offer: Offer | None = None, product: str = "cup") -> MatchRequest:
    return MatchRequest(
        request_id=uuid4(),
        product=product,
        quantity=quantity,
        currency="BRL",
        country="BR",
        region="SP",
        offer_id=offer.offer_id if offer else None,
    )


async def _left(tx: Transaction, offer: Offer) -> int | None:
    return (await parties.get_offer(tx, offer.offer_id)).capacity


async def test_the_last_unit_goes_to_the_first_and_the_next_gets_the_next_best(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        best = await _offer(tx, 1000, capacity=1)
        second = await _offer(tx, 1500, capacity=2)
        answers = await matching.match(tx, [_request(), _request(2), _request()])
        left = [await _left(tx, best), await _left(tx, second)]
    chosen = [it.offer_id if isinstance(it, Match) else it.code for it in answers]
    assert chosen == [best.offer_id, second.offer_id, "no_capacity"]
    assert left == [0, 0]


async def test_another_currency_is_refused_by_name(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        offer = await _offer(tx, 1000)
        asked = [
            replace(_request(), currency="EUR"),
            replace(_request(offer=offer), currency="EUR"),
        ]
        answers = await matching.match(tx, asked)
    assert [(it.code, it.reason) for it in answers if isinstance(it, NoMatch)] == [
        ("no_offer", "No active seller offers 'cup' in EUR."),
        ("offer_unavailable", "The offer asked for is in BRL, not in EUR."),
    ]


async def test_answers_name_their_requests_in_order(database: Database, sandbox: UUID) -> None:
    requests = [_request(), _request(product="plate"), _request()]
    async with database.transaction(sandbox) as tx:
        offer = await _offer(tx, 1000, quality_bp=9_000)
        answers = await matching.match(tx, requests)
        assert await matching.match(tx, []) == []
    assert [it.request_id for it in answers] == [it.request_id for it in requests]
    first, miss, _ = answers
    assert isinstance(first, Match)
    assert (first.offer, first.unit_price, first.lead_time_days) == (offer, offer.price, 5)
    assert (first.score.quality_bp, first.candidates) == (9_000, 1)
    assert first.version == "weighted-score 1"
    assert isinstance(miss, NoMatch)
    assert miss.code == "no_offer"


async def test_an_offer_asked_for_is_taken_or_refused_with_the_cause(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        await _offer(tx, 1)
        asked, paused, orphaned = [await _offer(tx, 1000) for _ in range(3)]
        await parties.update_offer(tx, paused.offer_id, OfferChange(status="paused"))
        await parties.set_seller_status(tx, orphaned.seller_id, "suspended", reason="?")
        answers = await matching.match(
            tx,
            [
                _request(offer=asked),
                _request(offer=paused),
                _request(offer=orphaned),
                _request(offer=asked, product="plate"),
            ],
        )
    assert isinstance(answers[0], Match)
    assert answers[0].offer == asked
    assert [it.reason for it in answers[1:]] == [
        "The offer asked for is paused.",
        "The offer asked for is of a seller who is not active.",
        "The offer asked for is for another product.",
    ]
    assert {it.code for it in answers[1:] if isinstance(it, NoMatch)} == {"offer_unavailable"}


async def test_every_answer_is_logged_with_its_candidates(
    database: Database, sandbox: UUID
) -> None:
    hit, miss = _request(), _request(product="plate")
    async with database.transaction(sandbox) as tx:
        dear, cheap = await _offer(tx, 2000), await _offer(tx, 1000)
        await matching.match(tx, [hit, miss])
    async with database.transaction(sandbox) as tx:
        [decided] = await matching.decisions_of(tx, [hit.request_id])
        [missed] = await matching.decisions_of(tx, [miss.request_id])
    assert (decided.outcome, decided.offer_id) == ("matched", cheap.offer_id)
    assert decided.weights == {"price_bp": 4_000, "time_bp": 3_000, "quality_bp": 3_000}
    assert [it["offer"] for it in decided.candidates] == [
        parties.OFFER.text(it.offer_id) for it in (cheap, dear)
    ]
    assert decided.candidates[1]["price_bp"] == 5_000
    assert (missed.outcome, missed.candidates_count, missed.candidates) == ("no_offer", 0, [])


async def test_batches_at_the_same_time_never_sell_a_unit_twice(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        offers = [await _offer(tx, 1000 + nth, capacity=7) for nth in range(3)]

    async def batch() -> int:
        async with database.transaction(sandbox) as tx:
            answers = await matching.match(tx, [_request() for _ in range(4)])
            return sum(isinstance(it, Match) for it in answers)

    assert sum(await asyncio.gather(*(batch() for _ in range(8)))) == 21
    async with database.transaction(sandbox) as tx:
        assert [await _left(tx, offer) for offer in offers] == [0, 0, 0]


async def test_another_marketplace_offers_nothing(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        offer = await _offer(tx, 1000)
    async with database.transaction(live) as tx:
        answers = await matching.match(tx, [_request(), _request(offer=offer)])
    assert [it.code for it in answers if isinstance(it, NoMatch)] == [
        "no_offer",
        "offer_unavailable",
    ]
