"""Refunds by seller, to another account, sent again, cancelled, returned; and what sellers bear."""

import asyncio
from uuid import UUID

import pytest

from banyan import operations, payments
from banyan.kernel import Money, new_id
from banyan.payments import (
    Refund,
    RefundItem,
    RefundItemsInvalid,
    RefundNotReady,
    RefundTooLarge,
    UnknownToken,
)
from tests.payments.conftest import SELLERS, Shop
from tests.payments.test_disputes import sells


async def refund_items(shop: Shop, payment_id: UUID, *minors: tuple[int, int]) -> UUID:
    refund_id = new_id()
    items = [RefundItem(SELLERS[index], Money.of(minor, "BRL")) for index, minor in minors]
    async with shop.begin() as tx:
        await payments.refund(tx, payment_id, None, refund_id, "Damaged.", "ann", items=items)
    return refund_id


async def the_refund(shop: Shop, refund_id: UUID) -> Refund:
    async with shop.begin() as tx:
        return await payments.get_refund(tx, refund_id)


async def send_again(shop: Shop, refund_id: UUID, destination: str | None = None) -> Refund:
    async with shop.begin() as tx:
        refund = await payments.send_refund_again(tx, refund_id, destination=destination)
    await shop.run()
    return refund


async def cancel(shop: Shop, refund_id: UUID) -> Refund:
    async with shop.begin() as tx:
        return await payments.cancel_refund(tx, refund_id, "The buyer keeps it.")


async def test_only_the_sellers_that_are_named_give(shop: Shop) -> None:
    payment_id = await shop.pay(amounts=(10_000, 5_000))
    await refund_items(shop, payment_id, (1, 2_000))
    await shop.run()
    assert [await shop.seller("pending", index) for index in (0, 1)] == [8_740, 4_370 - 1_748]
    await refund_items(shop, payment_id, (0, 10_000), (1, 3_000))
    await shop.run()
    assert await shop.state(payment_id) == "refunded"
    assert [await shop.seller("pending", index) for index in (0, 1)] == [0, 0]
    assert await shop.balance("platform:commission") == 0
    await shop.check()


async def test_a_part_never_gives_more_than_it_has_under_concurrency(shop: Shop) -> None:
    payment_id = await shop.pay(amounts=(10_000, 5_000))
    done = await asyncio.gather(
        *(refund_items(shop, payment_id, (1, 2_000)) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, RefundTooLarge) for one in done) == 4
    await shop.run()
    assert (await shop.payment(payment_id)).refunded_minor == 4_000
    assert await shop.seller("pending", 0) == 8_740
    await shop.check()


@pytest.mark.parametrize("items", [[], [(0, 5), (0, 6)], [(2, 5)], [(0, 0)]])
async def test_items_that_make_no_sense_are_refused(
    shop: Shop, items: list[tuple[int, int]]
) -> None:
    payment_id = await shop.pay(amounts=(10_000, 5_000))
    with pytest.raises((RefundItemsInvalid, RefundTooLarge)):
        await refund_items(shop, payment_id, *items)
    with pytest.raises(RefundItemsInvalid):
        async with shop.begin() as tx:
            item = RefundItem(SELLERS[0], Money.of(5, "BRL"))
            await payments.refund(
                tx, payment_id, Money.of(6, "BRL"), new_id(), "x", "ann", items=[item]
            )
    assert (await shop.payment(payment_id)).left.minor == 15_000


async def test_the_commission_is_kept_for_payments_made_under_such_terms(shop: Shop) -> None:
    before = await shop.pay()
    await shop.later(hours=1)
    async with shop.begin() as tx:
        await payments.set_commission_terms(tx, "kept")
    after = await shop.pay(order="ord_2")
    await shop.refund(before)
    await shop.run()
    assert await shop.balance("platform:commission") == 1_200
    await shop.refund(after, 5_000)
    await shop.run()
    await shop.refund(after)
    await shop.run()
    assert await shop.balance("platform:commission") == 1_200
    assert await shop.seller("pending") == 0
    assert await shop.seller("available") == -1_260
    assert await shop.state(after) == "refunded"
    await shop.check()


