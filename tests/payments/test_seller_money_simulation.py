"""Whatever happens to a seller's money, in whatever order: none is lost, none comes twice."""

import random
from uuid import UUID

import pytest

from banyan import ledger, payments
from banyan.parties import SELLER
from banyan.payments import RefundTooLarge
from banyan.payments.model import SellerTerms
from banyan.payments.service import debts, payout_settings, statements
from banyan.runtime import Database
from tests.payments.conftest import SELLERS, Shop

BANKS = ("bank_ok", "bank_timeout", "bank_returned", "bank_account_closed", "bank_debit_refused")


async def _terms(shop: Shop, rng: random.Random) -> None:
    reserve_bp = rng.choice([0, 500, 2_500])
    async with shop.begin() as tx:
        await payout_settings.set_seller_terms(
            tx,
            SellerTerms(
                marketplace_id=tx.marketplace_id,
                seller_id=SELLERS[0],
                valid_from=tx.now,
                tier="custom",
                delay_days=rng.choice([0, 0, 3]),
                reserve_bp=reserve_bp,
                reserve_days=rng.choice([2, 9]) if reserve_bp else 0,
                reason="Simulated.",
                set_by="ann",
                created_at=tx.now,
            ),
        )


async def _step(shop: Shop, rng: random.Random, known: list[UUID]) -> None:
    match rng.choice(
        ["sale", "sale", "sale", "refund", "bank", "terms", "run", "cancel", "settle"]
    ):
        case "sale":
            amount = rng.randrange(500, 40_000)
            known.append(await shop.pay(amounts=(amount,), order=f"ord_{len(known)}"))
            await shop.release(known[-1])
        case "refund" if known:
            try:
                await shop.refund(rng.choice(known), rng.randrange(1, 20_000))
            except RefundTooLarge:
                return
        case "bank":
            async with shop.begin() as tx:
                await payments.set_payout_account(tx, SELLERS[0], rng.choice(BANKS))
        case "terms":
            await _terms(shop, rng)
        case "run":
            async with shop.begin() as tx:
                await payments.run_payouts(tx)
        case "cancel":
            async with shop.begin() as tx:
                for payout in await payments.run_payouts(tx):
                    await payments.cancel_payout(tx, payout.payout_id, "Simulated.")
        case "settle":
            async with shop.begin() as tx:
                await debts.settle(tx, SELLERS[:1])
        case _:
            return
    await shop.run()


@pytest.mark.parametrize("seed", range(3))
async def test_no_order_of_events_loses_money(database: Database, shop: Shop, seed: int) -> None:
    rng = random.Random(seed)
    database.subscribe("refund.created", "seller.on_reversal")
    known = list[UUID]()
    async with shop.begin() as tx:
        began_at = tx.now
    for _ in range(25):
        await _step(shop, rng, known)
        await shop.later(hours=rng.choice([0, 5, 24, 24 * 4]))
    await shop.check()
    until_at = await shop.later(minutes=1)
    async with shop.begin() as tx:
        statement = await statements.statement(tx, SELLERS[0], "BRL", began_at, until_at)
        paid = (await payments.list_payouts(tx, state="paid", limit=100)).data
        pending = (await payments.list_payouts(tx, state="pending", limit=100)).data
        taken = (await debts.list_debits(tx, limit=100)).data
        paths = [f"seller:{SELLER.text(SELLERS[0])}:{part}" for part in ("held", "reserve")]
        kept = sum(balance.posted.minor for balance in await ledger.balances(tx, paths))
        left = await tx.value("select coalesce(sum(left_minor), 0)::bigint from payments.holdbacks")
    assert pending == []
    assert kept == left
    total = sum((line.amount for line in statement.lines), statement.opening.total)
    assert total == statement.closing.total
    assert -(statement.total("payout") + statement.total("payout_returned")).minor == sum(
        payout.amount_minor for payout in paid
    )
    assert statement.total("debit").minor == sum(
        debit.amount_minor for debit in taken if debit.state == "succeeded"
    )
