import re
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import Money
from banyan.matching import Candidate, Match, MatchRequest, NoMatch, Weights
from banyan.matching.rules import choose, delivery_days, ranked, unavailable
from banyan.parties import Offer

AT = datetime(2018, 3, 1, tzinfo=UTC)
_numbers = count(1)


def offer(
    price_minor: int = 1000,
    days: int = 5,
    *,
    seller: int = 1,
    number: int | None = None,
    country: str = "BR",
    region: str | None = "SP",
) -> Offer:
    return Offer(
        marketplace_id=UUID(int=1),
        offer_id=UUID(int=number or next(_numbers)),
        seller_id=UUID(int=seller),
        external_id=None,
        product="cup",
        category=None,
        price_minor=price_minor,
        currency="BRL",
        lead_time_days=days,
        capacity=None,
        country=country,
        region=region,
        status="active",
        created_at=AT,
    )


def request(
    quantity: int = 1, *, price_max: int | None = None, offer_id: UUID | None = None
) -> MatchRequest:
    return MatchRequest(
        request_id=UUID(int=9),
        product="cup",
        quantity=quantity,
        currency="BRL",
        country="BR",
        region="SP",
        unit_price_max=None if price_max is None else Money.of(price_max, "BRL"),
        offer_id=offer_id,
    )


QUALITY = {UUID(int=1): 8_000, UUID(int=2): 9_200, UUID(int=3): 8_100}


def answer(
    offers: list[Offer], asked: MatchRequest | None = None, left: dict[UUID, int] | None = None
) -> Match | NoMatch:
    return choose(asked or request(), offers, QUALITY, left or {}, Weights())[0]


offers_of_all_sorts = st.lists(
    st.builds(
        offer,
        price_minor=st.integers(1, 10**15) | st.integers(1, 20),
        days=st.integers(0, 365) | st.integers(0, 3),
        seller=st.integers(1, 3),
        country=st.sampled_from(["BR", "PT"]),
        region=st.sampled_from(["SP", "RJ", None]),
    ),
    min_size=1,
    max_size=8,
)
weights_of_all_sorts = st.integers(0, 10_000).flatmap(
    lambda price: st.integers(0, 10_000 - price).map(
        lambda time: Weights(price, time, 10_000 - price - time)
    )
)


@given(offers_of_all_sorts, weights_of_all_sorts, st.randoms(use_true_random=False))
def test_the_order_of_offers_does_not_matter(offers, weights, random) -> None:
    shuffled = random.sample(offers, len(offers))
    ranking = ranked(request(), offers, QUALITY, weights)
    assert ranked(request(), shuffled, QUALITY, weights) == ranking


