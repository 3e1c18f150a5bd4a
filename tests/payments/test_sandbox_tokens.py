"""Every magic token, through the worker."""

import pytest

from banyan import payments
from banyan.payments import UnknownToken
from tests.payments.conftest import SELLERS, Shop


async def test_a_payment_is_authorized_captured_and_shared_out(shop: Shop) -> None:
    payment_id = await shop.create(amounts=(10_000, 5_000))
    await shop.run()
    assert await shop.state(payment_id) == "authorized"
    assert await shop.balance("buyer:funds_held") == 0
    await shop.capture(payment_id)
    payment = await shop.payment(payment_id)
    assert (payment.state, payment.captured_minor, payment.fee_minor) == ("captured", 15_000, 465)
    assert await shop.seller("pending", 0) == 10_000 - 1_200 - 60
    assert await shop.seller("pending", 1) == 5_000 - 600 - 30
    assert await shop.balance("platform:commission") == 1_800
    assert await shop.balance("tax:BR-ISS:commission") == 90
    assert await shop.balance("provider:sandbox:fees") == -465
    assert await shop.balance("provider:sandbox:receivable") == -(15_000 - 465)
    assert await shop.events() == ["payment.authorized", "payment.captured"]
    await shop.check()


@pytest.mark.parametrize(
    ("token", "code", "is_hard"),
    [
        ("tok_declined_insufficient_funds", "insufficient_funds", False),
        ("tok_declined_stolen_card", "stolen_card", True),
    ],
)
async def test_declines_are_soft_or_hard(shop: Shop, token: str, code: str, is_hard: bool) -> None:
    payment_id = await shop.create(token)
    await shop.run()
    payment = await shop.payment(payment_id)
    assert (payment.state, payment.decline_code) == ("declined", code)
    async with shop.begin() as tx:
        payload = await tx.value("select payload from runtime.events")
    assert payload["is_hard"] is is_hard
    assert payload["order"] == "ord_1"
    assert code in payload["reason"]
    await shop.check()


async def test_3ds_is_completed(shop: Shop) -> None:
    payment_id = await shop.create("tok_requires_3ds")
    await shop.run()
    payment = await shop.payment(payment_id)
    assert payment.state == "requires_action"
    assert payment.action_url is not None
    for _ in range(2):
        async with shop.begin() as tx:
            await payments.complete_authentication(tx, payment_id)
        await shop.run()
    assert await shop.state(payment_id) == "authorized"
    await shop.capture(payment_id)
    await shop.later(hours=2)
    assert await shop.state(payment_id) == "captured"
    assert await shop.events() == [
        "payment.requires_action",
        "payment.authorized",
        "payment.captured",
    ]
    await shop.check()


async def test_3ds_fails(shop: Shop) -> None:
    payment_id = await shop.create("tok_requires_3ds_fails")
    await shop.run()
    async with shop.begin() as tx:
        await payments.complete_authentication(tx, payment_id)
    await shop.run()
    payment = await shop.payment(payment_id)
    assert (payment.state, payment.decline_code) == ("declined", "authentication_failed")
    await shop.check()


async def test_3ds_expires_and_is_voided_at_the_provider(shop: Shop) -> None:
    payment_id = await shop.create("tok_requires_3ds")
    await shop.run()
    await shop.later(minutes=59)
    assert await shop.state(payment_id) == "requires_action"
    await shop.later(minutes=1)
    assert await shop.state(payment_id) == "declined"
    assert (await shop.events())[-1] == "payment.authentication_expired"
    assert await shop.charges() == {"void": 1}
    async with shop.begin() as tx:
        with pytest.raises(payments.PaymentNotReady):
            await payments.complete_authentication(tx, payment_id)
    await shop.check()


async def test_a_timeout_is_looked_up(shop: Shop) -> None:
    payment_id = await shop.create("tok_timeout")
    await shop.run()
    assert await shop.state(payment_id) == "authorized"
    async with shop.begin() as tx:
        [attempt] = await payments.attempts_of(tx, payment_id)
    assert (attempt.state, attempt.outcome) == ("applied", "succeeded")
    assert "look-up" in attempt.note
    assert await shop.charges() == {"authorize": 1}
    await shop.check()


async def test_a_call_that_was_lost_is_sent_again_under_the_same_key(shop: Shop) -> None:
    payment_id = await shop.create("tok_timeout_not_made")
    await shop.run()
    assert await shop.state(payment_id) == "authorizing"
    assert await shop.charges() == {}
    await shop.later(seconds=30)
    assert await shop.state(payment_id) == "authorized"
    assert await shop.charges() == {"authorize": 1}
    await shop.check()


async def test_an_unknown_outcome_alarms_once_and_is_found_in_the_end(shop: Shop) -> None:
    payment_id = await shop.create("tok_unknown_for_a_day")
    await shop.run()
    for _ in range(30):
        await shop.later(hours=1)
        if await shop.state(payment_id) == "authorized":
            break
        assert await shop.state(payment_id) in ("authorizing", "unknown")
    assert await shop.state(payment_id) == "authorized"
    assert await shop.events() == ["payment.unknown", "payment.authorized"]
    assert await shop.charges() == {"authorize": 1}
    await shop.check()


async def test_a_late_webhook_tells_the_outcome(shop: Shop) -> None:
    payment_id = await shop.create("tok_late_webhook")
    await shop.run()
    await shop.later(minutes=59)
    assert await shop.state(payment_id) == "authorizing"
    await shop.later(minutes=1)
    assert await shop.state(payment_id) == "authorized"
    await shop.later(days=1)
    assert await shop.events() == ["payment.authorized"]
    await shop.check()


