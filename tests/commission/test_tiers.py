"""Tiers: by hand, by sales, with their history."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from banyan import commission, parties
from banyan.commission import (
    Basket,
    Defaults,
    Line,
    RankTaken,
    Rate,
    RuleDraft,
    Scope,
    Tier,
    TierNotFound,
)
from banyan.commission.jobs import jobs
from banyan.commission.rules.tiers import tier_reached
from banyan.kernel import Money, new_id
from banyan.parties import Seller, SellerDraft, SellerNotFound
from banyan.runtime import Database, Job, Transaction, Worker, advance_clock
from tests.commission.records import ROOT, START


@pytest.fixture
async def tx(database: Database, sandbox: UUID) -> AsyncIterator[Transaction]:
    async with database.transaction(sandbox) as transaction:
        yield transaction


def _tier(name: str, rank: int, volume: int | None = None, days: int = 90) -> Tier:
    return Tier(
        marketplace_id=ROOT,
        tier=name,
        rank=rank,
        volume_minor=volume,
        currency=None if volume is None else "BRL",
        window_days=None if volume is None else days,
        updated_at=START,
    )


async def _seller(tx: Transaction) -> Seller:
    return await parties.create_seller(tx, SellerDraft(name="A", country="BR", currency="BRL"))


def test_the_highest_tier_that_is_reached_counts() -> None:
    tiers = [
        _tier("bronze", 1, 100),
        _tier("gold", 3, 1_000),
        _tier("silver", 2, 500, 30),
        _tier("by_hand", 9),
    ]
    for sold, reached in [(99, None), (100, "bronze"), (999, "bronze"), (1_000, "gold")]:
        found = tier_reached({90: {"BRL": sold}}, tiers)
        assert (found and found.tier) == reached
    assert tier_reached({90: {"BRL": 100}, 30: {"BRL": 500}}, tiers) == tiers[2]
    assert tier_reached({90: {"EUR": 10_000}}, tiers) is None


async def test_a_tier_changes_what_a_seller_pays_from_then_on(tx: Transaction) -> None:
    seller = await _seller(tx)
    await commission.set_tier(tx, _tier("gold", 1))
    draft = RuleDraft(
        kind="commission", label="Gold", scope=Scope(tier="gold"), rate=Rate(rate_bp=900)
    )
    await commission.create_rule(tx, draft)
    before = tx.now
    tx.now = await advance_clock(tx, tx.now + timedelta(days=1))
    await commission.set_seller_tier(tx, seller.seller_id, "gold", is_fixed=True, reason="Agreed.")
    lines = (Line(seller.seller_id, Money.of(10_000, "BRL")),)
    baskets = [Basket(currency="BRL", lines=lines, shipping={}, at=at) for at in (before, tx.now)]
    first, second = await commission.price_baskets(tx, baskets, Defaults(1_200))
    assert (first.shares[0].commission.minor, second.shares[0].commission.minor) == (1_200, 900)
    [row] = await commission.tier_history(tx, seller.seller_id)
    assert (row.tier, row.since, row.is_fixed, row.reason) == ("gold", tx.now, True, "Agreed.")


async def test_what_is_not_there_is_refused(tx: Transaction) -> None:
    seller = await _seller(tx)
    with pytest.raises(TierNotFound):
        await commission.set_seller_tier(
            tx, seller.seller_id, "gold", is_fixed=True, reason="Agreed."
        )
    with pytest.raises(SellerNotFound):
        await commission.set_seller_tier(tx, new_id(), None, is_fixed=True, reason="Agreed.")
    await commission.set_tier(tx, _tier("gold", 1))
    with pytest.raises(RankTaken):
        await commission.set_tier(tx, _tier("silver", 1))
    await commission.set_tier(tx, _tier("gold", 2))
    assert [tier.rank for tier in await commission.list_tiers(tx)] == [2]


async def test_sales_move_sellers_but_not_those_set_by_hand(tx: Transaction) -> None:
    rising, fixed, resting = [(await _seller(tx)).seller_id for _ in range(3)]
    await commission.set_tier(tx, _tier("gold", 2, 1_000))
    await commission.set_seller_tier(tx, fixed, None, is_fixed=True, reason="Agreed.")
    await commission.set_seller_tier(tx, resting, "gold", is_fixed=False, reason="A try.")
    asked = list[datetime]()

    async def sales(tx: Transaction, since: datetime) -> Mapping[UUID, Mapping[str, int]]:
        asked.append(since)
        return {rising: {"BRL": 1_500}, fixed: {"BRL": 9_000}}

    tx.now = await advance_clock(tx, tx.now + timedelta(days=1))
    moved = await commission.review_tiers(tx, sales)
    assert {(row.seller_id, row.tier) for row in moved} == {(rising, "gold"), (resting, None)}
    assert asked == [tx.now - timedelta(days=90)]
    reason = next(row.reason for row in moved if row.seller_id == rising)
    assert reason == "Sales of 15.00 BRL in 90 days reach gold (from 10.00 BRL on)."
    assert await commission.review_tiers(tx, sales) == []


async def test_tiers_are_reviewed_every_midnight(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        seller_id = (await _seller(tx)).seller_id
        await commission.set_tier(tx, _tier("gold", 2, 1_000))

    async def sales(tx: Transaction, since: datetime) -> Mapping[UUID, Mapping[str, int]]:
        return {seller_id: {"BRL": 1_000}}

    async def failed(tx: Transaction, job: Job, error: str) -> None:
        pytest.fail(error)

    worker = Worker(database, jobs(sales), failed)
    await worker.run_due()
    for expected in (1, 1):
        async with database.transaction(sandbox) as tx:
            await advance_clock(tx, tx.now + timedelta(days=1))
        await worker.run_due()
        async with database.transaction(sandbox) as tx:
            history = await commission.tier_history(tx, seller_id)
            waiting = await tx.value("select count(*) from runtime.jobs")
        assert (len(history), waiting) == (expected, 1)
