"""The process dies, or the provider misbehaves, at any point: nothing is paid twice, nothing lost."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import pytest

from banyan import operations, payments
from banyan.payments import Sandbox
from banyan.payments.providers import (
    Absent,
    Answer,
    Found,
    Instruction,
    Providers,
    Succeeded,
    Traits,
    Unknown,
)
from banyan.runtime import Cause, Database, Transaction
from banyan.runtime.database import SYSTEM
from tests.payments.conftest import Shop
from tests.payments.test_disputes import purchase, sells


class Died(BaseException):
    """The process is gone; nothing may catch this."""


class Fuse:
    """Blows at the ``at``-th point that it passes (never, if there are fewer)."""

    def __init__(self) -> None:
        self.passed = 0
        self.at = -1
        self.has_blown = False

    def set(self, at: int) -> None:
        self.passed, self.at, self.has_blown = 0, at, False

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            self.has_blown = True
            raise Died


class MortalDatabase(Database):
    """Dies before a transaction begins, before it commits, or right after."""

    def __init__(self, database: Database, fuse: Fuse) -> None:
        super().__init__(database._pool, database._clock)
        self.fuse = fuse

    @asynccontextmanager
    async def transaction(
        self, marketplace_id: UUID, cause: Cause = SYSTEM
    ) -> AsyncGenerator[Transaction]:
        self.fuse()
        async with super().transaction(marketplace_id, cause) as tx:
            yield tx
            self.fuse()
        self.fuse()


async def _revive(shop: Shop) -> None:
    """A new worker finds the work when the leases are over."""
    async with shop.begin() as tx:
        await tx.execute(
            "update runtime.jobs set leased_until = '-infinity', retry_at = '-infinity'"
        )


async def _journey(shop: Shop, payment_id: UUID) -> None:
    """Authorize, capture, refund a part: each asked once, whatever happens to the worker."""
    await shop.run()
    if await shop.state(payment_id) == "authorized":
        async with shop.begin() as tx:
            await payments.capture_payments(tx, [payment_id])
    await shop.run()
    if (await shop.payment(payment_id)).left.minor == 10_000:
        await shop.refund(payment_id, 2_500)
    await shop.run()


def _mortal(database: Database, sandbox: UUID, fuse: Fuse) -> Shop:
    mortal = MortalDatabase(database, fuse)
    shop = Shop(mortal, sandbox, Providers({"sandbox": Sandbox(mortal)}))
    shop.begin = lambda: database.transaction(sandbox)  # the tests' own looks don't die
    return shop


async def test_dying_at_any_point_pays_once(database: Database, sandbox: UUID) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    points, is_reached = 0, True
    while is_reached:
        fuse.set(-1)
        payment_id = await shop.create()
        points += 1
        fuse.set(points)
        with suppress(Died):
            await _journey(shop, payment_id)
        is_reached = fuse.has_blown
        await _revive(shop)
        await _journey(shop, payment_id)
        payment = await shop.payment(payment_id)
        assert (payment.state, payment.refunded_minor) == ("partially_refunded", 2_500), points
    assert points > 30
    assert await shop.charges() == {"authorize": points, "capture": points, "refund": points}
    assert (await shop.events()).count("payment.captured") == points
    await shop.check()


async def test_dying_at_any_point_exchanges_once(database: Database, sandbox: UUID) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    points, is_reached = 0, True
    while is_reached:
        fuse.set(-1)
        payment_id = await shop.create("tok_settled_in_eur")
        points += 1
        fuse.set(points)
        with suppress(Died):
            await _journey(shop, payment_id)
        is_reached = fuse.has_blown
        await _revive(shop)
        await _journey(shop, payment_id)
        async with shop.begin() as tx:
            made = await payments.exchanges_of(tx, payment_id)
        assert [(it.sold_minor, it.bought_minor) for it in made] == [(10_000, 1_584), (404, 2_500)]
    assert points > 30
    assert (await shop.events()).count("fx_trade.recorded") == 2 * points
    assert await shop.balance("fx:position") == points * (1_584 - 404 - 10_000 + 2_500)
    await shop.check()


async def test_dying_at_any_point_pays_out_once(database: Database, sandbox: UUID) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    points, is_reached = 0, True
    while is_reached:
        fuse.set(-1)
        await shop.release(await shop.pay())
        points += 1
        fuse.set(points)
        with suppress(Died):
            await shop.later(days=1)
        is_reached = fuse.has_blown
        await _revive(shop)
        await shop.run()
        assert await shop.seller("available") == 0, points
    assert points > 10
    assert (await shop.charges())["payout"] == points
    assert (await shop.events()).count("payout.paid") == points
    await shop.check()


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
async def test_dying_at_any_point_contests_a_dispute_once(
    database: Database, sandbox: UUID, stride: int
) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    sells(shop, purchase())
    points, lives, is_reached = 1, 0, True
    while is_reached:
        fuse.set(-1)
        payment_id = await shop.pay("tok_dispute_needs_delivery")
        lives += 1
        fuse.set(points)
        with suppress(Died):
            await shop.later(days=5)
        is_reached = fuse.has_blown
        points += stride
        await _revive(shop)
        await shop.run()
        async with shop.begin() as tx:
            [dispute] = (await payments.list_disputes(tx, payment_id=payment_id)).data
            moves = await payments.moves_of(tx, dispute.dispute_id)
        assert dispute.state == "under_review", points
        assert [move.what for move in moves] == ["fee", "hold"], points
    assert points > 20
    assert (await shop.charges())["contest"] == lives
    await shop.check()


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
async def test_dying_at_any_point_refunds_another_way_once(
    database: Database, sandbox: UUID, stride: int
) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    points, lives, is_reached = 1, 0, True
    while is_reached:
        fuse.set(-1)
        payment_id = await shop.pay("tok_refund_card_closed")
        refund_id = await shop.refund(payment_id, 4_000)
        lives += 1
        fuse.set(points)
        with suppress(Died):
            await _another_way(shop, refund_id)
        is_reached = fuse.has_blown
        points += stride
        await _revive(shop)
        await _another_way(shop, refund_id)
        payment = await shop.payment(payment_id)
        assert (payment.refunded_minor, payment.reversed_minor) == (4_000, 4_000), points
    assert points > 15
    charges = await shop.charges()
    assert (charges["payout"], charges.get("refund")) == (lives, None)
    await shop.check()


async def _another_way(shop: Shop, refund_id: UUID) -> None:
    """The card is closed, so the money goes to an account whose bank answers once it has it."""
    await shop.run()
    async with shop.begin() as tx:
        refund = await payments.get_refund(tx, refund_id)
        if refund.state == "needs_destination":
            await payments.send_refund_again(tx, refund_id, destination="bank_timeout")
    await shop.run()


class Flaky:
    """The sandbox behind a bad line: calls get lost, answers get lost, look-ups lie for a while."""

    name = "sandbox"
    traits = Traits()

    def __init__(self, inner: Sandbox, seed: int) -> None:
        self.inner = inner
        self.random = random.Random(seed)
        self.calls = 0
        self.faults = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.inner, name)

        async def faulty(instruction: Instruction) -> Answer:
            self.calls += 1
            chance = self.random.random()
            if chance < 0.2:
                self.faults += 1
                raise ConnectionError("not sent")
            answer = await call(instruction)
            if chance < 0.5:
                self.faults += 1
                raise TimeoutError("the answer was lost")
            if chance < 0.55 and isinstance(answer, Succeeded):
                self.faults += 1
                return Succeeded(answer.reference, answer.amount_minor + 1, answer.currency)
            return answer

        return faulty

    async def find(self, instruction: Instruction) -> Found:
        chance = self.random.random()
        if chance < 0.3:
            self.faults += 1
            raise ConnectionError("no answer")
        if chance < 0.6:
            self.faults += 1
            return Absent()
        return await self.inner.find(instruction)


@pytest.mark.parametrize("seed", range(3))
async def test_a_bad_line_charges_nobody_twice(
    database: Database, sandbox: UUID, seed: int
) -> None:
    flaky = Flaky(Sandbox(database), seed)
    shop = Shop(database, sandbox, Providers({"sandbox": flaky}))
    ids = [await shop.create(order=f"ord_{n}") for n in range(12)]
    ids += [await shop.create("tok_declined_stolen_card") for _ in range(3)]

    async def settle(*states: str) -> None:
        for _ in range(40):
            await shop.run()
            if all([await shop.state(payment_id) in states for payment_id in ids]):
                return
            await shop.later(hours=6)
        pytest.fail(f"not all are {states}")

    await settle("authorized", "declined")
    for payment_id in ids[:12]:
        async with shop.begin() as tx:
            await payments.capture_payments(tx, [payment_id])
    await settle("captured", "declined")
    for payment_id in ids[:12]:
        await shop.refund(payment_id, 1_000)
        await shop.refund(payment_id)
    await settle("refunded", "declined")
    assert flaky.faults > flaky.calls / 3
    assert await shop.charges() == {"authorize": 12, "capture": 12, "refund": 24}
    await shop.check()


async def test_a_payout_whose_outcome_is_unknown_is_a_case_until_it_is_known(
    database: Database, sandbox: UUID
) -> None:
    class Silent(Sandbox):
        is_silent = True

        async def payout(self, instruction: Instruction) -> Answer:
            return Unknown("No answer.") if self.is_silent else await super().payout(instruction)

        async def find(self, instruction: Instruction) -> Found:
            return Unknown("No answer.") if self.is_silent else await super().find(instruction)

    provider = Silent(database)
    shop = Shop(database, sandbox, Providers({"sandbox": provider}))
    await shop.release(await shop.pay())
    await shop.later(days=1)
    for _ in range(10):
        await shop.later(hours=1)
    assert (await shop.events()).count("payout.unknown") == 1
    async with shop.begin() as tx:
        [case] = (await operations.list_cases(tx, limit=10)).data
    assert (case.queue, case.kind) == ("payments", "payout.unknown")
    provider.is_silent = False
    for _ in range(3):
        await shop.later(days=1)
    assert "payout.paid" in await shop.events()
    async with shop.begin() as tx:
        assert (await operations.list_cases(tx, limit=10)).data == []


async def test_an_answer_about_another_amount_is_never_taken(
    database: Database, sandbox: UUID
) -> None:
    class Wrong(Sandbox):
        async def authorize(self, instruction: Instruction) -> Answer:
            answer = await super().authorize(instruction)
            assert isinstance(answer, Succeeded)
            return Succeeded(answer.reference, answer.amount_minor * 10, answer.currency)

        async def find(self, instruction: Instruction) -> Found:
            return Succeeded("x", 10_000, "USD")

    shop = Shop(database, sandbox, Providers({"sandbox": Wrong(database)}))
    payment_id = await shop.create()
    await shop.run()
    for _ in range(10):
        await shop.later(hours=1)
    assert await shop.state(payment_id) == "unknown"
    assert await shop.events() == ["payment.unknown"]
    async with shop.begin() as tx:
        [attempt] = await payments.attempts_of(tx, payment_id)
    assert "USD" in attempt.note
    await shop.check()
