"""Refunds: partial, full, at the same time, after the seller was paid."""

import asyncio

import pytest

from banyan import payments
from banyan.kernel import CurrencyMismatch, Money, new_id
from banyan.payments import PaymentNotReady, RefundIdReused, RefundTooLarge
from tests.payments.conftest import Shop


async def test_partial_refunds_give_back_in_proportion_until_nothing_is_left(shop: Shop) -> None:
    payment_id = await shop.pay(amounts=(10_000, 5_000))
    await shop.refund(payment_id, 1_500)
    await shop.run()
    assert await shop.state(payment_id) == "partially_refunded"
    assert await shop.seller("pending", 0) == 8_740 - 874
    assert await shop.balance("platform:commission") == 1_800 - 180
    await shop.refund(payment_id)
    await shop.run()
    assert await shop.state(payment_id) == "refunded"
    for part in ("pending", "available"):
        assert await shop.seller(part, 0) == await shop.seller(part, 1) == 0
    assert await shop.balance("platform:commission") == 0
    assert await shop.balance("tax:BR-ISS:commission") == 0
    assert await shop.balance("provider:sandbox:receivable") == 465
    assert (await shop.events())[-1] == "refund.succeeded"
    await shop.check()


async def test_refunds_at_the_same_time_never_exceed_what_was_taken(shop: Shop) -> None:
    payment_id = await shop.pay()
    done = await asyncio.gather(
        *(shop.refund(payment_id, 3_000) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(refund, RefundTooLarge) for refund in done) == 5
    await shop.run()
    payment = await shop.payment(payment_id)
    assert (payment.refunded_minor, payment.left.minor) == (9_000, 1_000)
    assert await shop.charges() == {"authorize": 1, "capture": 1, "refund": 3}
    await shop.check()


async def test_a_refund_after_the_payout_is_owed_and_netted(shop: Shop) -> None:
    payment_id = await shop.pay()
    await shop.release(payment_id)
    await shop.later(days=1)
    await shop.refund(payment_id)
    await shop.run()
    assert await shop.seller("available") == -8_740
    await shop.later(days=1)
    await shop.check()
    other = await shop.pay(amounts=(20_000,), order="ord_2")
    await shop.release(other)
    assert await shop.seller("available") == 17_480 - 8_740
    await shop.later(days=1)
    assert await shop.seller("available") == 0
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert line.paid_out.minor == 17_480
    await shop.check()


async def test_a_release_leaves_out_what_is_on_its_way_back(shop: Shop) -> None:
    payment_id = await shop.pay()
    await shop.refund(payment_id, 5_000)
    await shop.release(payment_id)
    assert await shop.seller("available") == 4_370
    await shop.run()
    assert await shop.seller("pending") == 0
    await shop.check()


async def test_a_refund_and_a_release_at_the_same_time_keep_the_books(shop: Shop) -> None:
    payment_id = await shop.pay()
    await asyncio.gather(shop.refund(payment_id, 2_500), shop.release(payment_id))
    await shop.run()
    assert await shop.seller("pending") == 0
    assert await shop.seller("available") == 8_740 - 2_185
    await shop.check()


async def test_the_same_refund_again_changes_nothing(shop: Shop) -> None:
    payment_id = await shop.pay()
    refund_id = await shop.refund(payment_id, 2_000)
    await shop.refund(payment_id, 2_000, refund_id)
    await shop.run()
    await shop.refund(payment_id, 2_000, refund_id)
    with pytest.raises(RefundIdReused):
        await shop.refund(payment_id, 2_001, refund_id)
    assert (await shop.payment(payment_id)).refunded_minor == 2_000


async def test_what_cannot_be_refunded_is_refused(shop: Shop) -> None:
    payment_id = await shop.create()
    with pytest.raises(PaymentNotReady):
        await shop.refund(payment_id)
    await shop.run()
    await shop.capture(payment_id)
    for minor in (0, -1, 10_001):
        with pytest.raises(RefundTooLarge):
            await shop.refund(payment_id, minor)
    with pytest.raises(CurrencyMismatch):
        async with shop.begin() as tx:
            await payments.refund(tx, payment_id, Money.of(1, "EUR"), new_id(), "", "ann")
    await shop.refund(payment_id)
    with pytest.raises(RefundTooLarge):
        await shop.refund(payment_id)


async def test_refunds_of_one_payment_that_fail_together_are_each_undone(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_fails", amounts=(6_000, 4_000))
    async with shop.begin() as tx:
        before = await payments.splits_of(tx, [payment_id])
    await shop.refund(payment_id, 4_000)
    await shop.refund(payment_id, 3_000)
    await shop.run()
    async with shop.begin() as tx:
        assert await payments.splits_of(tx, [payment_id]) == before
    assert (await shop.payment(payment_id)).left == Money.of(10_000, "BRL")
    await shop.check()
