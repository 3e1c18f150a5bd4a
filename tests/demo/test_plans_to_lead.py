"""Which control planes `banyan up` starts beside the demo's."""

from banyan import migration
from banyan.marketplaces import ensure_shop
from banyan.runtime import Database, create_marketplace
from banyan.up import MIGRATION_PLAN, plans_to_lead
from tests.conftest import START
from tests.migration.plans import plan_text


async def test_all_but_the_demos_are_led(database: Database) -> None:
    """A shop's own plan is led too where it has the demo's name, or stands beside the demo's."""
    shop = await ensure_shop(database)
    live = await create_marketplace(
        database, name=shop.name, livemode=True, currency="BRL", country="BR", now=START
    )
    own, demos = plan_text(), plan_text().replace("plan: shop", f"plan: {MIGRATION_PLAN}")
    assert own != demos
    for marketplace_id, text in (
        (shop.marketplace_id, own),
        (shop.marketplace_id, demos),
        (live.marketplace_id, demos),
    ):
        async with database.transaction(marketplace_id) as tx:
            await migration.apply_plan(tx, text, by="ana", why="Test")
    led = {(one.marketplace_id, one.name) for one in await plans_to_lead(database)}
    assert led == {
        (shop.marketplace_id, "shop"),
        (live.marketplace_id, MIGRATION_PLAN),
    }
