"""What is held back, what sellers owe, and how it is recovered."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from banyan import operations, payments
from banyan.payments.model import Schedule, SellerTerms
from banyan.payments.rules import TIERS
from banyan.payments.service import debts, payout_settings
from banyan.runtime import Transaction
from tests.conftest import START
from tests.payments.conftest import SELLERS, Shop

SECOND = timedelta(seconds=1)


async def _terms(shop: Shop, tier: str = "high") -> None:
    delay, reserve_bp, reserve_days = TIERS[tier]  # type: ignore[index]
    async with shop.begin() as tx:
        terms = SellerTerms(
            marketplace_id=tx.marketplace_id, seller_id=SELLERS[0], valid_from=tx.now, tier=tier,  # type: ignore[arg-type]
            delay_days=delay, reserve_bp=reserve_bp, reserve_days=reserve_days,
            reason="New, sells phones.", set_by="ann", created_at=tx.now,
        )  # fmt: skip
        await payout_settings.set_seller_terms(tx, terms)
        assert await payout_settings.seller_terms(tx, SELLERS[0]) == [terms]


async def _parts(shop: Shop) -> tuple[int, int, int]:
    return (
        await shop.seller("available"),
        await shop.seller("held"),
        await shop.seller("reserve"),
    )


async def _debits(shop: Shop) -> list[tuple[str, int]]:
    async with shop.begin() as tx:
        page = await debts.list_debits(tx, seller_id=SELLERS[0])
    return [(debit.state, debit.amount_minor) for debit in reversed(page.data)]


async def _settle(shop: Shop) -> None:
    async with shop.begin() as tx:
        await debts.settle(tx, SELLERS[:1])


@pytest.fixture(autouse=True)
def _subscribed(shop: Shop) -> None:
    shop.database.subscribe("refund.created", "seller.on_reversal")
    shop.database.subscribe("case.resolved", "seller.on_case")


async def test_a_risky_seller_waits_and_leaves_a_reserve(shop: Shop) -> None:
    await _terms(shop)
    payment_id = await shop.pay()
    await shop.release(payment_id)
    await shop.release(payment_id)
    assert await _parts(shop) == (0, 7_866, 874)
    await shop.later(days=6)
    assert await _parts(shop) == (0, 7_866, 874)
    await shop.later(days=1)
    assert await _parts(shop) == (0, 0, 874)  # freed in the morning, paid out at the cut-off
    await shop.later(days=89)
    assert await _parts(shop) == (0, 0, 874)
    await shop.later(days=2)
    assert await _parts(shop) == (874, 0, 0)  # less than the minimum
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert line.paid_out.minor == 7_866
    assert (await shop.events()).count("holdback.freed") == 2
    await shop.check()


async def test_what_is_held_back_is_freed_though_the_time_zone_moved_west(shop: Shop) -> None:
    await _terms(shop)
    await shop.release(await shop.pay())
    async with shop.begin() as tx:
        settings = await payout_settings.get_payout_settings(tx)
        settings = replace(settings, time_zone="America/Los_Angeles")
        await payout_settings.update_payout_settings(tx, settings)
        day = datetime.combine(tx.now.date() + timedelta(days=7), time(0, 1), tzinfo=UTC)
        seconds = (day - tx.now).total_seconds()
    await shop.later(seconds=seconds)  # it was to be freed at midnight in UTC
    for _ in range(3):
        await shop.later(days=1)
    assert await _parts(shop) == (0, 0, 874)
    await shop.check()


async def test_terms_hold_for_what_is_settled_after_them(shop: Shop) -> None:
    first, second = await shop.pay(), await shop.pay(order="ord_2")
    await shop.release(first)
    await _terms(shop, "elevated")
    await shop.release(second)
    assert await _parts(shop) == (8_740, 8_303, 437)
    await shop.check()


async def test_the_schedules_delay_holds_everything_for_some_days(shop: Shop) -> None:
    async with shop.begin() as tx:
        schedule = Schedule(cadence="daily", delay_days=2, minimum_minor=1)
        await payout_settings.set_schedule(tx, SELLERS[0], schedule)
    await shop.release(await shop.pay())
    assert await _parts(shop) == (0, 8_740, 0)
    await shop.later(days=1)
    assert await _parts(shop) == (0, 8_740, 0)
    await shop.later(days=1)
    assert await _parts(shop) == (0, 0, 0)
    await shop.check()


async def test_many_holdbacks_are_freed_page_by_page(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("banyan.payments.service.holdbacks._PAGE", 2)
    await _terms(shop)
    for number in range(5):
        await shop.release(await shop.pay(order=f"ord_{number}"))
    await shop.later(days=7)
    await shop.later(days=1)
    assert await _parts(shop) == (0, 0, 5 * 874)
    await shop.check()


async def test_what_is_held_back_pays_first_for_what_is_owed(shop: Shop) -> None:
    await _terms(shop)
    old = await shop.pay()
    await shop.release(old)
    await shop.later(days=6)
    await shop.later(days=1)  # paid out, but for the reserve
    new = await shop.pay(amounts=(2_000,), order="ord_2")
    await shop.release(new)
    assert await _parts(shop) == (0, 1_573, 874 + 175)
    await shop.refund(old, 3_000)
    await shop.run()
    owed = 2_622
    assert await _parts(shop) == (0, 0, 874 + 175 - (owed - 1_573))
    assert "seller_debt.opened" not in await shop.events()
    assert "holdback.taken" in await shop.events()
    await shop.later(days=100)
    assert await _parts(shop) == (0, 0, 0)
    await shop.check()


async def _owe(shop: Shop, bank: str = "bank_ok") -> None:
    """A seller who was paid out, and owes 8,740."""
    payment_id = await shop.pay()
    await shop.release(payment_id)
    await shop.later(days=1)
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], bank)
    await shop.refund(payment_id)
    await shop.run()
    assert await shop.seller("available") == -8_740
    assert (await shop.events()).count("seller_debt.opened") == 1


async def test_later_sales_fill_what_is_owed(shop: Shop) -> None:
    await _owe(shop)
    await shop.release(await shop.pay(amounts=(30_000,), order="ord_2"))
    await shop.later(days=30)
    await _settle(shop)
    assert await _debits(shop) == []
    assert await shop.seller("available") == 0
    assert (await shop.events()).count("seller_debt.cleared") == 1
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert line.paid_out.minor == 26_220
    await shop.check()


async def test_after_some_days_what_is_owed_is_debited(shop: Shop) -> None:
    await _owe(shop)
    await shop.later(days=13)
    assert await _debits(shop) == []
    await shop.later(days=2)
    assert await _debits(shop) == [("succeeded", 8_740)]
    assert (await shop.charges())["debit"] == 1
    assert await shop.seller("available") == 0
    await shop.later(days=30)
    assert (await shop.charges())["debit"] == 1
    assert [event for event in await shop.events() if event.startswith(("debit", "seller_debt"))] == [
        "seller_debt.opened", "debit.requested", "debit.succeeded", "seller_debt.cleared",
    ]  # fmt: skip
    await shop.check()


async def test_a_late_debit_and_a_sale_meanwhile_are_both_the_sellers(shop: Shop) -> None:
    await _owe(shop, "bank_timeout")
    await shop.later(days=13)
    async with shop.begin() as tx:
        [debt] = await debts.store.lock_open_debts(tx, SELLERS[:1])
        await debts.collect(tx, debt.debt_id)
        await debts.collect(tx, debt.debt_id)
    await shop.release(await shop.pay(amounts=(30_000,), order="ord_2"))  # before its answer
    assert await _debits(shop) == [("succeeded", 8_740)]
    assert await shop.seller("available") == 26_220
    await shop.later(days=2)
    assert await shop.seller("available") == 0
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert line.paid_out.minor == 8_740 + 26_220
    await shop.check()


async def test_a_refused_debit_is_a_case_and_can_be_written_off(shop: Shop) -> None:
    await _owe(shop, "bank_debit_refused")
    await shop.later(days=15)
    assert await _debits(shop) == [("failed", 8_740)]
    case = await _case(shop)
    assert (case.queue, case.at_risk_minor) == ("payments", 8_740)
    await _resolve(shop, case, "keep_waiting")
    await shop.later(days=15)
    assert [state for state, _ in await _debits(shop)] == ["failed", "failed"]
    await _resolve(shop, await _case(shop), "debit_again")
    assert [state for state, _ in await _debits(shop)] == ["failed", "failed", "failed"]
    await _resolve(shop, await _case(shop), "write_off")
    assert await shop.seller("available") == 0
    assert await shop.balance("platform:write_offs") == -8_740
    assert (await shop.events()).count("seller_debt.written_off") == 1
    await shop.later(days=40)
    assert len(await _debits(shop)) == 3
    await shop.check()


async def test_no_more_is_written_off_than_the_case_showed(shop: Shop) -> None:
    other = await shop.pay(order="ord_2")
    await shop.release(other)
    await _owe(shop, "bank_debit_refused")
    await shop.later(days=15)
    case = await _case(shop)
    await shop.refund(other)
    await shop.run()
    assert (case.at_risk_minor, await shop.seller("available")) == (8_740, -17_480)
    await _resolve(shop, case, "write_off")
    assert await shop.balance("platform:write_offs") == -8_740
    assert await shop.seller("available") == -8_740
    assert (await shop.events()).count("seller_debt.opened") == 2
    await shop.later(days=15)
    assert (await _case(shop)).at_risk_minor == 8_740
    await shop.check()


async def test_a_sale_that_comes_in_between_is_not_paid_out_on_top(shop: Shop) -> None:
    await _owe(shop, "bank_debit_refused")
    await shop.later(days=15)
    case = await _case(shop)
    sale = await shop.pay(amounts=(30_000,), order="ord_2")
    sold = await shop.seller("pending")
    async with shop.begin() as tx:
        await operations.resolve_case(tx, case.case_id, "write_off", note="", actor="ann")
    async with shop.begin() as releasing:
        await payments.release(releasing, [sale])
        running = asyncio.create_task(shop.run())
        await _is_waiting_for(shop, releasing)
    await running
    for _ in range(3):
        await shop.later(minutes=1)
    assert await shop.balance("platform:write_offs") == 0
    assert await shop.seller("available") == sold - 8_740
    assert (await shop.events()).count("seller_debt.cleared") == 1
    await shop.check()


async def _is_waiting_for(shop: Shop, other: Transaction) -> None:
    """Until some transaction waits for a lock of this one."""
    [(pid,)] = await other.rows("select pg_backend_pid()")
    while True:
        async with shop.begin() as tx:
            rows = await tx.rows(
                "select 1 from pg_locks where not granted and %(pid)s = any(pg_blocking_pids(pid))",
                pid=pid,
            )
        if rows:
            return
        await asyncio.sleep(0.01)


async def test_a_sale_withdraws_the_case(shop: Shop) -> None:
    await _owe(shop, "bank_debit_refused")
    await shop.later(days=15)
    await _case(shop)
    await shop.release(await shop.pay(amounts=(30_000,), order="ord_2"))
    await _settle(shop)
    async with shop.begin() as tx:
        page = await operations.list_cases(tx, limit=10)
    assert page.data == []
    assert "case.withdrawn" in await shop.events()


async def test_a_debit_that_comes_back_is_owed_again(shop: Shop) -> None:
    await _owe(shop, "bank_returned")
    await shop.later(days=15)
    assert await _debits(shop) == [("succeeded", 8_740)]
    await shop.later(days=3)
    assert await _debits(shop) == [("returned", 8_740)]
    assert await shop.seller("available") == -8_740
    assert (await shop.events()).count("seller_debt.opened") == 2
    async with shop.begin() as tx:
        entries = await payments.settlement_entries(tx, "sandbox", START, tx.now + SECOND)
        [held] = await payments.summary(tx)
    told = [(entry.type, entry.gross_minor) for entry in entries if "debit" in entry.type]
    assert told == [("debit", 8_740), ("debit_return", -8_740)]
    assert sum(entry.gross_minor - entry.fee_minor for entry in entries) == held.at_provider.minor
    await shop.check()


async def _case(shop: Shop) -> operations.Case:
    async with shop.begin() as tx:
        [case] = (await operations.list_cases(tx, limit=10)).data
    assert case.kind == "seller.debt"
    return case


async def _resolve(shop: Shop, case: operations.Case, how: str) -> None:
    async with shop.begin() as tx:
        await operations.resolve_case(tx, case.case_id, how, note="", actor="ann")
    await shop.run()
