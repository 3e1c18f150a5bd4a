import asyncio
from datetime import timedelta
from fractions import Fraction
from uuid import UUID, uuid4

import msgspec
import pytest

from banyan import fx, ledger
from banyan.fx import (
    AmountTooSmall,
    QuoteExpired,
    QuoteIdReused,
    QuoteNotFound,
    QuoteUsed,
    RateMissing,
    RateStale,
    SameCurrency,
    Step,
)
from banyan.kernel import BanyanError, InvalidMoney, Money, derived_id
from banyan.ledger import AccountNotFound, Leg, Transfer, TransferRejected
from banyan.runtime import Database
from tests.fx.conftest import BANK, Desk, money


async def test_a_quote_says_where_it_comes_from(desk: Desk) -> None:
    quote = await desk.quote("100.00 USD", "BRL")
    assert (quote.sell, quote.buy) == (money("100.00 USD"), money("321.11 BRL"))
    assert (quote.value, quote.spread) == (money("324.36 BRL"), money("3.25 BRL"))
    assert (str(quote.mid_rate), quote.spread_bp) == ("3.24357294907", 100)
    assert quote.expires_at - quote.created_at == timedelta(seconds=900)
    exact = Fraction(1)
    for step in msgspec.convert(quote.path, list[Step]):
        exact *= step.factor
    assert exact == Fraction("3.9617") / Fraction("1.2214")
    async with desk.begin() as tx:
        assert await fx.get_quote(tx, quote.quote_id) == quote


async def test_either_amount_can_be_fixed(desk: Desk) -> None:
    quote = await desk.quote("USD", "321.12 BRL", spread_bp=100)
    assert (quote.fixed, quote.sell, quote.buy) == ("buy", money("100.01 USD"), money("321.12 BRL"))


@pytest.mark.parametrize(
    ("sell", "buy", "refusal"),
    [
        ("100.00 USD", "USD", SameCurrency),
        ("1 JPY", "EUR", AmountTooSmall),
        ("100.00 USD", "XXX", InvalidMoney),
        ("USD", "9000000000000.00 BRL", None),
        ("JPY", "9000000000000.00 BRL", None),
        ("KWD", "9000000000000.00 BRL", RateMissing),
        ("BRL", "9000000000000.00 USD", InvalidMoney),
    ],
)
async def test_what_cannot_be_quoted(
    desk: Desk, sell: str, buy: str, refusal: type[BanyanError] | None
) -> None:
    if refusal is None:
        await desk.quote(sell, buy)
        return
    with pytest.raises(refusal):
        await desk.quote(sell, buy)


async def test_no_quote_at_rates_that_are_too_old(desk: Desk) -> None:
    await desk.later(days=5)
    with pytest.raises(RateStale):
        await desk.quote("100.00 USD", "BRL")


async def test_an_id_names_one_quote(desk: Desk) -> None:
    quote_id = uuid4()
    first = await desk.quote("100.00 USD", "BRL", quote_id=quote_id)
    await desk.set_rate("USD", "BRL", "3.5")
    assert await desk.quote("100.00 USD", "BRL", quote_id=quote_id) == first
    for sell, buy in (("100.01 USD", "BRL"), ("100.00 USD", "JPY"), ("USD", "321.11 BRL")):
        with pytest.raises(QuoteIdReused):
            await desk.quote(sell, buy, quote_id=quote_id)
    assert (await desk.events()).count("fx_quote.created") == 1


async def test_a_quote_is_used_once_by_one(desk: Desk) -> None:
    quote = await desk.quote("100.00 USD", "BRL")
    for _ in range(2):
        async with desk.begin() as tx:
            used = await fx.use_quote(tx, quote.quote_id, "pay_1")
            assert (used.used_by, used.state(tx.now)) == ("pay_1", "used")
    async with desk.begin() as tx:
        with pytest.raises(QuoteUsed, match="was used by pay_1"):
            await fx.use_quote(tx, quote.quote_id, "pay_2")
        deals = await fx.list_deals(tx)
    assert [(deal.subject, deal.spread) for deal in deals.data] == [("pay_1", money("3.25 BRL"))]
    assert (await desk.events()).count("fx_quote.used") == 1


async def test_a_quote_holds_until_it_expires(desk: Desk) -> None:
    in_time, late = [await desk.quote("100.00 USD", "BRL", ttl_s=60) for _ in range(2)]
    await desk.set_rate("USD", "BRL", "99")
    await desk.later(seconds=59)
    async with desk.begin() as tx:
        assert (await fx.use_quote(tx, in_time.quote_id, "pay_1")).buy == in_time.buy
    await desk.later(seconds=1)
    async with desk.begin() as tx:
        with pytest.raises(QuoteExpired, match="has expired at 2018-03-01 12:01:00 UTC"):
            await fx.use_quote(tx, late.quote_id, "pay_1")
        # What was used in time stays used, for the one who asks again.
        assert (await fx.use_quote(tx, in_time.quote_id, "pay_1")).used_by == "pay_1"
        with pytest.raises(QuoteNotFound):
            await fx.use_quote(tx, uuid4(), "pay_1")


