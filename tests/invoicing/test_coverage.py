"""Whatever happens in whichever order: every commission is billed once, to the seller it is of."""

import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from banyan import invoicing
from banyan.invoicing import Invoice
from banyan.payments import Terms
from banyan.runtime import advance_clock
from tests.invoicing.conftest import TERMS, Market

CURRENCIES = ("BRL", "BRL", "JPY", "KWD")
TOKENS = ("tok_visa",) * 4 + ("tok_dispute_lost", "tok_dispute_won", "tok_refund_fails")
OTHER_TERMS = (TERMS, Terms(1_733, 1_900, "DE-VAT"), Terms(900, 0, "FR-REVERSE"))


class History:
    """A marketplace that lives by the dice."""

    def __init__(self, market: Market, seed: int) -> None:
        self.market = market
        self.dice = random.Random(seed)
        self.sold: list[tuple[UUID, str]] = []

    async def step(self, number: int) -> None:
        await self.dice.choice(
            [self.sell, self.sell, self.sell, self.refund, self.refund, self.bill, self.wait]
        )(number)

    async def sell(self, number: int) -> None:
        sellers = self.dice.sample(self.market.sellers, self.dice.randint(1, 3))
        currency = self.dice.choice(CURRENCIES)
        payment = await self.market.sell(
            {seller: self.dice.randint(1, 20_000) for seller in sellers},
            order=f"ord_{number}",
            currency=currency,
            token=self.dice.choice(TOKENS),
            terms=self.dice.choice(OTHER_TERMS),
        )
        self.sold.append((payment, currency))

    async def refund(self, number: int) -> None:
        """Some of a payment, or all that is left, if anything is."""
        if not self.sold:
            return
        payment, currency = self.dice.choice(self.sold)
        async with self.market.begin() as tx:
            left = await tx.value(
                """
                select captured_minor - reversed_minor from payments.payments
                where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
                """,
                payment_id=payment,
            )
        if left > 0:
            await self.market.refund(payment, self.dice.randint(1, left), currency)

    async def bill(self, number: int) -> None:
        await self.market.issue(self.dice.choice(self.market.sellers))

    async def wait(self, number: int) -> None:
        async with self.market.begin() as tx:
            await advance_clock(tx, tx.now + timedelta(days=self.dice.randint(1, 20)))
        await self.market.run()


async def _documents(market: Market) -> list[Invoice]:
    async with market.begin() as tx:
        rows = await invoicing.list_invoices(tx, limit=1_000)
    return rows.data


async def _taken(market: Market) -> Counter[tuple[UUID, str]]:
    """What was taken from each seller by the payments' own account of it."""
    async with market.begin() as tx:
        rows = await tx.rows(
            """
            select seller_id, s.currency, sum(commission_minor - reversed_commission_minor
                                              + tax_minor - reversed_tax_minor)::bigint
            from payments.splits s
            join payments.payments p using (marketplace_id, payment_id)
            where marketplace_id = %(marketplace_id)s and captured_minor > 0
            group by seller_id, s.currency
            """
        )
    return Counter({(seller, currency): minor for seller, currency, minor in rows})


@pytest.mark.parametrize("seed", range(3))
async def test_a_random_history_is_billed_once(market: Market, seed: int) -> None:
    await market.set_entity()
    for name in ("Ana", "Bea", "Caio", "Dina"):
        await market.add_seller(name)
    history = History(market, seed)
    for number in range(24):
        await history.step(number)
        if number % 6 == 5:
            await market.check()
    for seller in market.sellers:
        await market.issue(seller)
    covered = await market.check()
    assert all(one.unattributed.minor == one.open.minor == 0 for one in covered.values())
    billed = Counter[tuple[UUID, str]]()
    for one in await _documents(market):
        sign = 1 if one.kind == "invoice" else -1
        billed[one.seller_id, one.currency] += sign * one.gross.minor
    taken = await _taken(market)
    assert {k: v for k, v in billed.items() if v} == {k: v for k, v in taken.items() if v}
    await _numbers_have_no_gap(market)


async def _numbers_have_no_gap(market: Market) -> None:
    async with market.begin() as tx:
        rows = await tx.rows(
            """
            select kind, year, count(*), max(ordinal), min(ordinal) from invoicing.invoices
            where marketplace_id = %(marketplace_id)s group by kind, year
            """
        )
    assert all(count == last and first == 1 for _, _, count, last, first in rows)


async def test_it_is_the_same_in_small_steps(market: Market) -> None:
    """A crash between two steps of taking over changes nothing."""
    await market.set_entity()
    sellers = [await market.add_seller(f"S{n}") for n in range(3)]
    for order in range(4):
        await market.sell(dict.fromkeys(sellers, 1_000), order=f"ord_{order}")
    for _ in range(20):
        with pytest.raises(RuntimeError):
            async with market.begin() as tx:
                await invoicing.collect(tx, limit=1)
                raise RuntimeError("it dies")
        async with market.begin() as tx:
            if await invoicing.collect(tx, limit=1):
                break
    covered = (await market.check())["BRL"]
    assert covered.open.minor == 12 * 126
