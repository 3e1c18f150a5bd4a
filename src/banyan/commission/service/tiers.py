"""Tiers, and who belongs to which: by hand, or by what was sold of late."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from banyan.commission.errors import RankTaken, TierNotFound
from banyan.commission.model.tier import SellerTier, Tier
from banyan.commission.rules.tiers import Sales, tier_reached, why_tier
from banyan.commission.store import tiers as store
from banyan.kernel import Fault
from banyan.parties import SELLER, get_seller
from banyan.runtime import MARKETPLACE, Event, JobDraft, Json, Transaction

SalesSince = Callable[[Transaction, datetime], Awaitable[Mapping[UUID, Mapping[str, int]]]]
"""What each seller has sold since an instant, by currency in minor units; payments know it."""

REVIEW_JOB = "commission.review_tiers"


async def set_tier(tx: Transaction, tier: Tier) -> Tier:
    """Make a tier or change what it takes to reach it; ``RankTaken``. Who is in it stays for now."""
    others = [other for other in await store.select_tiers(tx) if other.tier != tier.tier]
    if any(other.rank == tier.rank for other in others):
        detail = f"Rank {tier.rank} is another tier's; of two tiers one must be higher."
        raise RankTaken(detail, faults=(Fault("rank_taken", detail, "/rank"),))
    await store.save_tier(tx, tier)
    payload: dict[str, Json] = {
        "tier": tier.tier,
        "rank": tier.rank,
        "volume": None
        if tier.volume is None
        else {"amount": tier.volume.minor, "currency": tier.volume.currency.code},
        "window_days": tier.window_days,
    }
    await tx.record(Event("commission.tier_set", MARKETPLACE.text(tx.marketplace_id), payload))
    await schedule_review(tx)
    return tier


async def list_tiers(tx: Transaction) -> list[Tier]:
    """The highest first."""
    return await store.select_tiers(tx)


async def set_seller_tier(
    tx: Transaction, seller_id: UUID, tier: str | None, *, is_fixed: bool, reason: str
) -> SellerTier:
    """Put a seller into a tier (None: into none) from now on; ``SellerNotFound``, ``TierNotFound``.

    ``is_fixed``: sales don't change it; otherwise the next review may.
    """
    await get_seller(tx, seller_id)
    if tier is not None and tier not in {known.tier for known in await store.select_tiers(tx)}:
        detail = f"There is no tier {tier}."
        raise TierNotFound(detail, faults=(Fault("tier_not_found", detail, "/tier"),))
    row = SellerTier(
        marketplace_id=tx.marketplace_id,
        seller_id=seller_id,
        since=tx.now,
        tier=tier,
        is_fixed=is_fixed,
        reason=reason,
        set_by=tx.cause.actor or tx.cause.id,
    )
    await store.save_seller_tiers(tx, [row])
    await tx.record(_moved_news(row))
    return row


async def tier_history(tx: Transaction, seller_id: UUID) -> list[SellerTier]:
    """What a seller has belonged to, the newest first; ``SellerNotFound``."""
    await get_seller(tx, seller_id)
    return (await store.select_history(tx, [seller_id]))[::-1]


async def tiers_at(
    tx: Transaction, seller_ids: Collection[UUID], at: Collection[datetime]
) -> dict[tuple[UUID, datetime], str | None]:
    """The tier of each seller at each instant."""
    tiers: dict[tuple[UUID, datetime], str | None] = {}
    for row in await store.select_history(tx, seller_ids):
        for instant in at:
            if row.since <= instant:
                tiers[row.seller_id, instant] = row.tier
    return tiers


async def review_tiers(tx: Transaction, sales_since: SalesSince) -> list[SellerTier]:
    """Move every seller to the tier that the sales reach, but those set by hand; once more tomorrow.

    Returns who moved.
    """
    tiers = [tier for tier in await store.select_tiers(tx) if tier.volume_minor is not None]
    if not tiers:
        return []
    sales: dict[UUID, dict[int, Mapping[str, int]]] = {}
    for days in {tier.window_days or 0 for tier in tiers}:
        for seller_id, sold in (await sales_since(tx, tx.now - timedelta(days=days))).items():
            sales.setdefault(seller_id, {})[days] = sold
    members = {row.seller_id: row for row in await store.select_members(tx, tx.now)}
    moved = list[SellerTier]()
    for seller_id in sorted({*sales, *members}):
        moved += _moved(tx, seller_id, members.get(seller_id), sales.get(seller_id, {}), tiers)
    if moved:
        await store.save_seller_tiers(tx, moved)
        await tx.record_all([_moved_news(row) for row in moved])
    return moved


async def schedule_review(tx: Transaction) -> None:
    """See to it that tiers are reviewed at the next midnight (UTC), if any hangs on sales."""
    if all(tier.volume_minor is None for tier in await store.select_tiers(tx)):
        return
    midnight = tx.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    key = f"daily/{midnight:%Y-%m-%d}"  # the job that asks for the next one is still there
    await tx.enqueue(JobDraft(REVIEW_JOB, key, due_at=midnight))


def _moved(
    tx: Transaction, seller_id: UUID, stands: SellerTier | None, sales: Sales, tiers: list[Tier]
) -> list[SellerTier]:
    """The seller's next tier, if it is another one and nobody has fixed it."""
    reached = tier_reached(sales, tiers)
    name = None if reached is None else reached.tier
    if stands is not None and (stands.is_fixed or stands.tier == name):
        return []
    if stands is None and name is None:
        return []
    return [
        SellerTier(
            marketplace_id=tx.marketplace_id,
            seller_id=seller_id,
            since=tx.now,
            tier=name,
            is_fixed=False,
            reason=why_tier(reached, sales),
            set_by=REVIEW_JOB,
        )
    ]


def _moved_news(row: SellerTier) -> Event:
    payload: dict[str, Json] = {
        "tier": row.tier,
        "is_fixed": row.is_fixed,
        "reason": row.reason,
        "by": row.set_by,
    }
    return Event("seller.tier_changed", SELLER.text(row.seller_id), payload)
