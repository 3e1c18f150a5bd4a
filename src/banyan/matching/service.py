"""Use cases of matching."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from banyan import parties
from banyan.kernel import new_id
from banyan.matching import rules, store
from banyan.matching.model import Candidate, Decision, Match, MatchRequest, NoMatch, Weights
from banyan.parties import OFFER, SELLER
from banyan.runtime import Transaction

CANDIDATES_LOGGED_MAX = 50


async def match(
    tx: Transaction, requests: Sequence[MatchRequest], weights: Weights | None = None
) -> list[Match | NoMatch]:
    """An answer for each request, in order; what is matched is reserved in this transaction.

    Earlier requests of a batch take their units before later ones choose. Every answer is logged
    with its candidates.
    """
    if not requests:
        return []
    weights = weights or Weights()
    market = await _read_market(tx, requests)
    answers: list[Match | NoMatch] = []
    decisions: list[Decision] = []
    taken: Counter[UUID] = Counter()
    for request in requests:
        answer, ranking = _answer(request, market, weights)
        if isinstance(answer, Match):
            taken[answer.offer_id] += request.quantity
            if answer.offer_id in market.left:
                market.left[answer.offer_id] -= request.quantity
        answers.append(answer)
        decisions.append(_decision(tx, request, answer, ranking, weights))
    short = await parties.reserve(tx, taken)
    assert not short, "the capacities were locked"
    await store.insert_decisions(tx, decisions)
    return answers


async def decisions_of(tx: Transaction, request_ids: Sequence[UUID]) -> list[Decision]:
    """What was decided for these requests, the oldest first."""
    return await store.select_decisions(tx, request_ids)


@dataclass(frozen=True, slots=True)
class _Market:
    """What a batch chooses from. ``left`` goes down as the batch goes on."""

    offers: dict[tuple[str, str], list[parties.Offer]]
    """Active ones, by product and currency."""
    named: dict[UUID, parties.Offer]
    """Those that requests ask for, in whatever state they are."""
    quality_bp: dict[UUID, int]
    left: dict[UUID, int]


async def _read_market(tx: Transaction, requests: Sequence[MatchRequest]) -> _Market:
    """Everything that the requests may choose from; its limited capacities stay ours until the end."""
    named_ids = {request.offer_id for request in requests if request.offer_id is not None}
    products: dict[str, set[str]] = {}
    for request in requests:
        products.setdefault(request.currency, set()).add(request.product)
    wanted = set[str]().union(*products.values())
    await parties.lock_capacity(tx, products=wanted, offer_ids=named_ids)
    found = [
        offer
        for currency, names in sorted(products.items())
        for offer in await parties.offers_for_products(tx, names, currency)
    ]
    offers: dict[tuple[str, str], list[parties.Offer]] = {}
    for offer in found:
        offers.setdefault((offer.product, offer.currency), []).append(offer)
    sellers = await parties.sellers_by_id(tx, {offer.seller_id for offer in found})
    return _Market(
        offers=offers,
        named=await parties.offers_by_id(tx, named_ids) if named_ids else {},
        quality_bp={seller_id: seller.quality_bp for seller_id, seller in sellers.items()},
        left={offer.offer_id: offer.capacity for offer in found if offer.capacity is not None},
    )


def _answer(
    request: MatchRequest, market: _Market, weights: Weights
) -> tuple[Match | NoMatch, list[Candidate]]:
    offers = market.offers.get((request.product, request.currency), [])
    if request.offer_id is not None:
        offers = [offer for offer in offers if offer.offer_id == request.offer_id]
        if not offers:
            return rules.unavailable(request, market.named.get(request.offer_id)), []
    return rules.choose(request, offers, market.quality_bp, market.left, weights)


def _decision(
    tx: Transaction,
    request: MatchRequest,
    answer: Match | NoMatch,
    ranking: Sequence[Candidate],
    weights: Weights,
) -> Decision:
    is_match = isinstance(answer, Match)
    return Decision(
        marketplace_id=tx.marketplace_id,
        decision_id=new_id(),
        request_id=request.request_id,
        product=request.product,
        quantity=request.quantity,
        currency=request.currency,
        country=request.country,
        region=request.region,
        unit_price_max_minor=request.unit_price_max.minor if request.unit_price_max else None,
        asked_offer_id=request.offer_id,
        outcome="matched" if is_match else answer.code,
        offer_id=answer.offer_id if is_match else None,
        candidates_count=len(ranking),
        candidates=[_logged(candidate) for candidate in ranking[:CANDIDATES_LOGGED_MAX]],
        reason=answer.reason,
        version=answer.version,
        weights=asdict(weights),
        decided_at=tx.now,
    )


def _logged(candidate: Candidate) -> dict[str, str | int]:
    return {
        "offer": OFFER.text(candidate.offer.offer_id),
        "seller": SELLER.text(candidate.offer.seller_id),
        "price_minor": candidate.offer.price_minor,
        "delivery_days": candidate.delivery_days,
        "price_bp": candidate.score.price_bp,
        "time_bp": candidate.score.time_bp,
        "quality_bp": candidate.score.quality_bp,
        "total_bp": candidate.score.total_bp,
    }
