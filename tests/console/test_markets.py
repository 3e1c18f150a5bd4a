"""Marketplaces in addresses."""

from uuid import UUID

from banyan.console.markets import by_slug, first_slug
from banyan.kernel import new_id
from banyan.runtime import Marketplace
from tests.console.samples import NOW


def marketplace(name: str, *, livemode: bool = False) -> Marketplace:
    return Marketplace(new_id(NOW), name, livemode, "BRL", "BR", NOW)


def test_names_become_readable_and_differ() -> None:
    two = [marketplace("Móveis & Cia"), marketplace("moveis cia")]
    first, second = by_slug(two)
    assert first == "moveis-cia"
    assert second.startswith("moveis-cia-")


def test_a_name_never_hides_a_page_of_the_console() -> None:
    for name in ("Health", "static", "Sign in", "市場", ""):
        (slug,) = by_slug([marketplace(name)])
        assert slug not in ("health", "static", "sign-in", "")


def test_people_land_in_the_live_marketplace() -> None:
    markets = by_slug([marketplace("Try"), marketplace("Real", livemode=True)])
    assert first_slug(markets) == "real"
    assert first_slug({}) is None


def test_the_slug_of_a_marketplace_does_not_depend_on_later_ones() -> None:
    older = Marketplace(UUID(int=1), "Shop", True, "EUR", "DE", NOW)
    newer = Marketplace(UUID(int=2), "Shop", True, "EUR", "DE", NOW)
    assert by_slug([older])["shop"] == by_slug([older, newer])["shop"] == older
