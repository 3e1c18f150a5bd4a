"""Providers that settle in another currency than the buyer paid in."""

import random
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from banyan import fx, ledger, payments
from banyan.kernel import MINOR_MAX, Money
from banyan.parties import SELLER
from banyan.payments import Sandbox
from banyan.payments.model import ProviderRate
from banyan.payments.providers import Answer, Instruction, Providers, Settled, Succeeded
from banyan.payments.providers.stripe import reading, shapes
from banyan.runtime import Database
from tests.payments.conftest import SELLERS, Shop

PENDING = f"seller:{SELLER.text(SELLERS[0])}:pending"


async def realised(shop: Shop) -> dict[str, int]:
    """What exchanging has gained in each currency, once every deal is booked."""
    async with shop.begin() as tx:
        await fx.book_deals(tx)
        found = await fx.results(tx)
    return {gain.currency: gain.gain.minor for gain in found.gains}


async def set_rates(shop: Shop, **one_costs: str) -> None:
    """What one unit of a currency costs in reais, the marketplace's own."""
    async with shop.begin() as tx:
        for currency, rate in one_costs.items():
            await fx.set_rate(tx, currency, "BRL", Money.parse(rate, "BRL").decimal)


async def test_a_capture_is_settled_in_another_currency(shop: Shop) -> None:
    payment_id = await shop.pay("tok_settled_in_usd", currency="EUR")
    payment = await shop.payment(payment_id)
    assert (payment.settled, payment.fee) == (Money.of(10_890, "USD"), Money.of(346, "USD"))
    async with shop.begin() as tx:
        [made] = await payments.exchanges_of(tx, payment_id)
        eur, usd = await payments.summary(tx)
    assert (made.sold, made.bought) == (Money.of(10_000, "EUR"), Money.of(10_890, "USD"))
    assert f"{made.rate}" == "1.089"
    assert await shop.balances() == {
        "fx:position EUR": -10_000,
        "fx:position USD": 10_890,
        "platform:commission EUR": 1_200,
        "provider:sandbox:fees USD": -346,
        "provider:sandbox:receivable USD": -(10_890 - 346),
        f"{PENDING} EUR": 8_740,
        "tax:BR-ISS:commission EUR": 60,
    }
    assert (eur.taken.minor, eur.exchanged.minor, eur.at_provider.minor) == (10_000, -10_000, 0)
    assert (usd.payments, usd.exchanged.minor, usd.at_provider.minor) == (0, 10_890, 10_544)
    await shop.check()


@pytest.mark.parametrize(
    ("token", "paid", "currency", "settled", "fee"),
    [
        ("tok_settled_in_jpy", 5_000, "KWD", "JPY 2357", 98),  # 5.000 dinars, of a thousand fils
        ("tok_settled_in_eur", 10_000, "JPY", "EUR 61.87", 209),
        ("tok_settled_in_eur", 10_000, "BRL", "EUR 15.84", 76),
        ("tok_settled_in_eur", 10_000, "NOK", None, 320),  # a currency that it does not exchange
        ("tok_settled_in_eur", 10_000, "EUR", None, 320),
    ],
)
async def test_each_currency_is_settled_by_its_own_decimals(
    shop: Shop, token: str, paid: int, currency: str, settled: str | None, fee: int
) -> None:
    payment = await shop.payment(await shop.pay(token, (paid,), currency=currency))
    assert (payment.settled and f"{payment.settled.currency} {payment.settled.decimal}") == settled
    assert payment.fee_minor == fee
    await shop.check()


async def test_what_goes_back_at_another_rate_is_a_loss(shop: Shop) -> None:
    await set_rates(shop, EUR="6.25")
    payment_id = await shop.pay("tok_settled_in_eur")
    await shop.refund(payment_id, 4_000)
    await shop.refund(payment_id)
    await shop.run()
    assert await shop.state(payment_id) == "refunded"
    async with shop.begin() as tx:
        made = await payments.exchanges_of(tx, payment_id)
        brl, eur = await payments.summary(tx)
    assert [f"{one.sold} > {one.bought}" for one in made] == [
        "100.00 BRL > 15.84 EUR",
        "6.47 EUR > 40.00 BRL",
        "9.70 EUR > 60.00 BRL",
    ]
    assert (brl.exchanged.minor, eur.exchanged.minor) == (0, 1_584 - 647 - 970)
    await shop.check()
    # 15.84 EUR have cost 100.00 BRL: 6.47 of them 40.85, and bring 40.00; 9.37 of them 59.15, and
    # bring 57.96 of the 60.00, as they are 9.37 of the 9.70 that are sold
    [gain] = (await realised(shop)).items()
    assert gain == ("EUR", 4_000 - 4_085 + 5_796 - 5_915)
    assert (await shop.balances())["fx:gain BRL"] == -204
    await shop.check()


