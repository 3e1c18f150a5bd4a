"""SQL of the settings of commission."""

from banyan.commission.model.basket import Settings
from banyan.runtime import Transaction


async def find_settings(tx: Transaction) -> Settings | None:
    return await tx.one(
        Settings,
        """
        select shipping_to, updated_at, updated_by
        from commission.settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def save_settings(tx: Transaction, settings: Settings) -> None:
    await tx.execute(
        """
        insert into commission.settings (marketplace_id, shipping_to, updated_at, updated_by)
        values (%(marketplace_id)s, %(shipping_to)s, %(updated_at)s, %(updated_by)s)
        on conflict (marketplace_id) do update set
          shipping_to = excluded.shipping_to,
          updated_at = excluded.updated_at,
          updated_by = excluded.updated_by
        """,
        shipping_to=settings.shipping_to,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )
