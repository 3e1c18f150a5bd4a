"""Sellers who are paid in another currency than they sold in."""

import random
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from banyan import fx, ledger, payments
from banyan.kernel import Money
from banyan.payments.model import Payout
from banyan.payments.rules.statement_pages import statement_page
from banyan.payments.service import payout_accounts, payout_exchanges, statements
from banyan.runtime import Database
from tests.payments.conftest import SELLERS, Shop
from tests.payments.test_crashes import Died, Fuse, _mortal, _revive
from tests.payments.test_exchanges import set_rates


async def pay_to(shop: Shop, currency: str, destination: str = "bank_ok", seller: int = 0) -> None:
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[seller], destination, currency)


async def earn(shop: Shop, minor: int = 10_000, currency: str = "BRL", order: str = "o_1") -> None:
    await shop.release(await shop.pay(amounts=(minor,), order=order, currency=currency))


async def made(shop: Shop) -> list[Payout]:
    """Payouts, the oldest first."""
    async with shop.begin() as tx:
        return list(reversed((await payments.list_payouts(tx, limit=100)).data))


async def available(shop: Shop, currency: str, seller: int = 0) -> int:
    async with shop.begin() as tx:
        money = await statements.seller_money(tx, SELLERS[seller])
    return {it.currency: it.balance.available.minor for it in money}.get(currency, 0)


async def test_a_balance_is_paid_into_an_account_of_another_currency(shop: Shop) -> None:
    await set_rates(shop, EUR="4.00")
    await pay_to(shop, "EUR")
    await earn(shop)
    await shop.later(days=1)
    [payout] = await made(shop)
    assert (payout.state, payout.amount) == ("paid", Money.of(2_163, "EUR"))  # 1 % less than 21.85
    assert (payout.source, f"{payout.rate}") == (Money.of(8_740, "BRL"), "0.247482837529")
    assert payout.quote_id is not None
    async with shop.begin() as tx:
        quote = await fx.get_quote(tx, payout.quote_id)
        found = await fx.positions(tx)
        brl, eur = sorted(await payments.summary(tx), key=lambda it: it.currency)
    assert (quote.used_by, quote.spread_bp) == (payments.PAYOUT.text(payout.payout_id), 100)
    assert [(it.quantity.minor, it.book.minor) for it in found.exposures] == [(-2_163, -8_652)]
    assert (brl.paid_out.minor, brl.in_transit.minor, brl.owed_to_sellers.minor) == (0, 0, 0)
    assert (eur.payments, eur.paid_out.minor, eur.at_provider.minor) == (0, 2_163, -2_163)
    balances = await shop.balances()
    assert balances["fx:spread BRL"] == 8_740 - 8_652
    assert not [path for path in balances if path.startswith(("seller", "payouts"))]
    await shop.check()


@pytest.mark.parametrize(
    ("sold", "minor", "into", "rates", "paid"),
    [
        ("JPY", 100_000, "KWD", {"JPY": "0.03", "KWD": "12.00"}, 216_315),
        ("KWD", 100_000, "JPY", {"JPY": "0.03", "KWD": "12.00"}, 34_610),
    ],
)
async def test_each_currency_has_its_own_decimals(
    shop: Shop, sold: str, minor: int, into: str, rates: dict[str, str], paid: int
) -> None:
    await set_rates(shop, **rates)
    await pay_to(shop, into)
    await earn(shop, minor, sold)
    await shop.later(days=1)
    [payout] = await made(shop)
    assert (payout.currency, payout.amount_minor) == (into, paid)
    await shop.check()


async def test_without_a_rate_a_balance_waits_and_others_are_paid(shop: Shop) -> None:
    await pay_to(shop, "EUR")
    await shop.release(await shop.pay(amounts=(10_000, 5_000)))
    await shop.later(days=1)
    assert [payout.seller_id for payout in await made(shop)] == [SELLERS[1]]
    async with shop.begin() as tx:
        [money] = await statements.seller_money(tx, SELLERS[0])
        [wait] = await payout_exchanges.waits_of(tx, SELLERS[0])
    assert money.balance.available.minor == 8_740
    [reason] = money.held_reasons
    assert reason == wait.reason
    assert "87.40 BRL can't be exchanged for now. No rate leads from BRL to EUR" in reason
    await set_rates(shop, EUR="4.00")
    await shop.later(days=1)
    paid = [payout for payout in await made(shop) if payout.seller_id == SELLERS[0]]
    assert [payout.currency for payout in paid] == ["EUR"]
    async with shop.begin() as tx:
        assert await payout_exchanges.waits_of(tx, SELLERS[0]) == []
    await earn(shop, order="o_2")
    await shop.later(days=30)  # by then the rate is too old
    async with shop.begin() as tx:
        [wait] = await payout_exchanges.waits_of(tx, SELLERS[0])
    assert "working days before" in wait.reason
    held = [event for event in await shop.events() if event.startswith("seller_payouts")]
    assert held == ["seller_payouts.held", "seller_payouts.resumed", "seller_payouts.held"]
    await shop.check()


@pytest.mark.parametrize(
    ("bank", "state"), [("bank_account_closed", "failed"), ("bank_returned", "returned")]
)
async def test_what_bounces_is_the_seller_s_in_the_currency_of_the_account(
    shop: Shop, bank: str, state: str
) -> None:
    await set_rates(shop, EUR="4.00")
    await pay_to(shop, "EUR", bank)
    await earn(shop)
    await shop.later(days=1)
    await shop.later(days=3)
    assert [(it.state, it.amount_minor) for it in await made(shop)] == [(state, 2_163)]
    assert (await available(shop, "BRL"), await available(shop, "EUR")) == (0, 2_163)
    await shop.check()
    await pay_to(shop, "EUR")
    await shop.later(days=1)
    _, again = await made(shop)
    assert (again.state, again.amount_minor, again.source) == ("paid", 2_163, None)
    assert await available(shop, "EUR") == 0
    await shop.check()


