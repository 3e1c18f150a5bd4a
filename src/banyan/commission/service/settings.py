"""Where shipping goes."""

from banyan.commission.model.basket import Settings, ShippingTo
from banyan.commission.store import settings as store
from banyan.runtime import MARKETPLACE, Event, Transaction


async def get_settings(tx: Transaction) -> Settings:
    return await store.find_settings(tx) or Settings()


async def change_settings(tx: Transaction, *, shipping_to: ShippingTo) -> Settings:
    """Say where shipping goes from now on; orders that are priced keep their shares."""
    settings = Settings(shipping_to, tx.now, tx.cause.actor or tx.cause.id)
    await store.save_settings(tx, settings)
    subject = MARKETPLACE.text(tx.marketplace_id)
    await tx.record(Event("commission.settings_changed", subject, {"shipping_to": shipping_to}))
    return settings