async def test_a_refund_without_a_rate_goes_back_at_the_capture_s(
    database: Database, sandbox: UUID
) -> None:
    class Silent(Sandbox):
        async def refund(self, instruction: Instruction) -> Answer:
            answer = await super().refund(instruction)
            assert isinstance(answer, Succeeded)
            return Succeeded(answer.reference, answer.amount_minor, answer.currency)

    shop = Shop(database, sandbox, Providers({"sandbox": Silent(database)}))
    payment_id = await shop.pay("tok_settled_in_eur")
    await shop.refund(payment_id, 2_500)
    await shop.refund(payment_id)
    await shop.run()
    async with shop.begin() as tx:
        _, *back = await payments.exchanges_of(tx, payment_id)
    assert [one.sold.minor for one in back] == [396, 1_188]
    assert await shop.balance("fx:position") == 0
    await shop.check()


@pytest.mark.parametrize("is_known", [True, False])
async def test_an_exchange_is_booked_though_no_rate_tells_its_worth(
    shop: Shop, is_known: bool
) -> None:
    if is_known:
        await set_rates(shop, USD="5.00")
        await shop.later(days=60)  # far too old to quote by
    await shop.pay("tok_settled_in_usd", currency="EUR")
    async with shop.begin() as tx:
        [deal] = (await fx.list_deals(tx)).data
    assert deal.value == Money.of(54_450 if is_known else 0, "BRL")
    await shop.check()


async def test_a_dispute_that_is_lost_goes_back_at_the_provider_s_rate(shop: Shop) -> None:
    payment_id = await shop.pay("tok_settled_in_usd_dispute_lost", currency="EUR")
    await shop.release(payment_id)
    for days in (5, 10):
        await shop.later(days=days)
        await shop.check()
    assert "dispute.lost" in await shop.events()
    async with shop.begin() as tx:
        taken, *back = await payments.exchanges_of(tx, payment_id)
    assert taken.bought == Money.of(10_890, "USD")
    # the fee of 15.00 EUR, then 100.00 EUR, at 1.1110
    assert [(one.bought.minor, one.sold.minor) for one in back] == [
        (1_500, 1_666),
        (10_000, 11_110),
    ]
    at_provider = {
        path: minor for path, minor in (await shop.balances()).items() if "receivable" in path
    }
    assert at_provider == {
        "provider:sandbox:receivable EUR": 8_740,  # the payout to the seller, which it has paid
        "provider:sandbox:receivable USD": -(10_890 - 346 - 1_666 - 11_110),
    }


async def test_a_fee_in_the_buyer_s_currency_is_not_settled(
    database: Database, sandbox: UUID
) -> None:
    class Before(Sandbox):
        """Takes its fee first, and settles the rest."""

        async def capture(self, instruction: Instruction) -> Answer:
            answer = await super().capture(instruction)
            assert isinstance(answer, Succeeded)
            return Succeeded(
                answer.reference, answer.amount_minor, answer.currency, 500, settled=Settled(1_900, "EUR")
            )  # fmt: skip

    shop = Shop(database, sandbox, Providers({"sandbox": Before(database)}))
    payment_id = await shop.pay()
    balances = await shop.balances()
    assert balances["fx:position BRL"] == -9_500
    assert balances["provider:sandbox:receivable EUR"] == -1_900
    assert "provider:sandbox:receivable BRL" not in balances
    assert (await shop.payment(payment_id)).fee == Money.of(500, "BRL")
    await shop.check()


@pytest.mark.parametrize("settled", [Settled(-1, "EUR"), Settled(100, "XXX"), Settled(100, "euro")])
async def test_a_settlement_that_can_t_be_is_no_answer(
    database: Database, sandbox: UUID, settled: Settled
) -> None:
    class Wrong(Sandbox):
        async def capture(self, instruction: Instruction) -> Answer:
            done = await super().capture(instruction)
            assert isinstance(done, Succeeded)
            return Succeeded(done.reference, done.amount_minor, done.currency, settled=settled)

        find = capture

    shop = Shop(database, sandbox, Providers({"sandbox": Wrong(database)}))
    payment_id = await shop.pay()
    assert await shop.state(payment_id) == "capturing"
    await shop.check()


