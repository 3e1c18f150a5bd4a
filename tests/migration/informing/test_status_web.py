"""Status pages as browsers, calendars and programs get them."""

import json
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from banyan.console import console_routes
from banyan.kernel import FixedClock
from banyan.migration import informing
from banyan.runtime import Database, Settings
from tests.migration.informing.samples import applied, entries_of


async def _token(database: Database, live: UUID, team: str = "") -> str:
    async with database.transaction(live) as tx:
        return (await informing.create_link(tx, "shop", team=team, by="ana"))[1]


@pytest.fixture
async def outside(database: Database, clock: FixedClock) -> httpx.AsyncClient:
    """A browser of somebody without an account."""
    app = Starlette(routes=console_routes(database, Settings(), clock=clock))
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://banyan.test")


async def test_the_page_escapes_what_the_plan_says(
    database: Database, live: UUID, outside: httpx.AsyncClient
) -> None:
    await applied(database, live)
    answer = await outside.get(f"/status/{await _token(database, live)}")
    assert answer.status_code == 200
    assert "Shop &lt;of the future&gt;" in answer.text
    assert "Products &lt;moved&gt;" in answer.text
    assert "Sale &amp; stocktaking" in answer.text
    assert "<of the" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "script" not in answer.text.split("<main")[1]


async def test_a_teams_page_has_only_its_routes(
    database: Database, live: UUID, outside: httpx.AsyncClient
) -> None:
    await applied(database, live)
    token = await _token(database, live, "pay")
    page = (await outside.get(f"/status/{token}")).text
    assert "Checkout" in page
    assert "Product pages" not in page
    shown = json.loads((await outside.get(f"/status/{token}.json")).content)
    assert [route["route"] for route in shown["routes"]] == ["checkout"]
    assert shown["team"] == "pay"


async def test_the_calendar_and_the_feed_come_by_the_same_token(
    database: Database, live: UUID, outside: httpx.AsyncClient
) -> None:
    await applied(database, live)
    token = await _token(database, live)
    calendar = await outside.get(f"/status/{token}/calendar.ics")
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert len(entries_of(calendar.content)) == 5
    feed = await outside.get(f"/status/{token}/changes.atom")
    assert f"http://banyan.test/status/{token}" in feed.text


@pytest.mark.parametrize("rest", ["", ".json", "/calendar.ics", "/changes.atom"])
async def test_a_revoked_or_mistyped_link_says_so(
    database: Database, live: UUID, outside: httpx.AsyncClient, rest: str
) -> None:
    await applied(database, live)
    async with database.transaction(live) as tx:
        link, token = await informing.create_link(tx, "shop", by="ana")
        await informing.revoke_link(tx, "shop", link.link_id, by="ana")
    for one in (token, f"{token}x", "nonsense", "%00", "%ff"):
        answer = await outside.get(f"/status/{one}{rest}")
        assert answer.status_code == 404
        assert "leads nowhere" in answer.text
        assert "Shop" not in answer.text
