"""Payments: made once, voided at any time, of one marketplace."""

import asyncio
from uuid import UUID

import pytest

from banyan import payments
from banyan.kernel import Money, new_id
from banyan.payments import (
    Method,
    PaymentDraft,
    PaymentIdReused,
    PaymentNotFound,
    PaymentNotReady,
    ProviderMissing,
    Share,
    price_splits,
)
from banyan.payments.jobs import jobs
from tests.payments.conftest import SELLERS, Shop


def _draft(
    payment_id: UUID, buyer_id: UUID, minor: int = 1_000, currency: str = "BRL"
) -> PaymentDraft:
    terms = payments.Terms(1_200, 500, "BR-ISS")
    share = Share(SELLERS[0], Money.of(minor, currency), Money.zero(currency))
    return PaymentDraft(
        payment_id, "ord_1", buyer_id, Money.of(minor, currency), Method("card", "tok_visa"),
        price_splits([share], terms),
    )  # fmt: skip


async def test_the_same_payment_again_changes_nothing(shop: Shop) -> None:
    payment_id, buyer_id = new_id(), new_id()
    for _ in range(2):
        async with shop.begin() as tx:
            await payments.create_payments(tx, [_draft(payment_id, buyer_id)])
        await shop.run()
    assert await shop.charges() == {"authorize": 1}
    with pytest.raises(PaymentIdReused):
        async with shop.begin() as tx:
            await payments.create_payments(tx, [_draft(payment_id, buyer_id, 999)])


async def test_a_batch_is_paid_together_in_many_currencies(shop: Shop) -> None:
    currencies = ["BRL", "JPY", "KWD", "EUR"] * 5
    drafts = [_draft(new_id(), new_id(), 1_001 + n, c) for n, c in enumerate(currencies)]
    async with shop.begin() as tx:
        await payments.create_payments(tx, drafts)
    await shop.run()
    ids = [draft.payment_id for draft in drafts]
    async with shop.begin() as tx:
        await payments.capture_payments(tx, ids)
        await payments.capture_payments(tx, ids)
    await shop.run()
    async with shop.begin() as tx:
        await payments.release(tx, ids)
        await payments.release(tx, ids)
        lines = await payments.summary(tx)
        page = await payments.list_payments(tx, state="captured", limit=7)
        rest = await payments.list_payments(tx, limit=100, cursor=page.next_cursor)
    assert [line.currency for line in lines] == ["BRL", "EUR", "JPY", "KWD"]
    assert len(page.data + rest.data) == 20
    await shop.check()


async def test_what_is_authorized_can_be_voided(shop: Shop) -> None:
    payment_id = await shop.create()
    await shop.run()
    for _ in range(2):
        async with shop.begin() as tx:
            await payments.void_payments(tx, [payment_id], "The buyer cancelled.")
        await shop.run()
    assert await shop.state(payment_id) == "voided"
    assert await shop.events() == ["payment.authorized", "payment.voided"]
    async with shop.begin() as tx:
        with pytest.raises(PaymentNotReady):
            await payments.capture_payments(tx, [payment_id])
    await shop.check()


@pytest.mark.parametrize("token", ["tok_visa", "tok_unknown_for_a_day", "tok_requires_3ds"])
async def test_a_void_waits_for_an_open_outcome(shop: Shop, token: str) -> None:
    payment_id = await shop.create(token)
    async with shop.begin() as tx:
        await payments.void_payments(tx, [payment_id], "The buyer cancelled.")
    await shop.run()
    for _ in range(12):
        await shop.later(hours=3)
    assert await shop.state(payment_id) == "voided"
    assert "payment.authorized" not in await shop.events()
    assert (await shop.charges())["void"] == 1
    await shop.check()


async def test_a_void_of_3ds_that_is_open_gives_it_up(shop: Shop) -> None:
    payment_id = await shop.create("tok_requires_3ds")
    await shop.run()
    async with shop.begin() as tx:
        await payments.void_payments(tx, [payment_id], "The buyer cancelled.")
    await shop.run()
    assert await shop.state(payment_id) == "voided"
    await shop.later(hours=2)
    assert await shop.events() == ["payment.requires_action", "payment.voided"]


async def test_a_capture_and_a_void_at_the_same_time_do_one_of_them(shop: Shop) -> None:
    payment_id = await shop.create()
    await shop.run()

    async def void() -> None:
        async with shop.begin() as tx:
            await payments.void_payments(tx, [payment_id], "Cancelled.")

    async def capture() -> None:
        async with shop.begin() as tx:
            await payments.capture_payments(tx, [payment_id])

    done = await asyncio.gather(void(), capture(), return_exceptions=True)
    assert sum(isinstance(result, PaymentNotReady) for result in done) == 1
    await shop.run()
    assert await shop.state(payment_id) in ("captured", "voided")
    await shop.check()


async def test_what_was_captured_cannot_be_voided(shop: Shop) -> None:
    payment_id = await shop.pay()
    async with shop.begin() as tx:
        with pytest.raises(PaymentNotReady, match="refund it"):
            await payments.void_payments(tx, [payment_id], "")


async def test_payments_do_not_cross_marketplaces(shop: Shop, live: UUID) -> None:
    payment_id = await shop.pay()
    async with shop.database.transaction(live) as tx:
        assert await payments.find_payment(tx, payment_id) is None
        assert (await payments.list_payments(tx)).data == []
        with pytest.raises(PaymentNotFound):
            await payments.refund(tx, payment_id, None, new_id(), "", "ann")


async def test_a_live_marketplace_does_not_take_play_money(shop: Shop, live: UUID) -> None:
    async with shop.database.transaction(live) as tx:
        with pytest.raises(ProviderMissing):
            await payments.create_payments(tx, [_draft(new_id(), new_id())])


async def test_the_order_finds_its_payments_and_movements(shop: Shop) -> None:
    payment_id = await shop.pay(order="ord_42")
    async with shop.begin() as tx:
        [payment] = await payments.payments_of(tx, "ord_42")
        codes = [movement.code for movement in await payments.movements_of(tx, "ord_42")]
    assert payment.payment_id == payment_id
    assert codes == [
        "authorize", "authorize", "split", "commission", "commission_tax", "provider_fee",
    ]  # fmt: skip


async def test_every_kind_of_job_has_one_handler(shop: Shop) -> None:
    kinds = [handler.kind for handler in jobs(shop.database, shop.providers)]
    assert len(set(kinds)) == len(kinds)
