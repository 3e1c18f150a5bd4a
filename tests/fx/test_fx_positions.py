import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan import fx, ledger
from banyan.fx import DealNotFound, InvalidTrade, RateMissing, TradeDraft, TradeIdReused
from banyan.kernel import FixedClock, Money, derived_id
from banyan.ledger import Leg, Transfer
from banyan.runtime import Database, create_marketplace
from tests.conftest import START
from tests.fx.conftest import BANK, Desk, money


async def test_a_position_its_value_and_its_end(desk: Desk) -> None:
    await desk.convert("100.00 USD", "BRL")
    await desk.set_rate("USD", "BRL", "3.30")
    await desk.run()
    async with desk.begin() as tx:
        found = await fx.positions(tx)
    [dollars] = found.exposures
    assert (dollars.quantity, dollars.book) == (money("100.00 USD"), money("324.36 BRL"))
    assert (dollars.market, dollars.unrealised) == (money("330.00 BRL"), money("5.64 BRL"))
    assert (found.unrealised, found.deals_not_booked) == (money("5.64 BRL"), 0)

    deal = await desk.trade("100.00 USD", "329.00 BRL")
    assert (deal.number, deal.value) == (2, money("329.00 BRL"))
    assert await desk.balances() == {
        "platform:bank BRL": 32_111 - 32_900,
        "fx:spread BRL": 325,
        "fx:gain BRL": 464,
    }
    async with desk.begin() as tx:
        assert (await fx.positions(tx)).exposures == ()
        results = await fx.results(tx)
        [gain] = (await fx.gains_of(tx, [deal.deal_id]))[deal.deal_id]
    assert (results.spread, results.realised) == (money("3.25 BRL"), money("4.64 BRL"))
    assert (gain.closed_minor, gain.cost_minor, gain.value_minor) == (10_000, 32_436, 32_900)
    await desk.check()


async def test_a_loss_is_booked_as_one(desk: Desk) -> None:
    """The provider settled at a rate worse than the one that was booked."""
    await desk.convert("100.00 USD", "BRL", spread_bp=0)
    await desk.trade("100.00 USD", "320.00 BRL")
    balances = await desk.balances()
    assert balances["fx:gain BRL"] == 32_000 - 32_436
    assert "fx:position USD" not in balances
    assert "fx:position BRL" not in balances
    await desk.check()


async def test_customers_who_go_both_ways_close_each_other(desk: Desk) -> None:
    await desk.convert("100.00 USD", "BRL", spread_bp=0)
    await desk.set_rate("USD", "BRL", "3.30")
    await desk.convert("BRL", "40.00 USD", spread_bp=0)
    await desk.run()
    async with desk.begin() as tx:
        [dollars] = (await fx.positions(tx)).exposures
        [gained] = (await fx.results(tx)).gains
    assert dollars.quantity == money("60.00 USD")
    assert (gained.currency, gained.gain) == ("USD", money("2.26 BRL"))  # 132.00 - 129.74
    await desk.check()


async def test_a_trade_between_two_others_counts_in_own_currency(desk: Desk) -> None:
    await desk.trade("100.00 USD", "81.50 EUR")
    async with desk.begin() as tx:
        found = await fx.positions(tx)
    euros, dollars = found.exposures
    assert (euros.book, dollars.book) == (money("322.88 BRL"), money("-322.88 BRL"))
    assert dollars.quantity == money("-100.00 USD")
    await desk.check()


async def test_positions_are_right_before_the_book_is(desk: Desk) -> None:
    for sell, buy in (("100.00 USD", "BRL"), ("BRL", "50.00 USD"), ("5000 JPY", "USD")):
        await desk.convert(sell, buy)
    async with desk.begin() as tx:
        before = await fx.positions(tx)
    await desk.run()
    async with desk.begin() as tx:
        after = await fx.positions(tx)
    assert (before.deals_not_booked, after.deals_not_booked) == (3, 0)
    assert before.exposures == after.exposures
    await desk.check()


async def test_without_a_rate_there_is_no_value(desk: Desk) -> None:
    await desk.convert("100.00 USD", "BRL")
    await desk.later(days=30)
    async with desk.begin() as tx:
        found = await fx.positions(tx)
    assert [it.market for it in found.exposures] == [None]
    assert found.unrealised is None


async def test_what_the_ledger_says_otherwise_is_told(desk: Desk) -> None:
    await desk.convert("100.00 USD", "BRL")
    async with desk.begin() as tx:
        leg = Leg(
            ledger.Account("fx:position", "USD"),
            ledger.Account("elsewhere", "USD"),
            Money.of(1, "USD"),
            "by_hand",
        )
        await ledger.post_or_refuse(tx, [Transfer(uuid4(), (leg,), "x")])
        found = await fx.positions(tx)
    assert [it.is_balanced for it in found.exposures] == [False]


async def test_a_trade_is_recorded_once(desk: Desk) -> None:
    trade_id = uuid4()
    first = await desk.trade("100.00 USD", "320.00 BRL", trade_id)
    balances = await desk.balances()
    assert await desk.trade("100.00 USD", "320.00 BRL", trade_id) == first
    with pytest.raises(TradeIdReused):
        await desk.trade("100.00 USD", "320.01 BRL", trade_id)
    assert await desk.balances() == balances
    assert (await desk.events()).count("fx_trade.recorded") == 1


