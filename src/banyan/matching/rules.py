"""How offers are scored and one of them is chosen: whole numbers in, whole numbers out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from banyan import parties
from banyan.matching.model import Candidate, Match, MatchRequest, NoMatch, Score, Weights

OTHER_REGION_DAYS = 3
"""What the way to another region of the same country adds to an offer's lead time."""

OTHER_COUNTRY_DAYS = 10
"""What the way to another country adds."""


def choose(
    request: MatchRequest,
    offers: Sequence[parties.Offer],
    quality_bp: Mapping[UUID, int],
    left: Mapping[UUID, int],
    weights: Weights,
) -> tuple[Match | NoMatch, list[Candidate]]:
    """The best offer for a request, and every offer that could do, the best first.

    ``offers`` are active, of the product and in the currency asked for; ``quality_bp`` is by
    seller; ``left`` has the units left of every offer that has a limit.
    """
    affordable = [offer for offer in offers if _is_affordable(request, offer)]
    able = [
        offer
        for offer in affordable
        if left.get(offer.offer_id, request.quantity) >= request.quantity
    ]
    if not able:
        return _no_match(request, offers, affordable), []
    ranking = ranked(request, able, quality_bp, weights)
    best = ranking[0]
    match = Match(
        request_id=request.request_id,
        offer=best.offer,
        lead_time_days=best.delivery_days,
        score=best.score,
        candidates=len(ranking),
        reason=reason_for(request, ranking, len(offers)),
    )
    return match, ranking


def unavailable(request: MatchRequest, offer: parties.Offer | None) -> NoMatch:
    """The answer where the offer that the request names can't be had at all."""
    if offer is None:
        why = "does not exist"
    elif offer.product != request.product:
        why = "is for another product"
    elif offer.currency != request.currency:
        why = f"is in {offer.currency}, not in {request.currency}"
    elif offer.status != "active":
        why = f"is {offer.status}"
    else:
        why = "is of a seller who is not active"
    return NoMatch(request.request_id, "offer_unavailable", f"The offer asked for {why}.")


def ranked(
    request: MatchRequest,
    offers: Sequence[parties.Offer],
    quality_bp: Mapping[UUID, int],
    weights: Weights,
) -> list[Candidate]:
    """The offers, the best first.

    The cheapest gets 10,000 for its price and the fastest for its time; the others get less in
    proportion. Of equal scores the cheaper wins, then the faster, the better seller, the older
    offer: no offer stands behind one that is worse in something and better in nothing.
    """
    cheapest_minor = min(offer.price_minor for offer in offers)
    fastest_days = min(delivery_days(request, offer) for offer in offers)
    candidates: list[Candidate] = []
    for offer in offers:
        days = delivery_days(request, offer)
        price_bp = 10_000 * cheapest_minor // offer.price_minor
        time_bp = 10_000 * (fastest_days + 1) // (days + 1)
        seller_bp = quality_bp[offer.seller_id]
        total_bp = (
            weights.price_bp * price_bp + weights.time_bp * time_bp + weights.quality_bp * seller_bp
        ) // 10_000
        candidates.append(Candidate(offer, days, Score(price_bp, time_bp, seller_bp, total_bp)))
    return sorted(candidates, key=_rank)


def delivery_days(request: MatchRequest, offer: parties.Offer) -> int:
    """The offer's lead time and what the way to the buyer adds."""
    if offer.country != request.country:
        return offer.lead_time_days + OTHER_COUNTRY_DAYS
    if (offer.region or "") != (request.region or ""):
        return offer.lead_time_days + OTHER_REGION_DAYS
    return offer.lead_time_days


def reason_for(request: MatchRequest, ranking: Sequence[Candidate], offers_count: int) -> str:
    """Why the first of ``ranking`` was chosen, out of ``offers_count`` offers of the product."""
    best = ranking[0]
    if request.offer_id is not None:
        return f"The offer that was asked for: {_plainly(best)}."
    if len(ranking) == 1:
        which = "The only offer" if offers_count == 1 else f"The only one of {offers_count} offers"
        fits = "" if offers_count == 1 else " that fits the price and quantity"
        return f"{which}{fits}: {_plainly(best)}."
    cheapest = min(ranking, key=lambda it: it.offer.price_minor)
    if best.offer.price_minor == cheapest.offer.price_minor:
        rival, name = ranking[1], "the next best"
    else:
        rival, name = cheapest, "the cheapest"
    return f"Best of {len(ranking)} offers: {_compared(best, rival, name)}."


def _no_match(
    request: MatchRequest, offers: Sequence[parties.Offer], affordable: Sequence[parties.Offer]
) -> NoMatch:
    limit = request.unit_price_max
    if not offers:
        reason = f"No active seller offers {request.product!r} in {request.currency}."
        return NoMatch(request.request_id, "no_offer", reason)
    if not affordable and limit is not None:
        cheapest = min(offer.price for offer in offers)
        over = (cheapest - limit).format()
        which = "The cheapest offer" if request.offer_id is None else "The offer asked for"
        reason = f"{which} costs {cheapest.format()} a unit, {over} more than the limit."
        return NoMatch(request.request_id, "too_expensive", reason)
    within = "" if limit is None else f" within the limit of {limit.format()}"
    if request.offer_id is not None:
        which = "The offer asked for has not"
    elif len(affordable) == 1:
        which = f"The only offer{within} has not"
    else:
        which = f"None of {len(affordable)} offers{within} has"
    units = "1 unit" if request.quantity == 1 else f"{request.quantity} units"
    return NoMatch(request.request_id, "no_capacity", f"{which} {units} left.")


def _rank(it: Candidate) -> tuple[int, int, int, int, datetime, UUID]:
    offer, score = it.offer, it.score
    return (
        -score.total_bp,
        offer.price_minor,
        it.delivery_days,
        -score.quality_bp,
        offer.created_at,
        offer.offer_id,
    )


def _is_affordable(request: MatchRequest, offer: parties.Offer) -> bool:
    return request.unit_price_max is None or offer.price <= request.unit_price_max


def _plainly(it: Candidate) -> str:
    price = it.offer.price.format()
    return f"{price} a unit, {_days(it.delivery_days)}, quality {_percent(it.score.quality_bp)}"


def _compared(best: Candidate, rival: Candidate, name: str) -> str:
    parts = [_price_compared(best, rival, name)]
    days = best.delivery_days - rival.delivery_days
    if days:
        parts.append(f"{_days(abs(days))} {'slower' if days > 0 else 'faster'}")
    else:
        parts.append("as fast")
    if best.score.quality_bp == rival.score.quality_bp:
        parts.append("the same quality")
    else:
        parts.append(
            f"quality {_percent(best.score.quality_bp)} against {_percent(rival.score.quality_bp)}"
        )
    return ", ".join(parts)


def _price_compared(best: Candidate, rival: Candidate, name: str) -> str:
    more = best.offer.price - rival.offer.price
    if more.minor > 0:
        return f"{more.format()} dearer than {name}"
    if more.minor < 0:
        return f"{(-more).format()} cheaper than {name}"
    return f"at the price of {name}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _percent(part_bp: int) -> str:
    """Basis points as a percentage without needless zeros: 9,250 is 92.5."""
    whole, rest = divmod(part_bp, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")