async def test_of_many_at_once_one_gets_it(desk: Desk) -> None:
    quote = await desk.quote("100.00 USD", "BRL")

    async def claim(subject: str) -> str:
        async with desk.begin() as tx:
            try:
                await fx.use_quote(tx, quote.quote_id, subject)
            except QuoteUsed as refusal:
                return refusal.code
        return "used"

    outcomes = await asyncio.gather(*(claim(f"pay_{n}") for n in range(8)))
    assert sorted(outcomes) == ["fx_quote_used"] * 7 + ["used"]


async def test_money_in_and_conversion_are_one_transfer(desk: Desk) -> None:
    """A caller puts the legs among its own: dollars come in, reais go to the seller."""
    quote = await desk.quote("100.00 USD", "BRL")
    async with desk.begin() as tx:
        used = await fx.use_quote(tx, quote.quote_id, "pay_1")
        dollars = ledger.Account("buyer:funds_held", "USD")
        reais = ledger.Account("seller:1:available", "BRL", floor=0)
        receivable = ledger.Account("provider:x:receivable", "USD", normal=ledger.Side.DEBIT)
        legs = (
            Leg(receivable, dollars, used.sell, "capture"),
            *fx.conversion_legs(used, dollars, reais),
        )
        await ledger.post_or_refuse(tx, [Transfer(uuid4(), legs, "pay_1")])
    assert await desk.balances() == {
        "provider:x:receivable USD": -10_000,
        "fx:position USD": 10_000,
        "fx:position BRL": -32_436,
        "fx:spread BRL": 325,
        "seller:1:available BRL": 32_111,
    }
    await desk.check()


async def test_convert_posts_once(desk: Desk) -> None:
    quote = await desk.quote("100.00 USD", "JPY")
    for _ in range(2):
        async with desk.begin() as tx:
            await fx.convert(tx, quote.quote_id, source=BANK, target=BANK)
    assert await desk.balances() == {
        "platform:bank USD": -10_000,
        "fx:position USD": 10_000,
        "fx:position JPY": -10_595,
        "platform:bank JPY": 10_595,
        "fx:position BRL": -326,
        "fx:spread BRL": 326,
    }
    async with desk.begin() as tx:
        with pytest.raises(TransferRejected):
            await fx.convert(tx, quote.quote_id, source=BANK, target="fx:position")
        transfers = await ledger.transfers_of(tx, fx.QUOTE.text(quote.quote_id))
    assert [it.id for it in transfers] == [derived_id(quote.quote_id, "convert")]
    await desk.check()


async def test_a_conversion_without_cover_leaves_the_quote_open(desk: Desk) -> None:
    quote = await desk.quote("10.00 BRL", "USD")
    with pytest.raises(TransferRejected):
        async with desk.begin() as tx:
            await fx.convert(tx, quote.quote_id, source="seller:1:available", target=BANK)
    with pytest.raises(AccountNotFound, match="no account seller:1:available in USD"):
        async with desk.begin() as tx:
            await fx.convert(tx, quote.quote_id, source=BANK, target="seller:1:available")
    async with desk.begin() as tx:
        assert (await fx.get_quote(tx, quote.quote_id)).used_at is None
    assert await desk.balances() == {}


async def test_what_a_payment_used_is_not_converted_again(desk: Desk) -> None:
    quote = await desk.quote("100.00 USD", "BRL")
    async with desk.begin() as tx:
        await fx.use_quote(tx, quote.quote_id, "pay_1")
        with pytest.raises(QuoteUsed):
            await fx.convert(tx, quote.quote_id, source=BANK, target=BANK)


async def test_quotes_come_in_pages_and_stay_at_home(
    database: Database, desk: Desk, live: UUID
) -> None:
    made = [await desk.quote(f"{n}.00 USD", "BRL") for n in range(1, 4)]
    async with desk.begin() as tx:
        first = await fx.list_quotes(tx, limit=2)
        rest = await fx.list_quotes(tx, limit=2, cursor=first.next_cursor)
    assert {q.quote_id for q in first.data + rest.data} == {q.quote_id for q in made}
    async with database.transaction(live) as tx:
        with pytest.raises(QuoteNotFound):
            await fx.use_quote(tx, made[0].quote_id, "pay_1")


async def test_many_quotes_in_one_go(desk: Desk) -> None:
    drafts = [fx.QuoteDraft(uuid4(), Money.of(n, "USD"), "BRL") for n in (500, 600)]
    async with desk.begin() as tx:
        made = await fx.create_quotes(tx, drafts)
        used = await fx.use_quotes(tx, {q.quote_id: f"pay_{q.sell.minor}" for q in made[::-1]})
        assert await fx.create_quotes(tx, []) == []
    assert [q.sell.minor for q in made] == [500, 600]
    assert [q.used_by for q in used] == ["pay_600", "pay_500"]
