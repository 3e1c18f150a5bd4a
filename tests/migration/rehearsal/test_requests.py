"""What the customers of a rehearsal ask for."""

import pytest

from banyan import migration
from banyan.gateway import GatewaySpec
from banyan.migration import RehearsalImpossible
from banyan.migration.rehearsal.requests import crawl, read_requests
from tests.migration.rehearsal.shop import Shop, plan_of


def spec() -> GatewaySpec:
    plan = migration.read_plan(plan_of("http://127.0.0.1:1", "http://127.0.0.1:2")).plan
    assert plan is not None
    return migration.spec_of(plan, {})


def test_a_file_names_paths() -> None:
    text = "# remarks\nGET /product/1\n\n/stock/2?x=1\nget /product/1  # again\n"
    assert read_requests(text, spec()) == {"product": ("/product/1",), "stock": ("/stock/2?x=1",)}


@pytest.mark.parametrize("line", ["POST /product/1", "product/1", "GET", "GET /nothing/of/ours"])
def test_what_is_no_request_of_a_route_is_refused(line: str) -> None:
    with pytest.raises(RehearsalImpossible, match="Line 2"):
        read_requests(f"/product/1\n{line}", spec())


async def test_links_are_followed() -> None:
    async with Shop("legacy") as shop:
        found = await crawl(shop.url, "shop.example", spec())
    assert found == {"product": ("/product/1", "/product/2"), "stock": ("/stock/1", "/stock/2")}
