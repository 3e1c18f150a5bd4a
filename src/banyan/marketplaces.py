"""The marketplaces that are there without anybody having made them."""

from datetime import datetime

from banyan.kernel import SystemClock
from banyan.runtime import (
    Database,
    Marketplace,
    Settings,
    create_marketplace,
    list_marketplaces,
)

DEMO_NAME = "Demo (real orders of 2018)"
SHOP_NAME = "Loja Boa"
_BRAZIL = Settings(currency="BRL", country="BR")
DEMO_STARTS_AT = datetime.fromisoformat("2016-01-01T00:00:00+00:00")
"""Before every order of the data: a sandbox's clock only moves forward."""


async def ensure_marketplaces(
    database: Database, settings: Settings, *, demo: bool
) -> tuple[Marketplace, Marketplace]:
    """The live marketplace and the sandbox, made if missing; the demo has a sandbox of its own."""
    live = await _ensure(database, "Marketplace", settings, livemode=True)
    if not demo:
        return live, await _ensure(database, "Sandbox", settings, livemode=False)
    sandbox = await _ensure(database, DEMO_NAME, _BRAZIL, livemode=False, clock_at=DEMO_STARTS_AT)
    return live, sandbox


async def ensure_shop(database: Database) -> Marketplace:
    """The sandbox of the shop that the demo migrates, made if missing; it lives in real time."""
    return await _ensure(database, SHOP_NAME, _BRAZIL, livemode=False)


async def _ensure(
    database: Database,
    name: str,
    settings: Settings,
    *,
    livemode: bool,
    clock_at: datetime | None = None,
) -> Marketplace:
    async with database.across_marketplaces() as queries:
        known = await list_marketplaces(queries)
    found = next((m for m in known if m.name == name and m.livemode == livemode), None)
    return found or await create_marketplace(
        database,
        name=name,
        livemode=livemode,
        currency=settings.currency,
        country=settings.country,
        now=SystemClock().now(),
        clock_at=clock_at,
    )
