"""Refunds, disputes, releases and payouts in any order: money is conserved after every step."""

from random import Random
from uuid import UUID

import pytest

from banyan import payments
from banyan.kernel import BanyanError, Money, new_id
from banyan.payments import RefundItem
from tests.payments.conftest import SELLERS, Shop
from tests.payments.test_disputes import report

TOKENS = ["tok_visa", "tok_refund_fails_once", "tok_refund_card_closed", "tok_refund_returned"]
STEPS = 20


class Play:
    """A seeded sequence of whatever can happen to one payment after it was captured."""

    def __init__(self, shop: Shop, payment_id: UUID, dice: Random) -> None:
        self.shop = shop
        self.payment_id = payment_id
        self.dice = dice
        self.refunds: list[UUID] = []

    async def step(self) -> str:
        steps = [
            self.refund, self.refund, self.refund_part, self.again, self.cancel, self.dispute,
            self.dispute, self.dispute, self.release, self.payout, self.run, self.run, self.later,
        ]  # fmt: skip
        step = self.dice.choice(steps)
        try:
            await step()
        except BanyanError as refused:
            return f"{step.__name__}: {refused}"
        return step.__name__

    async def refund(self) -> None:
        self.refunds.append(
            await self.shop.refund(self.payment_id, self.dice.choice([None, 1, 999, 3_333]))
        )

    async def refund_part(self) -> None:
        refund_id = new_id()
        item = RefundItem(
            self.dice.choice(SELLERS[:2]), Money.of(self.dice.randint(1, 4_000), "BRL")
        )
        async with self.shop.begin() as tx:
            await payments.refund(
                tx, self.payment_id, None, refund_id, "Damaged.", "ann", items=[item]
            )
        self.refunds.append(refund_id)

    async def again(self) -> None:
        destination = self.dice.choice([None, "bank_ok", "bank_account_closed"])
        async with self.shop.begin() as tx:
            await payments.send_refund_again(
                tx, self.dice.choice(self.refunds or [new_id()]), destination=destination
            )

    async def cancel(self) -> None:
        async with self.shop.begin() as tx:
            await payments.cancel_refund(tx, self.dice.choice(self.refunds or [new_id()]), "No.")

    async def dispute(self) -> None:
        stage = self.dice.choice(["inquiry", "chargeback", "pre_arbitration", "return"])
        await report(
            self.shop,
            self.payment_id,
            self.dice.choice(["open", "under_review", "won", "lost"]),
            stage,
            minor=self.dice.choice([500, 7_000, 15_000]),
            fee=self.dice.choice([0, 1_500, 3_000]),
            code=self.dice.choice(["10.4", "13.1"]),
        )

    async def release(self) -> None:
        await self.shop.release(self.payment_id)

    async def payout(self) -> None:
        async with self.shop.begin() as tx:
            await payments.run_payouts(tx)

    async def run(self) -> None:
        await self.shop.run()

    async def later(self) -> None:
        await self.shop.later(days=2)


async def conserved(shop: Shop, payment_id: UUID) -> None:
    """Ledger, summary, payment, splits, refunds and disputes say the same."""
    await shop.check()
    async with shop.begin() as tx:
        payment = await payments.get_payment(tx, payment_id)
        splits = (await payments.splits_of(tx, [payment_id]))[payment_id]
        refunds = (await payments.list_refunds(tx, payment_id=payment_id, limit=100)).data
        disputes = (await payments.list_disputes(tx, payment_id=payment_id)).data
    standing = sum(r.amount_minor for r in refunds if r.state not in ("failed", "cancelled"))
    booked = sum(d.held_minor for d in disputes)
    assert payment.reversed_minor == standing + booked
    assert payment.refunded_minor == sum(r.amount_minor for r in refunds if r.state == "succeeded")
    own = sum(d.held_minor for d in disputes if d.bearer != "seller")
    assert sum(s.gross_minor - s.left_paid_minor for s in splits) == standing + booked - own
    held = sum(d.held_minor for d in disputes if d.booked == "held")
    assert await shop.balance("disputes:held") == held
    lost = sum(d.amount_minor for d in disputes if d.booked == "taken")
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert (line.refunded.minor, line.lost_in_disputes.minor) == (payment.refunded_minor, lost)


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 60))]
)
async def test_money_is_conserved_whatever_happens_in_whatever_order(shop: Shop, seed: int) -> None:
    dice = Random(seed)
    payment_id = await shop.pay(dice.choice(TOKENS), amounts=(9_001, 5_999))
    if dice.random() < 0.5:
        async with shop.begin() as tx:
            await payments.set_commission_terms(tx, "kept")
        payment_id = await shop.pay(dice.choice(TOKENS), amounts=(9_001, 5_999), order="ord_2")
        await shop.later(hours=1)
    play = Play(shop, payment_id, dice)
    story = list[str]()
    try:
        for _ in range(STEPS):
            story.append(await play.step())
            await conserved(shop, payment_id)
        await shop.run()
        await conserved(shop, payment_id)
    except BaseException:
        print("\n".join(story))  # noqa: T201 - how to get there
        raise
