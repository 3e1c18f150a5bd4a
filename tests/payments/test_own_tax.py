"""The tax on commission is the country's on the day, until the marketplace sets its own."""

from dataclasses import replace
from datetime import UTC, datetime

from banyan import payments
from banyan.commission import Defaults
from banyan.runtime import Database, advance_clock, create_marketplace

BEFORE = datetime(2020, 6, 30, 12, tzinfo=UTC)
AFTER = datetime(2020, 7, 1, tzinfo=UTC)


async def test_it_follows_the_country_until_it_is_set(database: Database) -> None:
    marketplace = await create_marketplace(
        database, name="Markt", livemode=False, currency="EUR", country="DE", now=BEFORE,
        clock_at=BEFORE,
    )  # fmt: skip
    async with database.transaction(marketplace.marketplace_id) as tx:
        settings = await payments.get_settings(tx)
        assert (settings.commission_tax_bp, settings.tax_jurisdiction) == (1_900, "DE-VAT")
        await payments.update_settings(tx, replace(settings, commission_bp=1_000))
        await advance_clock(tx, AFTER)
    async with database.transaction(marketplace.marketplace_id) as tx:
        settings = await payments.get_settings(tx)
        assert (settings.commission_bp, settings.commission_tax_bp) == (1_000, 1_600)
        assert await payments.commission_defaults(tx) == Defaults(1_000)
        await payments.update_settings(
            tx, replace(settings, commission_tax_bp=700, has_own_tax=True)
        )
        own = (await payments.commission_defaults(tx)).own_tax
    assert own is not None
    assert (own.jurisdiction, own.rate_bp, own.reason) == (
        "DE-VAT", 700, "7 % by the payment settings.",
    )  # fmt: skip
