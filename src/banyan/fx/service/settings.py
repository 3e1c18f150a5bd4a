"""How a marketplace exchanges."""

from banyan.fx.model import Settings
from banyan.fx.sources import SOURCES
from banyan.fx.store import settings as store
from banyan.runtime import MARKETPLACE, Event, Transaction


async def get_settings(tx: Transaction) -> Settings:
    """The marketplace's own, or what every one starts with."""
    return await store.find_settings(tx) or Settings(sources=list(SOURCES))


async def change_settings(
    tx: Transaction,
    *,
    spread_bp: int,
    quote_ttl_s: int,
    rate_age_days_max: int,
    sources: list[str],
) -> Settings:
    """Set how the marketplace exchanges from now on; quotes that were made keep their terms."""
    settings = Settings(
        spread_bp=spread_bp,
        quote_ttl_s=quote_ttl_s,
        rate_age_days_max=rate_age_days_max,
        sources=list(dict.fromkeys(sources)),
        updated_at=tx.now,
        updated_by=tx.cause.actor or tx.cause.id,
    )
    await store.save_settings(tx, settings)
    await tx.record(
        Event(
            "fx.settings_changed",
            MARKETPLACE.text(tx.marketplace_id),
            {
                "spread_bp": settings.spread_bp,
                "quote_ttl_s": settings.quote_ttl_s,
                "rate_age_days_max": settings.rate_age_days_max,
                "sources": settings.sources,
            },
        )
    )
    return settings
