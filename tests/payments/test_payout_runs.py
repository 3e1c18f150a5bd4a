"""Runs of payouts: who is paid when, who is held, what can be taken back."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from banyan import parties, payments
from banyan.kernel import new_id
from banyan.parties import SellerDraft
from banyan.payments import PayoutNotCancellable, PayoutNotFound
from banyan.payments.model import Destination, PayoutSettings, Schedule
from banyan.payments.service import payout_accounts, payout_settings, payouts
from banyan.runtime import Database
from tests.payments.conftest import SELLERS, Shop

DAILY = Schedule(cadence="daily", delay_days=0, minimum_minor=1_000)


async def _change(shop: Shop, **changes: object) -> PayoutSettings:
    async with shop.begin() as tx:
        settings = replace(await payout_settings.get_payout_settings(tx), **changes)
        return await payout_settings.update_payout_settings(tx, settings)


async def _states(shop: Shop) -> list[tuple[str, int]]:
    async with shop.begin() as tx:
        page = await payments.list_payouts(tx, limit=100)
    return [(payout.state, payout.amount_minor) for payout in reversed(page.data)]


async def test_a_weekly_seller_waits_for_its_day_and_business_days_for_banks(shop: Shop) -> None:
    friday = Schedule(cadence="weekly", weekday=5, delay_days=0, minimum_minor=1)
    await _change(shop, calendar="business_days")
    async with shop.begin() as tx:
        await payout_settings.set_schedule(tx, SELLERS[0], friday)
    for part in (0, 1):  # on Thursday, 1 March 2018
        payment_id = await shop.pay(amounts=(10_000, 5_000), order=f"ord_{part}")
        await shop.release(payment_id)
        assert await shop.seller("available", 0) == 8_740
        await shop.later(days=1)  # Friday: all are paid
        assert await shop.seller("available", 0) == await shop.seller("available", 1) == 0
        payment_id = await shop.pay(amounts=(10_000, 5_000), order=f"ord_{part}b")
        await shop.release(payment_id)
        await shop.later(days=2)  # Sunday: no bank works
        assert await shop.seller("available", 1) == 4_370
        await shop.later(days=1)  # Monday: the daily seller is paid, the weekly one not
        assert await shop.seller("available", 1) == 0
        assert await shop.seller("available", 0) == 8_740
        await shop.later(days=3)  # Thursday
        assert await shop.seller("available", 0) == 8_740
        await shop.later(days=1)
        assert await shop.seller("available", 0) == 0
        await shop.later(days=6)
    await shop.check()


async def test_a_manual_seller_is_paid_when_asked(shop: Shop) -> None:
    await _change(shop, schedule=Schedule(cadence="manual", delay_days=0, minimum_minor=1_000))
    await shop.release(await shop.pay(amounts=(10_000, 5_000)))
    await shop.later(days=40)
    assert await _states(shop) == []
    async with shop.begin() as tx:
        [payout] = await payments.run_payouts(tx, SELLERS[1])
    assert (payout.seller_id, payout.amount_minor) == (SELLERS[1], 4_370)
    await shop.run()
    assert await _states(shop) == [("paid", 4_370)]
    await shop.check()


async def test_the_minimum_waits_for_more(shop: Shop) -> None:
    await _change(shop, schedule=Schedule(cadence="daily", delay_days=0, minimum_minor=9_000))
    await shop.release(await shop.pay())
    await shop.later(days=3)
    assert await _states(shop) == []
    await shop.release(await shop.pay(order="ord_2"))
    await shop.later(days=1)
    assert await _states(shop) == [("paid", 17_480)]


async def test_two_runs_at_once_pay_once(shop: Shop) -> None:
    await shop.release(await shop.pay(amounts=(10_000, 5_000, 2_000)))

    async def run() -> int:
        async with shop.begin() as tx:
            return len(await payments.run_payouts(tx))

    made = await asyncio.gather(*(run() for _ in range(4)))
    assert sorted(made) == [0, 0, 0, 3]
    await shop.run()
    assert (await shop.charges())["payout"] == 3
    await shop.check()


async def test_a_run_goes_page_by_page_in_one_batch(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payouts, "_PAGE", 2)
    await shop.release(await shop.pay(amounts=(10_000, 5_000, 2_000)))
    await shop.later(days=1)
    async with shop.begin() as tx:
        page = await payments.list_payouts(tx)
        batches = (await payouts.list_batches(tx)).data
    assert len({payout.batch_id for payout in page.data}) == 1
    [batch] = batches
    total = sum(payout.amount_minor for payout in page.data)
    assert (batch.state, batch.count, batch.total_minor) == ("closed", 3, total)
    async with shop.begin() as tx:
        assert await payouts.get_batch(tx, batch.batch_id) == batch


async def test_a_payout_is_cancelled_until_it_is_sent(shop: Shop) -> None:
    await shop.release(await shop.pay())
    async with shop.begin() as tx:
        [payout] = await payments.run_payouts(tx)
    for _ in range(2):
        async with shop.begin() as tx:
            cancelled = await payments.cancel_payout(tx, payout.payout_id, "Ann is looking at it.")
        assert cancelled.state == "cancelled"
    await shop.run()
    assert "payout" not in await shop.charges()
    assert await shop.seller("available") == 8_740
    assert (await shop.events()).count("payout.cancelled") == 1
    await shop.later(days=1)
    assert await _states(shop) == [("cancelled", 8_740), ("paid", 8_740)]
    async with shop.begin() as tx:
        with pytest.raises(PayoutNotFound):
            await payments.cancel_payout(tx, new_id(), "x")
        [paid] = (await payments.list_payouts(tx, state="paid")).data
        with pytest.raises(PayoutNotCancellable, match="paid"):
            await payments.cancel_payout(tx, paid.payout_id, "x")
    await shop.check()


async def test_a_cancel_and_the_sending_at_the_same_time_do_one_of_them(shop: Shop) -> None:
    for number in range(6):
        await shop.release(await shop.pay(order=f"ord_{number}"))
        async with shop.begin() as tx:
            [payout] = await payments.run_payouts(tx)

        async def cancel(payout_id: UUID = payout.payout_id) -> None:
            async with shop.begin() as tx:
                await payments.cancel_payout(tx, payout_id, "Cancelled.")

        _, cancelled = await asyncio.gather(shop.run(), cancel(), return_exceptions=True)
        await shop.run()
        async with shop.begin() as tx:
            state = (await payments.get_payout(tx, payout.payout_id)).state
        assert state == ("cancelled" if cancelled is None else "paid")
        assert cancelled is None or isinstance(cancelled, PayoutNotCancellable)
        assert await shop.seller("available") == (8_740 if state == "cancelled" else 0)
        async with shop.begin() as tx:
            await payments.run_payouts(tx)
        await shop.run()
    await shop.check()


async def test_who_is_not_eligible_waits_and_is_paid_once_eligible(
    shop: Shop,
) -> None:
    seller = SELLERS[0]
    async with shop.begin() as tx:
        draft = SellerDraft(name="Ana", country="BR", currency="BRL")
        made = await parties.create_seller(tx, draft)
        await tx.execute(
            "update parties.sellers set seller_id = %(new)s where seller_id = %(made)s",
            new=seller,
            made=made.seller_id,
        )
        await parties.set_seller_status(tx, seller, "suspended", reason="Looks stolen.")
    await shop.release(await shop.pay())
    await shop.later(days=2)
    assert await _states(shop) == []
    async with shop.begin() as tx:
        [hold] = await payout_accounts.holds_of(tx, seller)
    assert (hold.kind, hold.reason) == ("not_eligible", "The seller is suspended.")
    async with shop.begin() as tx:
        await parties.set_seller_status(tx, seller, "active", reason="Cleared.")
    await shop.later(days=1)
    assert await _states(shop) == [("paid", 8_740)]
    events = [event for event in await shop.events() if event.startswith("seller_payouts")]
    assert events == ["seller_payouts.held", "seller_payouts.resumed"]


async def test_a_changed_account_is_not_paid_to_for_some_days(shop: Shop) -> None:
    await _change(shop, change_hold_days=3)
    await shop.release(await shop.pay())
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], "bank_ok")  # what it had
        assert await payout_accounts.holds_of(tx, SELLERS[0]) == []
        await payments.set_payout_account(tx, SELLERS[0], "bank_timeout", currency="BRL")
        [hold] = await payout_accounts.holds_of(tx, SELLERS[0])
        assert hold.until_at == tx.now + timedelta(days=3)
    await shop.later(days=2)
    assert await _states(shop) == []
    await shop.later(days=2)
    assert await _states(shop) == [("paid", 8_740)]
    async with shop.begin() as tx:
        [paid] = (await payments.list_payouts(tx)).data
    assert paid.destination == "bank_timeout"
    assert "payout_account.changed" in await shop.events()


async def test_a_hold_by_hand_lasts_until_it_is_lifted(shop: Shop) -> None:
    await shop.release(await shop.pay())
    async with shop.begin() as tx:
        for _ in range(2):
            await payout_accounts.hold(tx, SELLERS[0], "by_hand", "Fraud is looking.")
    await shop.later(days=5)
    assert await _states(shop) == []
    async with shop.begin() as tx:
        await payout_accounts.lift_hold(tx, SELLERS[0], "by_hand")
        await payout_accounts.lift_hold(tx, SELLERS[0], "by_hand")
    await shop.later(days=1)
    assert await _states(shop) == [("paid", 8_740)]
    held = [event for event in await shop.events() if event.startswith("seller_payouts")]
    assert held == ["seller_payouts.held", "seller_payouts.resumed"]


async def test_a_seller_has_an_account_for_each_currency(shop: Shop) -> None:
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], "bank_account_closed", currency="BRL")
        await payments.set_payout_account(tx, SELLERS[0], "bank_ok")
    await shop.release(await shop.pay())
    await shop.later(days=1)
    assert await _states(shop) == [("failed", 8_740)]
    await shop.later(days=2)  # the blocked account stands before the one for any currency
    assert await _states(shop) == [("failed", 8_740)]
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], "bank_ok", currency="BRL")
    await shop.later(days=1)
    assert await _states(shop) == [("failed", 8_740), ("paid", 8_740)]
    assert "payout_account.blocked" in await shop.events()


async def test_a_bank_is_needed_before_ibans_can_be_paid_to(shop: Shop) -> None:
    where = Destination(kind="iban", text="DE89370400440532013000", holder="Ana")
    async with shop.begin() as tx:
        with pytest.raises(payments.BankMissing):
            await payments.set_payout_account(tx, SELLERS[0], where)


async def test_a_live_seller_without_an_account_is_not_paid(database: Database, live: UUID) -> None:
    async with database.transaction(live) as tx:
        await payouts.schedule_payouts(tx, [SELLERS[0]])
        assert await payments.payout_accounts_of(tx, SELLERS[0]) == []
        settings = await payout_settings.get_payout_settings(tx)
        assert (settings.calendar, settings.change_hold_days) == ("business_days", 3)
        assert settings.debit_after_days is None


async def test_a_schedule_is_the_sellers_or_the_marketplaces(shop: Shop) -> None:
    own = Schedule(cadence="monthly", month_day=15, delay_days=2, minimum_minor=50_000)
    async with shop.begin() as tx:
        assert await payout_settings.set_schedule(tx, SELLERS[0], own) == own
        assert await payout_settings.get_schedule(tx, SELLERS[0]) == own
        assert await payout_settings.set_schedule(tx, SELLERS[0], None) == DAILY
        assert await payout_settings.set_schedule(tx, SELLERS[0], None) == DAILY
    changed = [event for event in await shop.events() if event == "payout_schedule.changed"]
    assert len(changed) == 2
