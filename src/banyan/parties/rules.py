"""Decisions of parties, without input or output."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from msgspec import UNSET

from banyan.kernel import CurrencyMismatch, Fault, InvalidMoney, Money
from banyan.parties.errors import InvalidCountry
from banyan.parties.model import COUNTRIES, Offer, OfferChange


def check_country(code: str, pointer: str = "/country") -> None:
    """``InvalidCountry`` unless it is a code of ISO 3166-1."""
    if code not in COUNTRIES:
        detail = f"{code[:10]!r} is not a country code of ISO 3166-1, such as 'BR'."
        raise InvalidCountry(detail, faults=(Fault("invalid_country", detail, pointer),))


def check_price(price: Money) -> None:
    """``InvalidMoney`` unless it is above zero."""
    if price.minor <= 0:
        detail = f"A price is above zero; {price} is not."
        raise InvalidMoney(detail, faults=(Fault("invalid_money", detail, "/price/amount"),))


def changed(offer: Offer, change: OfferChange) -> Offer:
    """The offer after the change. Its currency stays: orders at the old price may be under way."""
    price = offer.price if change.price is None else change.price
    check_price(price)
    if price.currency.code != offer.currency:
        detail = f"The offer is in {offer.currency}; make a new one to sell in {price.currency}."
        raise CurrencyMismatch(
            detail, faults=(Fault("currency_mismatch", detail, "/price/currency"),)
        )
    return replace(
        offer,
        price_minor=price.minor,
        lead_time_days=(
            offer.lead_time_days if change.lead_time_days is None else change.lead_time_days
        ),
        capacity=offer.capacity if change.capacity is UNSET else change.capacity,
        status=change.status or offer.status,
    )


def too_short(wanted: Mapping[UUID, int], left: Mapping[UUID, int]) -> set[UUID]:
    """The offers with fewer units left than wanted; what isn't in ``left`` is unlimited."""
    return {
        offer_id
        for offer_id, quantity in wanted.items()
        if offer_id in left and left[offer_id] < quantity
    }