async def test_a_webhook_that_comes_twice_changes_nothing(shop: Shop) -> None:
    payment_id = await shop.create("tok_duplicate_webhook")
    await shop.run()
    assert await shop.state(payment_id) == "authorized"
    assert await shop.events() == ["payment.authorized"]
    async with shop.begin() as tx:
        assert await tx.value("select count(*) from payments.webhooks") == 1
    await shop.check()


async def test_a_capture_fails_and_the_hold_is_gone(shop: Shop) -> None:
    payment_id = await shop.pay("tok_capture_fails")
    assert await shop.state(payment_id) == "capture_failed"
    assert await shop.events() == ["payment.authorized", "payment.capture_failed"]
    assert (await shop.charges())["void"] == 1, "the buyer's bank is told to let go"
    assert await shop.balance("provider:sandbox:receivable") == 0
    async with shop.begin() as tx:
        assert await payments.summary(tx) == []
    await shop.check()


@pytest.mark.parametrize("is_released", [False, True])
async def test_a_refund_fails_and_the_money_is_back(shop: Shop, is_released: bool) -> None:
    payment_id = await shop.pay("tok_refund_fails")
    refund_id = await shop.refund(payment_id, 4_000)
    if is_released:
        await shop.release(payment_id)
    await shop.run()
    async with shop.begin() as tx:
        refund = await payments.get_refund(tx, refund_id)
    assert (refund.state, refund.decline_code) == ("failed", "refund_failed")
    assert (await shop.payment(payment_id)).left.minor == 10_000
    part = "available" if is_released else "pending"
    assert await shop.seller(part) == 8_740
    await shop.check()


@pytest.mark.parametrize("is_released", [False, True])
async def test_a_dispute_is_won(shop: Shop, is_released: bool) -> None:
    payment_id = await shop.pay("tok_dispute_won")
    await shop.later(days=5)
    assert await shop.seller("pending") == 0
    assert await shop.balance("disputes:held") == 10_000
    if is_released:
        await shop.release(payment_id)
    await shop.later(days=10)
    assert await shop.balance("disputes:held") == 0
    assert await shop.seller("available" if is_released else "pending") == 8_740
    assert await shop.balance("provider:sandbox:fees") == -(320 + 1_500)
    told = [event for event in await shop.events() if event.startswith("dispute.")]
    assert (told[0], told[-1]) == ("dispute.opened", "dispute.won")
    await shop.check()


async def test_a_dispute_is_lost_after_the_seller_was_paid(shop: Shop) -> None:
    payment_id = await shop.pay("tok_dispute_lost")
    await shop.release(payment_id)
    await shop.later(days=1)
    assert await shop.seller("available") == 0
    await shop.later(days=4)
    assert await shop.seller("available") == -8_740
    await shop.later(days=10)
    assert await shop.seller("available") == -8_740
    assert await shop.balance("disputes:held") == 0
    assert await shop.balance("platform:commission") == 0
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert (line.lost_in_disputes.minor, line.paid_out.minor) == (10_000, 8_740)
    assert line.at_provider.minor == -(8_740 + 320 + 1_500)
    assert "dispute.lost" in await shop.events()
    await shop.check()


async def test_what_was_refunded_is_not_disputed(shop: Shop) -> None:
    payment_id = await shop.pay("tok_dispute_lost")
    await shop.refund(payment_id)
    await shop.run()
    await shop.later(days=20)
    assert "dispute.opened" not in await shop.events()
    await shop.check()


async def test_payouts_go_out_at_the_cut_off(shop: Shop) -> None:
    payment_id = await shop.pay()
    await shop.release(payment_id)
    await shop.later(hours=17)
    assert await shop.seller("available") == 8_740
    await shop.later(hours=1)
    assert await shop.seller("available") == 0
    assert await shop.balance("payouts:in_transit") == 0
    async with shop.begin() as tx:
        page = await payments.list_payouts(tx)
        [line] = await payments.summary(tx)
    assert [payout.state for payout in page.data] == ["paid"]
    assert (line.paid_out.minor, line.owed_to_sellers.minor) == (8_740, 0)
    assert (await shop.events())[-2:] == ["payout.created", "payout.paid"]
    await shop.check()


@pytest.mark.parametrize(
    ("bank", "state", "available"),
    [
        ("bank_account_closed", "failed", 8_740),
        ("bank_returned", "returned", 8_740),
        ("bank_timeout", "paid", 0),
    ],
)
async def test_payouts_that_fail_give_the_money_back(
    shop: Shop, bank: str, state: str, available: int
) -> None:
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], bank)
    payment_id = await shop.pay()
    await shop.release(payment_id)
    for _ in range(8):
        await shop.later(days=1)
    async with shop.begin() as tx:
        page = await payments.list_payouts(tx)
        [account] = await payments.payout_accounts_of(tx, SELLERS[0])
    assert [payout.state for payout in page.data] == [state]
    assert await shop.seller("available") == available
    assert (account.blocked_reason is None) == (state == "paid")
    await shop.check()
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], "bank_ok")
    await shop.later(days=1)
    assert await shop.seller("available") == 0
    await shop.check()


async def test_unknown_tokens_are_refused_with_the_docs(shop: Shop) -> None:
    with pytest.raises(UnknownToken, match=r"docs/payments\.md"):
        await shop.create("tok_nobody_knows")
    async with shop.begin() as tx:
        with pytest.raises(UnknownToken):
            await payments.set_payout_account(tx, SELLERS[0], "bank_nobody_knows")