async def test_a_refund_goes_to_an_account_when_the_card_is_closed(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_card_closed")
    refund_id = await shop.refund(payment_id, 4_000)
    await shop.run()
    refund = await the_refund(shop, refund_id)
    assert (refund.state, refund.decline_code) == ("needs_destination", "card_closed")
    assert (await shop.payment(payment_id)).left.minor == 6_000  # it stays held
    with pytest.raises(RefundNotReady):
        await send_again(shop, refund_id)
    with pytest.raises(UnknownToken):
        await send_again(shop, refund_id, "bank_nobody_knows")
    await send_again(shop, refund_id, "bank_timeout")
    await send_again(shop, refund_id, "bank_timeout")
    assert (await the_refund(shop, refund_id)).state == "succeeded"
    assert await shop.charges() == {"authorize": 1, "capture": 1, "payout": 1}
    assert (await shop.payment(payment_id)).refunded_minor == 4_000
    await shop.check()


async def test_an_account_that_is_closed_too_is_asked_for_again(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_card_closed")
    refund_id = await shop.refund(payment_id)
    await shop.run()
    await send_again(shop, refund_id, "bank_account_closed")
    assert (await the_refund(shop, refund_id)).state == "needs_destination"
    await send_again(shop, refund_id, "bank_ok")
    assert (await the_refund(shop, refund_id)).sending == 3
    assert await shop.state(payment_id) == "refunded"
    await shop.check()


async def test_a_person_looks_at_a_refund_that_has_nowhere_to_go(shop: Shop) -> None:
    sells(shop, None)
    payment_id = await shop.pay("tok_refund_card_closed")
    refund_id = await shop.refund(payment_id)
    await shop.run()
    await shop.later(days=14)
    for resolution in ("keep_waiting", "cancel"):
        async with shop.begin() as tx:
            [case] = (await operations.list_cases(tx, limit=5)).data
            await operations.resolve_case(tx, case.case_id, resolution, note="", actor="ann")
        await shop.run()
        await shop.later(days=14)
    assert (await the_refund(shop, refund_id)).state == "cancelled"
    assert (await shop.payment(payment_id)).left.minor == 10_000
    assert await shop.seller("pending") == 8_740
    await shop.check()


@pytest.mark.parametrize("is_released", [False, True])
async def test_a_refund_that_comes_back_is_held_and_sent_elsewhere(
    shop: Shop, is_released: bool
) -> None:
    payment_id = await shop.pay("tok_refund_returned")
    refund_id = await shop.refund(payment_id, 4_000)
    await shop.run()
    if is_released:
        await shop.release(payment_id)
    await shop.later(days=2)
    refund = await the_refund(shop, refund_id)
    assert (refund.state, refund.round) == ("needs_destination", 2)
    payment = await shop.payment(payment_id)
    assert (payment.state, payment.refunded_minor, payment.left.minor) == ("captured", 0, 6_000)
    await shop.check()
    await send_again(shop, refund_id, "bank_ok")
    assert (await shop.payment(payment_id)).refunded_minor == 4_000
    assert await shop.seller("available" if is_released else "pending") in (5_244, 0)
    told = [event for event in await shop.events() if event.startswith("refund.")]
    assert told == [
        "refund.created", "refund.succeeded", "refund.returned", "refund.needs_destination",
        "refund.sent_again", "refund.succeeded",
    ]  # fmt: skip
    await shop.check()


async def test_a_failed_refund_is_tried_again(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_fails_once")
    refund_id = await refund_items(shop, payment_id, (0, 4_000))
    await shop.run()
    assert (await the_refund(shop, refund_id)).state == "failed"
    await shop.release(payment_id)
    await send_again(shop, refund_id)
    refund = await the_refund(shop, refund_id)
    assert (refund.state, refund.round, refund.sending) == ("succeeded", 2, 2)
    with pytest.raises(RefundNotReady):
        await send_again(shop, refund_id)
    assert (await shop.payment(payment_id)).refunded_minor == 4_000
    await shop.check()


async def test_a_failed_refund_is_not_tried_again_with_money_that_is_gone(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_fails_once")
    refund_id = await shop.refund(payment_id, 6_000)
    await shop.run()
    await shop.refund(payment_id, 5_000)
    with pytest.raises(RefundTooLarge):
        await send_again(shop, refund_id)
    await shop.run()
    assert (await shop.payment(payment_id)).refunded_minor == 5_000
    await shop.check()


async def test_a_refund_is_cancelled_before_it_is_sent_and_not_after(shop: Shop) -> None:
    payment_id = await shop.pay()
    refund_id = await shop.refund(payment_id, 4_000)
    assert (await cancel(shop, refund_id)).state == "cancelled"
    assert (await cancel(shop, refund_id)).state == "cancelled"
    await shop.run()
    assert (await shop.payment(payment_id)).left.minor == 10_000
    assert "refund" not in await shop.charges()
    sent = await shop.refund(payment_id, 4_000)
    await shop.run()
    with pytest.raises(RefundNotReady):
        await cancel(shop, sent)
    await shop.check()


async def test_a_cancel_and_a_send_at_the_same_time_agree(shop: Shop) -> None:
    payment_id = await shop.pay()
    for _ in range(5):
        refund_id = await shop.refund(payment_id, 1_000)
        await asyncio.gather(cancel(shop, refund_id), shop.run(), return_exceptions=True)
        await shop.run()
        assert (await the_refund(shop, refund_id)).state in ("cancelled", "succeeded")
    payment = await shop.payment(payment_id)
    done = (await shop.charges()).get("refund", 0)
    assert payment.refunded_minor == payment.reversed_minor == 1_000 * done
    await shop.check()


async def test_a_claw_back_is_counted_once_over_several_settlements(shop: Shop) -> None:
    """Refunds after the payout, netted out of the next two payouts: each cent once."""
    first = await shop.pay()
    await shop.release(first)
    await shop.later(days=1)
    await shop.refund(first, 6_000)
    await shop.run()
    await shop.refund(first, 4_000)
    await shop.run()
    assert await shop.seller("available") == -8_740
    paid_out = [8_740]
    for number, minor in ((2, 6_000), (3, 9_000), (4, 5_000)):
        other = await shop.pay(amounts=(minor,), order=f"ord_{number}")
        await shop.release(other)
        await shop.later(days=1)
        await shop.later(days=1)
        async with shop.begin() as tx:
            [line] = await payments.summary(tx)
        paid_out.append(line.paid_out.minor)
        await shop.check()
    assert paid_out == [8_740, 8_740, 5_244 + 7_866, 5_244 + 7_866 + 4_370]
    assert await shop.seller("available") == 0
