from datetime import UTC, datetime
from uuid import UUID

import pytest

from banyan import parties
from banyan.kernel import CurrencyMismatch, InvalidMoney, Money
from banyan.parties import InvalidCountry, Offer, OfferChange
from banyan.parties.rules import changed, check_country, too_short

OFFER = Offer(
    marketplace_id=UUID(int=1),
    offer_id=UUID(int=2),
    seller_id=UUID(int=3),
    external_id=None,
    product="cup",
    category=None,
    price_minor=4990,
    currency="BRL",
    lead_time_days=5,
    capacity=7,
    country="BR",
    region="SP",
    status="active",
    created_at=datetime(2018, 3, 1, tzinfo=UTC),
)


def test_nothing_given_changes_nothing() -> None:
    assert changed(OFFER, OfferChange()) == OFFER


def test_none_makes_the_capacity_unlimited_and_zero_is_a_capacity() -> None:
    assert changed(OFFER, OfferChange(capacity=None)).capacity is None
    assert changed(OFFER, OfferChange(capacity=0)).capacity == 0


def test_what_is_given_changes() -> None:
    change = OfferChange(price=Money.of(4500, "BRL"), lead_time_days=0, status="paused")
    updated = changed(OFFER, change)
    assert (updated.price, updated.lead_time_days, updated.status) == (change.price, 0, "paused")


def test_a_price_is_above_zero_and_in_the_same_currency() -> None:
    with pytest.raises(InvalidMoney):
        changed(OFFER, OfferChange(price=Money.zero("BRL")))
    with pytest.raises(CurrencyMismatch):
        changed(OFFER, OfferChange(price=Money.of(4990, "EUR")))


@pytest.mark.parametrize("code", ["br", "ZZ", "EU", "BRA", ""])
def test_what_is_no_country(code: str) -> None:
    with pytest.raises(InvalidCountry):
        check_country(code)


def test_countries_are_those_of_iso_3166() -> None:
    check_country("BR")
    assert len(parties.COUNTRIES) == 249 + 1, "and Kosovo"


def test_what_has_no_limit_is_never_too_short() -> None:
    limited, unlimited = UUID(int=1), UUID(int=2)
    wanted = {limited: 3, unlimited: 3}
    assert too_short(wanted, {limited: 3}) == set()
    assert too_short(wanted, {limited: 2}) == {limited}
