"""Open pages hear that something has changed, and nobody else does."""

import asyncio
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from banyan.console.live import Listener, LiveFeed
from banyan.console.visit import position_in, position_text
from banyan.runtime import Database, Event, StreamPosition, stream_end
from tests.console.conftest import Console
from tests.orders.market import Market


async def record(market: Market, subject: str) -> None:
    async with market.database.transaction(market.marketplace_id) as tx:
        await tx.record(Event("order.tested", subject, {}))


async def test_a_page_hears_of_its_own_subjects_only(database: Database, market: Market) -> None:
    feed = LiveFeed(database)
    with (
        feed.listening(market.marketplace_id, None) as every,
        feed.listening(market.marketplace_id, frozenset({"ord_a"})) as one,
        feed.listening(market.marketplace_id, frozenset({"ord_b"})) as other,
    ):
        await feed.followed(market.marketplace_id)
        await record(market, "ord_a")
        assert await every.is_stale_within(10)
        assert await one.is_stale_within(10)
        assert not await other.is_stale_within(0.01)


async def test_another_marketplaces_events_are_not_heard(
    database: Database, market: Market, console: Console
) -> None:
    async with database.across_marketplaces() as queries:
        live = await queries.value("select marketplace_id from runtime.marketplaces where livemode")
    feed = LiveFeed(database)
    with (
        feed.listening(live, None) as theirs,
        feed.listening(market.marketplace_id, None) as ours,
    ):
        await feed.followed(live)
        await feed.followed(market.marketplace_id)
        await record(market, "ord_a")
        assert await ours.is_stale_within(10)
        assert not await theirs.is_stale_within(0.01)


async def test_nothing_is_read_once_the_last_page_is_closed(
    database: Database, market: Market
) -> None:
    feed = LiveFeed(database)
    before = len(asyncio.all_tasks())
    here = market.marketplace_id
    with feed.listening(here, None), feed.listening(here, None):
        assert len(asyncio.all_tasks()) == before + 1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


async def test_a_page_that_was_out_of_date_before_it_listened_hears_at_once(
    console: Console, market: Market
) -> None:
    browser = await console.enter("viewer")
    order = await market.place()
    page = await browser.open(f"/console/sandbox/orders/{order.reference}")
    found = re.search(r'data-live-href="([^"]+)"', page)
    assert found is not None
    href = unescape(found[1])
    assert order.reference in href
    await market.ship_and_deliver(order)
    since = position_in(parse_qs(urlsplit(href).query)["since"][0])
    async with market.database.transaction(market.marketplace_id) as tx:
        assert await stream_end(tx) > since


def test_a_position_is_read_back_and_nonsense_is_the_beginning() -> None:
    at = StreamPosition(12, 34)
    assert position_in(position_text(at)) == at
    for text in ("", "-", "a-b", "1", "1-x", "\u0661-1"):
        assert position_in(text) == StreamPosition()


@pytest.mark.parametrize(
    ("listens", "news", "hears"),
    [(None, {"a"}, True), ({"a"}, {"a", "b"}, True), ({"c"}, {"a"}, False), ({"c"}, None, True)],
)
async def test_a_listener_hears_what_it_listens_to(
    listens: set[str] | None, news: set[str] | None, *, hears: bool
) -> None:
    listener = Listener(None if listens is None else frozenset(listens))
    listener.tell(None if news is None else frozenset(news))
    assert await listener.is_stale_within(0.01) is hears
    assert not await listener.is_stale_within(0.01), "told once"