CURRENCIES = ("BRL", "EUR", "USD", "JPY", "KWD")
TOKENS = (
    "tok_visa", "tok_settled_in_eur", "tok_settled_in_usd", "tok_settled_in_jpy",
    "tok_settled_in_usd_dispute_lost", "tok_dispute_won", "tok_refund_fails",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_the_books_agree_whatever_happens_in_whatever_currency(shop: Shop, seed: int) -> None:
    draw = random.Random(seed)
    await set_rates(shop, EUR="6.25", USD="5.70", KWD="18.60")
    made = [
        await shop.pay(
            draw.choice(TOKENS),
            (draw.randrange(1_000, 90_000), draw.randrange(1_000, 90_000)),
            f"ord_{n}",
            draw.choice(CURRENCIES),
        )
        for n in range(8)
    ]
    for _ in range(5):
        for payment_id in draw.sample(made, 4):
            left = (await shop.payment(payment_id)).left.minor
            if draw.random() < 0.5:
                await shop.release(payment_id)
            elif left:
                await shop.refund(payment_id, draw.choice((1, left // 3 + 1, left)))
        await shop.run()
        await shop.later(days=4)
        await shop.check()
    await realised(shop)
    await shop.check()
    async with shop.begin() as tx:
        assert all(trial.is_balanced for trial in await ledger.trial_balance(tx))


@given(
    paid=st.integers(1, 10**9),
    settled=st.integers(0, 10**9),
    parts=st.lists(st.integers(0, 10**9), max_size=5),
)
def test_all_of_it_comes_to_what_was_settled(paid: int, settled: int, parts: list[int]) -> None:
    assume(all(part * settled <= MINOR_MAX * paid for part in parts))
    rate = ProviderRate(Money.of(paid, "KWD"), Money.of(settled, "JPY"))
    assert rate.of(rate.paid) == rate.settled
    assert rate.of(Money.zero("KWD")) == Money.zero("JPY")
    for part in parts:
        worth = rate.of(Money.of(part, "KWD"))
        assert abs(worth.minor * paid - part * settled) * 2 <= paid


def _booked(amount: int, fee: int = 0, currency: str = "eur") -> dict[str, object]:
    return {"id": "txn_1", "amount": amount, "fee": fee, "net": amount - fee, "currency": currency}


@pytest.mark.parametrize(
    ("currency", "settled", "fee_minor"),
    [("eur", Settled(1_584, "EUR", 76), 0), ("brl", None, 76)],
)
def test_stripe_settles_what_its_balance_transaction_says(
    currency: str, settled: Settled | None, fee_minor: int
) -> None:
    charge = {"id": "ch_1", "amount": 10_000, "currency": "brl", "status": "succeeded"}
    intent = {
        "id": "pi_1", "amount": 10_000, "currency": "brl", "status": "succeeded", "created": 0,
        "latest_charge": charge | {"balance_transaction": _booked(1_584, 76, currency)},
    }  # fmt: skip
    taken = reading.capture(shapes.intent_of(intent))
    assert isinstance(taken, Succeeded)
    assert (taken.settled, taken.fee_minor) == (settled, fee_minor)


def test_stripe_gives_back_what_its_balance_transaction_says() -> None:
    refund = {
        "id": "re_1", "amount": 10_000, "currency": "brl", "status": "succeeded",
        "balance_transaction": _booked(-1_616),
    }  # fmt: skip
    back = reading.refund(shapes.refund_of(refund))
    assert isinstance(back, Succeeded)
    assert back.settled == Settled(1_616, "EUR", 0)
    report = reading.dispute_report(
        shapes.dispute_of(
            {
                "id": "du_1", "amount": 10_000, "currency": "brl", "status": "needs_response",
                "reason": "general", "balance_transactions": [_booked(-1_616, 1_500)],
                "payment_intent": {"metadata": {"payment": "pay_1"}},
            }
        )
    )  # fmt: skip
    assert report is not None
    assert report.settled == Money.of(1_616, "EUR")
