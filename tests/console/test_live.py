"""Open pages hear that something has changed, and nobody else does."""

import asyncio

import pytest

from banyan.console.live import Listener, LiveFeed
from banyan.runtime import Database, Event
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
    with feed.listening(market.marketplace_id, None):
        with feed.listening(market.marketplace_id, None):
            assert len(asyncio.all_tasks()) == before + 1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


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