async def test_a_cancelled_one_has_been_exchanged_too(shop: Shop) -> None:
    await set_rates(shop, EUR="4.00")
    await pay_to(shop, "EUR")
    await earn(shop)
    async with shop.begin() as tx:
        [payout] = await payments.run_payouts(tx)
        cancelled = await payments.cancel_payout(tx, payout.payout_id, "Wrong account.")
    assert cancelled.state == "cancelled"
    assert (await available(shop, "BRL"), await available(shop, "EUR")) == (0, 2_163)
    await shop.check()


async def test_an_account_for_the_currency_or_for_any_comes_first(shop: Shop) -> None:
    await set_rates(shop, EUR="4.00")
    await pay_to(shop, "EUR")
    await pay_to(shop, "BRL", "bank_timeout")
    await earn(shop)
    await earn(shop, 20_000, "USD", "o_2")
    await shop.later(days=1)
    async with shop.begin() as tx:
        accounts = await payout_accounts.accounts_of(tx, SELLERS[0])
        [wait] = await payout_exchanges.waits_of(tx, SELLERS[0])
    assert (wait.currency, wait.into_currency) == ("USD", "BRL")  # the marketplace's own
    assert [(it.currency, it.source) for it in await made(shop)] == [("BRL", None)]
    for blocked in ("BRL", "EUR"):
        other = payout_accounts.account_in_another(
            [it for it in accounts if it.currency != blocked], "BRL"
        )
        assert other is not None
        assert other.currency != blocked
    assert payout_accounts.account_in_another([], "BRL") is None


async def test_statements_show_both_sides(shop: Shop) -> None:
    await set_rates(shop, EUR="4.00")
    await pay_to(shop, "EUR")
    await earn(shop)
    await shop.later(days=1)
    [payout] = await made(shop)
    async with shop.begin() as tx:
        whole = await statements.statement_of_payout(tx, payout.payout_id)
        since, until = tx.now - timedelta(days=9), tx.now + timedelta(days=1)
        euros = await statements.statement(tx, SELLERS[0], "EUR", since, until)
    assert [(it.kind, it.amount.minor, it.exchanged) for it in whole.lines] == [
        ("sale", 10_000, None),
        ("commission", -1_200, None),
        ("tax", -60, None),
        ("exchange", -8_740, Money.of(2_163, "EUR")),
    ]
    assert {(it.kind, it.amount.minor, it.exchanged) for it in euros.lines} == {
        ("exchange", 2_163, Money.of(8_740, "BRL")),
        ("payout", -2_163, None),
    }  # both in one instant of the standing clock
    assert (whole.closing.total.minor, euros.closing.total.minor) == (0, 0)
    assert "Exchanged for payouts (€21.63)" in statement_page(whole)


async def test_dying_at_any_point_exchanges_and_pays_out_once(
    database: Database, sandbox: UUID
) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    await set_rates(shop, EUR="4.00")
    await pay_to(shop, "EUR")
    points, is_reached = 0, True
    while is_reached:
        fuse.set(-1)
        async with shop.begin() as tx:  # the market has not moved meanwhile
            await fx.set_rate(tx, "EUR", "BRL", Money.of(400, "BRL").decimal)
        await earn(shop)
        points += 1
        fuse.set(points)
        with suppress(Died):
            await shop.later(days=1)
        is_reached = fuse.has_blown
        await _revive(shop)
        await shop.run()
        assert await available(shop, "BRL") == await available(shop, "EUR") == 0, points
    assert points > 10
    assert (await shop.charges())["payout"] == points
    assert (await shop.events()).count("fx_quote.used") == points
    assert (await shop.balances())["fx:position EUR"] == -2_163 * points
    await shop.check()


@pytest.mark.parametrize("seed", range(2))
async def test_the_books_agree_whoever_is_paid_in_whatever_currency(shop: Shop, seed: int) -> None:
    draw = random.Random(seed)
    for seller, currency in enumerate(("EUR", "JPY", "KWD")):
        await pay_to(shop, currency, draw.choice(("bank_ok", "bank_returned")), seller)
    paid = list[UUID]()
    for day in range(6):
        rates = {"EUR": f"4.{day}0", "USD": f"3.{draw.randrange(10, 90)}", "JPY": "0.03"}
        if day != 2:  # then the dinar can't be exchanged
            rates["KWD"] = f"1{draw.randrange(2, 5)}.00"
        await set_rates(shop, **rates)
        for n in range(2):
            token = draw.choice(("tok_visa", "tok_settled_in_eur", "tok_settled_in_usd"))
            amounts = [draw.randrange(20_000, 90_000) for _ in SELLERS]
            currency = draw.choice(("BRL", "EUR", "JPY", "KWD"))
            paid.append(await shop.pay(token, amounts, f"ord_{day}_{n}", currency))
        for payment_id in draw.sample(paid, 2):
            await shop.release(payment_id)
            left = (await shop.payment(payment_id)).left.minor
            if left and draw.random() < 0.5:
                await shop.refund(payment_id, left // 2 + 1)
        await shop.run()
        await shop.later(days=1)
        await shop.check()
    assert any(payout.source for payout in await made(shop))
    async with shop.begin() as tx:
        await fx.book_deals(tx)
        assert all(trial.is_balanced for trial in await ledger.trial_balance(tx))
    await shop.check()