@pytest.mark.parametrize(
    ("sold", "bought", "hours"), [("1.00 USD", "1.00 USD", 0), ("1.00 USD", "3.00 BRL", 1)]
)
async def test_what_is_no_trade(desk: Desk, sold: str, bought: str, hours: int) -> None:
    async with desk.begin() as tx:
        at = tx.now + timedelta(hours=hours)
        draft = TradeDraft(uuid4(), money(sold), money(bought), "x", at)
        with pytest.raises(InvalidTrade):
            await fx.trade(tx, draft, sold_from=BANK, bought_to=BANK)
        no_rate = TradeDraft(uuid4(), money("1.00 USD"), money("8.00 NOK"), "x")
        with pytest.raises(RateMissing):
            await fx.record_trades(tx, [no_rate])
        with pytest.raises(DealNotFound):
            await fx.get_deal(tx, uuid4())


async def test_a_provider_that_settles_in_another_currency(desk: Desk) -> None:
    """A caller records the trade and posts its legs among its own; the gain follows."""
    await desk.convert("100.00 USD", "BRL", spread_bp=0)
    sold, bought = money("100.00 USD"), money("321.00 BRL")
    async with desk.begin() as tx:
        await fx.record_trades(tx, [TradeDraft(uuid4(), sold, bought, "settlement 7")])
        bank = {c: ledger.Account(BANK, c, normal=ledger.Side.DEBIT) for c in ("USD", "BRL")}
        fee = Leg(ledger.Account("provider:x:fees", "BRL"), bank["BRL"], Money.of(70, "BRL"), "fee")
        legs = fx.trade_legs(sold=sold, sold_from=bank["USD"], bought=bought, bought_to=bank["BRL"])
        await ledger.post_or_refuse(tx, [Transfer(uuid4(), (*legs, fee), "settlement 7")])
    await desk.run()
    assert (await desk.balances())["fx:gain BRL"] == 32_100 - 32_436
    await desk.check()


async def test_the_book_counts_every_deal_once_whoever_books(desk: Desk) -> None:
    async def exchange(n: int) -> None:
        await desk.convert(f"{n}.00 USD", "BRL")
        async with desk.begin() as tx:
            await fx.book_deals(tx)

    await asyncio.gather(*(exchange(n) for n in range(1, 9)))
    await desk.run()
    async with desk.begin() as tx:
        deals = (await fx.list_deals(tx)).data
        [dollars] = (await fx.positions(tx)).exposures
    assert sorted(deal.number or 0 for deal in deals) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert dollars.quantity == money("36.00 USD")
    await desk.check()


async def test_a_deal_that_dies_before_its_commit_leaves_nothing(desk: Desk) -> None:
    quote = await desk.quote("100.00 USD", "BRL")
    with pytest.raises(ZeroDivisionError):
        async with desk.begin() as tx:
            await fx.convert(tx, quote.quote_id, source=BANK, target=BANK)
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        async with desk.begin() as tx:
            await fx.book_deals(tx)
            raise ZeroDivisionError
    assert await desk.balances() == {}
    async with desk.begin() as tx:
        await fx.convert(tx, quote.quote_id, source=BANK, target=BANK)
    await desk.check()


steps = st.lists(
    st.tuples(
        st.sampled_from(["convert", "trade", "rate", "book"]),
        st.permutations(["BRL", "USD", "EUR", "JPY"]),
        st.integers(1, 3_000),  # they multiply from step to step
        st.integers(1, 3_000),
    ),
    min_size=1,
    max_size=12,
)


@given(steps)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_history_reconciles(fx_url: str, run: list[tuple[str, list[str], int, int]]) -> None:
    """Ledger, positions, spread and gains agree to the minor unit, after every step."""
    asyncio.run(_play(fx_url, run))


async def _play(url: str, run: list[tuple[str, list[str], int, int]]) -> None:
    database = await Database.open(url, size=2, clock=FixedClock(START))
    try:
        marketplace = await create_marketplace(
            database, name="Law", livemode=False, currency="BRL", country="BR", now=START,
            clock_at=START,
        )  # fmt: skip
        desk = Desk(database, marketplace.marketplace_id)
        await desk.prepare()
        for nth, step in enumerate(run):
            await _step(desk, nth, *step)
            await desk.check()
        async with desk.begin() as tx:
            await fx.book_deals(tx)
            results = await fx.results(tx)
            found = await fx.positions(tx)
        await desk.check()
        balances = await desk.balances()
        assert balances.get("fx:gain BRL", 0) == results.realised.minor
        assert balances.get("fx:spread BRL", 0) == results.spread.minor
        assert balances.get("fx:position BRL", 0) == -found.book.minor
    finally:
        await database.close()


async def _step(desk: Desk, nth: int, kind: str, codes: list[str], one: int, other: int) -> None:
    sell, buy = codes[:2]
    if kind == "convert":
        async with desk.begin() as tx:
            quote_id = derived_id(UUID(int=one), nth)
            try:
                await fx.quote(tx, sell=Money.of(one, sell), buy=buy, quote_id=quote_id)
            except fx.AmountTooSmall:
                return
            await fx.convert(tx, quote_id, source=BANK, target=BANK)
    elif kind == "trade":
        async with desk.begin() as tx:
            draft = TradeDraft(uuid4(), Money.of(one, sell), Money.of(other, buy), "x")
            await fx.trade(tx, draft, sold_from=BANK, bought_to=BANK)
    elif kind == "rate":
        await desk.set_rate(sell, buy, f"{one % 100 or 1}.{other:06}")
    else:
        async with desk.begin() as tx:
            await fx.book_deals(tx)
