"""The process dies at any point of a debit, a freed reserve or a run by file: all happens once."""

from contextlib import suppress
from uuid import UUID

import pytest

from banyan import payments
from banyan.kernel import Money
from banyan.payments.model import SellerTerms
from banyan.payments.service import bank_files, debts, payout_settings, payouts
from banyan.runtime import Database
from tests.payments.conftest import SELLERS, Shop
from tests.payments.test_bank_files import _texts, use_bank
from tests.payments.test_crashes import Died, Fuse, _mortal, _revive


async def _die_at(shop: Shop, fuse: Fuse, point: int, **later: float) -> bool:
    """Let time pass and die at a point; whether it was reached. Then a new worker goes on."""
    fuse.set(point)
    with suppress(Died):
        await shop.later(**later)
    is_reached = fuse.has_blown
    fuse.set(-1)
    await _revive(shop)
    await shop.run()
    return is_reached


async def test_dying_at_any_point_debits_once(database: Database, sandbox: UUID) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    points, is_reached = 0, True
    while is_reached:
        payment_id = await shop.pay()
        await shop.release(payment_id)
        await shop.later(days=1)
        await shop.refund(payment_id)
        await shop.run()
        async with shop.begin() as tx:
            await debts.settle(tx, SELLERS[:1])
        points += 1
        is_reached = await _die_at(shop, fuse, points, days=15)
        assert await shop.seller("available") == 0, points
    assert points > 10
    assert (await shop.charges())["debit"] == points
    events = await shop.events()
    assert events.count("debit.succeeded") == events.count("seller_debt.cleared") == points
    await shop.check()


async def test_dying_at_any_point_frees_a_reserve_once(database: Database, sandbox: UUID) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    async with shop.begin() as tx:
        terms = SellerTerms(
            marketplace_id=sandbox, seller_id=SELLERS[0], valid_from=tx.now, tier="custom",
            delay_days=0, reserve_bp=5_000, reserve_days=2, reason="New.", set_by="ann",
            created_at=tx.now,
        )  # fmt: skip
        await payout_settings.set_seller_terms(tx, terms)
    points, is_reached = 0, True
    while is_reached:
        await shop.release(await shop.pay())
        await shop.later(days=1)
        points += 1
        is_reached = await _die_at(shop, fuse, points, days=2)
        await shop.later(days=1)
        assert await shop.seller("reserve") == await shop.seller("available") == 0, points
    assert points > 10
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert line.paid_out.minor == points * 8_740
    await shop.check()


@pytest.mark.slow
async def test_dying_at_any_point_writes_every_payout_into_one_file(
    database: Database, sandbox: UUID
) -> None:
    fuse = Fuse()
    shop = _mortal(database, sandbox, fuse)
    await use_bank(shop)
    points, is_reached = 0, True
    while is_reached:
        await shop.release(await shop.pay(amounts=(10_000, 5_000)))
        points += 1
        is_reached = await _die_at(shop, fuse, points, days=1)
    assert points > 5
    said = list[str]()
    async with shop.begin() as tx:
        for batch in (await payouts.list_batches(tx, limit=100)).data:
            file = await bank_files.get_file(tx, batch.batch_id)
            said += _texts(file.content, "EndToEndId")
    assert len(said) == len({*said}) == 2 * points
    for reference in said:
        async with shop.begin() as tx:
            for minor in (8_740, 4_370):
                amount = Money.of(minor, "BRL")
                await payments.confirm_payout(tx, reference, amount, reference="x", note="Seen.")
    await shop.run()
    assert await shop.balance("platform:bank") == points * 13_110
    await shop.check()
