"""SQL of a marketplace's settings for foreign exchange."""

from banyan.fx.model import Settings
from banyan.runtime import Transaction


async def find_settings(tx: Transaction) -> Settings | None:
    return await tx.one(
        Settings,
        """
        select spread_bp, quote_ttl_s, rate_age_days_max, sources, updated_at, updated_by
        from fx.settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def save_settings(tx: Transaction, settings: Settings) -> None:
    await tx.execute(
        """
        insert into fx.settings
          (marketplace_id, spread_bp, quote_ttl_s, rate_age_days_max, sources, updated_at, updated_by)
        values
          (%(marketplace_id)s, %(spread_bp)s, %(quote_ttl_s)s, %(rate_age_days_max)s, %(sources)s,
           %(updated_at)s, %(updated_by)s)
        on conflict (marketplace_id) do update set
          spread_bp = excluded.spread_bp,
          quote_ttl_s = excluded.quote_ttl_s,
          rate_age_days_max = excluded.rate_age_days_max,
          sources = excluded.sources,
          updated_at = excluded.updated_at,
          updated_by = excluded.updated_by
        """,
        spread_bp=settings.spread_bp,
        quote_ttl_s=settings.quote_ttl_s,
        rate_age_days_max=settings.rate_age_days_max,
        sources=settings.sources,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )
