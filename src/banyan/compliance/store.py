"""SQL of compliance: one function, one statement."""

from banyan.compliance.model import Settings
from banyan.runtime import Transaction


async def find_settings(tx: Transaction) -> Settings | None:
    return await tx.one(
        Settings,
        """
        select allowed_countries, denied_countries, updated_at, updated_by
        from compliance.settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def save_settings(tx: Transaction, settings: Settings) -> None:
    await tx.execute(
        """
        insert into compliance.settings
          (marketplace_id, allowed_countries, denied_countries, updated_at, updated_by)
        values
          (%(marketplace_id)s, %(allowed_countries)s, %(denied_countries)s, %(updated_at)s,
           %(updated_by)s)
        on conflict (marketplace_id) do update set
          allowed_countries = excluded.allowed_countries,
          denied_countries = excluded.denied_countries,
          updated_at = excluded.updated_at,
          updated_by = excluded.updated_by
        """,
        allowed_countries=settings.allowed_countries,
        denied_countries=settings.denied_countries,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )
