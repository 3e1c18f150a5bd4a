import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from banyan.replay import CallRefused, NothingToReplay, Progress, ReplaySummary, replay
from banyan.replay.plan import CARD_OK, Act, Plan, make_plan
from banyan.replay.source import read_source
from tests.replay.fake_marketplace import FakeMarketplace, Json

EXTRACT = Path(__file__).parents[2] / "examples" / "olist"
LIMIT = 40


class BreakingTransport(httpx.ASGITransport):
    """Turns a crash of the app into a lost connection, as a client sees it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except Exception as error:
            if isinstance(error, httpx.HTTPError) or type(error).__name__ != "Away":
                raise
            raise httpx.ReadError("connection lost", request=request) from error


async def run(market: FakeMarketplace, **options) -> ReplaySummary:
    options = {"limit": LIMIT, "slice_length": timedelta(days=1)} | options
    transport = BreakingTransport(market.app())
    return await replay(EXTRACT, "http://market", "key", transport=transport, **options)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(read_source(EXTRACT), LIMIT)


@pytest.fixture(scope="module")
def whole() -> FakeMarketplace:
    """A marketplace after a run that nothing disturbed."""
    market = FakeMarketplace()
    asyncio.run(run(market))
    return market


def state_of(market: FakeMarketplace) -> dict[str, Json]:
    """All that matters of the orders, without ids that depend on who came first."""
    return {
        str(order["external_id"]): {
            "state": order["state"],
            "lines": [{**line, "offer": None} for line in order["lines"]],
            "refunds": order["refunds"],
        }
        for order in market.of("orders")
    }


def test_every_order_is_placed_once_and_goes_its_way(plan: Plan, whole: FakeMarketplace):
    market = whole
    assert len(market.of("orders")) == LIMIT
    for step in plan.steps:
        order = market.order(step.order.order_id)
        is_over = step.at <= market.now
        if is_over and step.act is Act.DELIVER and order["payment_method"]["token"] == CARD_OK:
            assert order["state"] in {"delivered", "in_review", "declined"}
    states = Counter(order["state"] for order in market.of("orders"))
    assert states["delivered"] > 0.7 * LIMIT


def test_an_order_says_what_the_data_says(plan: Plan, whole: FakeMarketplace):
    market = whole
    first = plan.steps[0].order
    order = market.order(first.order_id)
    assert order["lines"][0]["unit_price_max"] == {"amount": 5490, "currency": "BRL"}
    assert order["shipping"] == {"amount": 1188, "currency": "BRL"}
    assert order["ship_to"] == {"country": "BR", "region": first.buyer.state}
    assert order["payment_method"] == {
        "type": "boleto",
        "token": "tok_boleto",
        "installments": 1,
        "fingerprint": f"olist-{first.buyer.buyer_id}",
    }
    (seller,) = [
        row for row in market.of("sellers") if row["external_id"] == first.items[0].seller_id
    ]
    offered = [row for row in market.of("offers") if row["product"] == order["lines"][0]["product"]]
    assert [(offer["seller"], offer["price"]["amount"]) for offer in offered] == [
        (seller["id"], 5490)
    ]


def test_orders_meet_the_clock_of_their_day(plan: Plan, whole: FakeMarketplace):
    market = whole
    for step in plan.steps:
        if step.act is Act.PLACE:
            placed_at = market.order(step.order.order_id)["placed_at"]
            assert timedelta() <= placed_at - step.at <= timedelta(days=1)
    last_order_at = max(step.at for step in plan.steps if step.act is Act.PLACE)
    assert timedelta(days=20) < market.now - last_order_at <= timedelta(days=21)


async def test_lost_answers_and_outages_change_nothing(whole: FakeMarketplace):
    rough = FakeMarketplace(break_every=17)
    summary = await run(rough)
    assert (summary.orders_placed, summary.refusals) == (LIMIT, ())
    assert state_of(rough) == state_of(whole)
    assert rough.happened == whole.happened
    assert len(rough.of("offers")) == len(whole.of("offers"))


@pytest.mark.parametrize("halt_at", [30, 200, 400])
async def test_a_run_that_is_stopped_goes_on_without_doubling(whole: FakeMarketplace, halt_at: int):
    market = FakeMarketplace(halt_at=halt_at)
    stopped = asyncio.create_task(run(market))
    await market.halted.wait()
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped

    market.answers.clear()
    await run(market)
    assert state_of(market) == state_of(whole)
    for kind in ("sellers", "buyers", "offers", "orders"):
        assert len(market.of(kind)) == len(whole.of(kind))
    assert market.happened["refunds"] == whole.happened["refunds"]


async def test_a_second_run_sends_nothing_but_the_clock():
    market = FakeMarketplace()
    await run(market)
    market.calls.clear()
    happened = market.happened.copy()
    summary = await run(market)
    assert (summary.orders_placed, summary.orders_continued) == (0, LIMIT)
    assert market.happened == happened
    made = [path for path, _, _ in market.calls if path.count("/") == 2]
    assert made == []


async def test_the_newest_cases_stay_open_and_the_others_are_resolved():
    market = FakeMarketplace()
    summary = await run(market, cases_left_open=2)
    cases = market.of("cases")
    is_open = [case["state"] == "open" for case in cases]
    assert is_open == [False] * (len(cases) - 2) + [True] * 2
    assert summary.steps_waiting > 0


async def test_the_unlucky_ones_have_their_way_too():
    market = FakeMarketplace()
    summary = await run(market, limit=300)
    asked = [o for o in market.of("orders") if o["payment_method"]["token"] == "tok_requires_3ds"]
    assert 0 < market.happened["authenticate"] <= len(asked)
    assert market.happened["refunds"] > 0
    assert summary.marketplace.orders["declined"] > 0


async def test_a_sandbox_whose_clock_is_past_the_data_is_refused(plan: Plan):
    market = FakeMarketplace(now=plan.steps[-1].at)
    with pytest.raises(CallRefused, match="Replay them in a new sandbox"):
        await run(market)
    assert market.of("orders") == []


async def test_orders_that_the_clock_has_passed_are_left_out_and_counted():
    market = FakeMarketplace()
    await run(market, limit=20)
    summary = await run(market)
    assert len(market.of("orders")) == 20
    assert (summary.orders_continued, summary.orders_too_late) == (20, LIMIT - 20)


async def test_progress_tells_how_far_it_is():
    told: list[Progress] = []
    await run(FakeMarketplace(), limit=40, on_progress=told.append)
    assert told[0].phase == "Opening the catalogue"
    assert [one.orders_done for one in told] == sorted(one.orders_done for one in told)
    assert (told[-1].phase, told[-1].orders_done, told[-1].orders_total) == ("Settling", 40, 40)


async def test_nothing_to_replay_is_said():
    with pytest.raises(NothingToReplay):
        await run(FakeMarketplace(), limit=0)
