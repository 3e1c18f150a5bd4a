"""Marketplaces in addresses."""

from uuid import UUID

from banyan.console.markets import by_slug, likeliest_first
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


def test_people_land_where_something_happens_and_else_in_the_live_marketplace() -> None:
    sandbox, real = marketplace("Try"), marketplace("Real", livemode=True)
    markets = by_slug([sandbox, real])
    assert list(likeliest_first(markets, set())) == ["real", "try"]
    assert list(likeliest_first(markets, {sandbox.marketplace_id})) == ["try", "real"]
    both = {sandbox.marketplace_id, real.marketplace_id}
    assert list(likeliest_first(markets, both)) == ["real", "try"]


def test_the_slug_of_a_marketplace_does_not_depend_on_later_ones() -> None:
    older = Marketplace(UUID(int=1), "Shop", True, "EUR", "DE", NOW)
    newer = Marketplace(UUID(int=2), "Shop", True, "EUR", "DE", NOW)
    assert by_slug([older])["shop"] == by_slug([older, newer])["shop"] == older