def _is_worse(candidate: Candidate, than: Candidate) -> bool:
    def goods(it: Candidate) -> tuple[int, int, int]:
        return -it.offer.price_minor, -it.delivery_days, it.score.quality_bp

    pairs = list(zip(goods(candidate), goods(than), strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@given(offers_of_all_sorts, weights_of_all_sorts)
def test_nothing_stands_behind_what_is_worse_in_something_and_better_in_nothing(
    offers, weights
) -> None:
    ranking = ranked(request(), offers, QUALITY, weights)
    for place, ahead in enumerate(ranking):
        assert not any(_is_worse(ahead, behind) for behind in ranking[place + 1 :])


@given(offers_of_all_sorts, weights_of_all_sorts)
def test_scores_are_shares_and_the_best_of_each_kind_is_full(offers, weights) -> None:
    ranking = ranked(request(), offers, QUALITY, weights)
    for it in ranking:
        score = it.score
        parts = (score.price_bp, score.time_bp, score.quality_bp)
        assert all(0 <= part <= 10_000 for part in parts)
        assert min(parts) <= score.total_bp <= max(parts)
    assert max(it.score.price_bp for it in ranking) == 10_000
    assert max(it.score.time_bp for it in ranking) == 10_000


@given(offers_of_all_sorts, st.integers(1, 30))
def test_the_answer_keeps_to_the_limit_and_to_what_is_left(offers, price_max) -> None:
    left = {it.offer_id: place % 3 for place, it in enumerate(offers)}
    result = answer(offers, request(2, price_max=price_max), left)
    fitting = [it for it in offers if it.price_minor <= price_max and left[it.offer_id] >= 2]
    if isinstance(result, Match):
        assert result.offer in fitting
        assert result.candidates == len(fitting)
    else:
        assert not fitting
        assert result.code in ("too_expensive", "no_capacity")


@given(offers_of_all_sorts)
def test_the_reason_compares_truly_with_the_cheapest(offers) -> None:
    result = answer(offers)
    assert isinstance(result, Match)
    cheapest = min(it.price_minor for it in offers)
    more = Money.of(result.offer.price_minor - cheapest, "BRL")
    is_dearer = f"{more.format()} dearer than the cheapest" in result.reason
    assert is_dearer == (more.minor > 0)
    assert re.match(r"Best of \d+ offers: |The only offer: ", result.reason)


def test_equal_offers_go_to_the_oldest() -> None:
    old, new = offer(number=5), offer(number=6)
    assert [it.offer for it in ranked(request(), [new, old], QUALITY, Weights())] == [old, new]


def test_a_region_or_country_further_takes_longer() -> None:
    places = [("BR", "SP"), ("BR", "RJ"), ("BR", None), ("PT", "SP")]
    days = [delivery_days(request(), offer(country=c, region=r)) for c, r in places]
    assert days == [5, 8, 8, 15]


@pytest.mark.parametrize(
    ("offers", "reason"),
    [
        (
            [offer(4610, 5, seller=2), offer(4000, 8, seller=3), offer(9000, 8, seller=3)],
            "Best of 3 offers: R$6.10 dearer than the cheapest, 3 days faster, quality 92 against 81.",
        ),
        (
            [offer(1000, 5, seller=1), offer(1250, 4, seller=1)],
            "Best of 2 offers: R$2.50 cheaper than the next best, 1 day slower, the same quality.",
        ),
        (
            [offer(1000, 5, seller=1, number=5), offer(1000, 5, seller=1, number=6)],
            "Best of 2 offers: at the price of the next best, as fast, the same quality.",
        ),
        ([offer(1000, 1)], "The only offer: R$10.00 a unit, 1 day, quality 80."),
    ],
)
def test_reasons(offers: list[Offer], reason: str) -> None:
    assert answer(offers).reason == reason


def test_the_reason_for_the_only_one_left() -> None:
    sold_out, dear, fits = offer(100), offer(5000), offer(1000)
    result = answer([sold_out, dear, fits], request(price_max=2000), {sold_out.offer_id: 0})
    assert result.reason == (
        "The only one of 3 offers that fits the price and quantity: "
        "R$10.00 a unit, 5 days, quality 80."
    )


def test_the_reason_for_the_offer_that_was_asked_for() -> None:
    asked = offer(1000)
    result = answer([asked], request(offer_id=asked.offer_id))
    assert result.reason == "The offer that was asked for: R$10.00 a unit, 5 days, quality 80."


def test_reasons_for_no_match() -> None:
    a, b = offer(3000), offer(2500)
    none = {a.offer_id: 0, b.offer_id: 1}
    cases = [
        (answer([]), "no_offer", "No active seller offers 'cup' in BRL."),
        (
            answer([a, b], request(price_max=2000)),
            "too_expensive",
            "The cheapest offer costs R$25.00 a unit, R$5.00 more than the limit.",
        ),
        (
            answer([a, b], request(2), none),
            "no_capacity",
            "None of 2 offers has 2 units left.",
        ),
        (
            answer([a, b], request(2, price_max=2600), none),
            "no_capacity",
            "The only offer within the limit of R$26.00 has not 2 units left.",
        ),
        (
            answer([a], request(1, offer_id=a.offer_id), none),
            "no_capacity",
            "The offer asked for has not 1 unit left.",
        ),
        (unavailable(request(), None), "offer_unavailable", "The offer asked for does not exist."),
    ]
    for result, code, reason in cases:
        assert isinstance(result, NoMatch)
        assert (result.code, result.reason) == (code, reason)


def test_weights_add_up() -> None:
    with pytest.raises(AssertionError):
        Weights(4_000, 3_000, 2_999)
