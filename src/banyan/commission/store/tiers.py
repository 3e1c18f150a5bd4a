"""SQL of tiers, and of who belongs to which."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from banyan.commission.model.tier import SellerTier, Tier
from banyan.runtime import Transaction


async def save_tier(tx: Transaction, tier: Tier) -> None:
    await tx.execute(
        """
        insert into commission.tiers
          (marketplace_id, tier, rank, volume_minor, currency, window_days, updated_at)
        values
          (%(marketplace_id)s, %(tier)s, %(rank)s, %(volume_minor)s, %(currency)s, %(window_days)s,
           %(updated_at)s)
        on conflict (marketplace_id, tier) do update set
          rank = excluded.rank,
          volume_minor = excluded.volume_minor,
          currency = excluded.currency,
          window_days = excluded.window_days,
          updated_at = excluded.updated_at
        """,
        tier=tier.tier,
        rank=tier.rank,
        volume_minor=tier.volume_minor,
        currency=tier.currency,
        window_days=tier.window_days,
        updated_at=tier.updated_at,
    )


async def select_tiers(tx: Transaction) -> list[Tier]:
    """The highest first."""
    return await tx.all(
        Tier,
        """
        select *
        from commission.tiers
        where marketplace_id = %(marketplace_id)s
        order by rank desc
        """,
    )


async def save_seller_tiers(tx: Transaction, rows: Sequence[SellerTier]) -> None:
    """Write who belongs where from when on; what was set at the very same instant is replaced."""
    await tx.execute(
        """
        insert into commission.seller_tiers
          (marketplace_id, seller_id, since, tier, is_fixed, reason, set_by)
        select %(marketplace_id)s, new.*
        from unnest(
          %(seller_ids)s::uuid[], %(since)s::timestamptz[], %(tiers)s::text[],
          %(fixed)s::boolean[], %(reasons)s::text[], %(set_by)s::text[]
        ) as new
        on conflict (marketplace_id, seller_id, since) do update set
          tier = excluded.tier,
          is_fixed = excluded.is_fixed,
          reason = excluded.reason,
          set_by = excluded.set_by
        """,
        seller_ids=[row.seller_id for row in rows],
        since=[row.since for row in rows],
        tiers=[row.tier for row in rows],
        fixed=[row.is_fixed for row in rows],
        reasons=[row.reason for row in rows],
        set_by=[row.set_by for row in rows],
    )


async def select_history(tx: Transaction, seller_ids: Collection[UUID]) -> list[SellerTier]:
    """All that these sellers have belonged to, the oldest first."""
    return await tx.all(
        SellerTier,
        """
        select *
        from commission.seller_tiers
        where marketplace_id = %(marketplace_id)s and seller_id = any(%(seller_ids)s)
        order by seller_id, since
        """,
        seller_ids=list(seller_ids),
    )


async def select_members(tx: Transaction, at: datetime) -> list[SellerTier]:
    """Where every seller with a history stood at an instant."""
    return await tx.all(
        SellerTier,
        """
        select distinct on (seller_id) *
        from commission.seller_tiers
        where marketplace_id = %(marketplace_id)s and since <= %(at)s
        order by seller_id, since desc
        """,
        at=at,
    )
