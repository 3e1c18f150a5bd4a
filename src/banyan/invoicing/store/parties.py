"""SQL of legal entities and of sellers' billing details."""

from uuid import UUID

from banyan.invoicing.model import BillingDetails, LegalEntity
from banyan.runtime import Transaction


async def find_entity(tx: Transaction) -> LegalEntity | None:
    """The current one."""
    return await tx.one(
        LegalEntity,
        """
        select *
        from invoicing.entities
        where marketplace_id = %(marketplace_id)s and is_current
        """,
    )


async def find_entity_by_id(tx: Transaction, entity_id: UUID) -> LegalEntity | None:
    return await tx.one(
        LegalEntity,
        """
        select *
        from invoicing.entities
        where marketplace_id = %(marketplace_id)s and entity_id = %(entity_id)s
        """,
        entity_id=entity_id,
    )


async def retire_entity(tx: Transaction, entity_id: UUID) -> None:
    await tx.execute(
        """
        update invoicing.entities
        set is_current = false
        where marketplace_id = %(marketplace_id)s and entity_id = %(entity_id)s
        """,
        entity_id=entity_id,
    )


async def save_entity(tx: Transaction, entity: LegalEntity) -> None:
    await tx.execute(
        """
        insert into invoicing.entities
          (marketplace_id, entity_id, is_current, name, address, postal_code, city, country, tax_id,
           invoice_prefix, credit_note_prefix, restarts_yearly, time_zone, language, is_automatic,
           updated_at)
        values
          (%(marketplace_id)s, %(entity_id)s, true, %(name)s, %(address)s, %(postal_code)s,
           %(city)s, %(country)s, %(tax_id)s, %(invoice_prefix)s, %(credit_note_prefix)s,
           %(restarts_yearly)s, %(time_zone)s, %(language)s, %(is_automatic)s, %(now)s)
        on conflict (marketplace_id, entity_id) do update set
          is_current = true, name = excluded.name, address = excluded.address,
          postal_code = excluded.postal_code, city = excluded.city, country = excluded.country,
          tax_id = excluded.tax_id, invoice_prefix = excluded.invoice_prefix,
          credit_note_prefix = excluded.credit_note_prefix,
          restarts_yearly = excluded.restarts_yearly, time_zone = excluded.time_zone,
          language = excluded.language, is_automatic = excluded.is_automatic,
          updated_at = excluded.updated_at
        """,
        entity_id=entity.entity_id,
        name=entity.name,
        address=entity.address,
        postal_code=entity.postal_code,
        city=entity.city,
        country=entity.country,
        tax_id=entity.tax_id,
        invoice_prefix=entity.invoice_prefix,
        credit_note_prefix=entity.credit_note_prefix,
        restarts_yearly=entity.restarts_yearly,
        time_zone=entity.time_zone,
        language=entity.language,
        is_automatic=entity.is_automatic,
        now=tx.now,
    )


async def prefixes_of_others(tx: Transaction, entity_id: UUID) -> set[str]:
    """The prefixes of every other legal entity."""
    rows = await tx.rows(
        """
        select prefix
        from invoicing.entities
        cross join lateral (values (invoice_prefix), (credit_note_prefix)) as used (prefix)
        where marketplace_id = %(marketplace_id)s and entity_id <> %(entity_id)s
        """,
        entity_id=entity_id,
    )
    return {prefix for (prefix,) in rows}


async def has_issued(tx: Transaction, entity_id: UUID) -> bool:
    return await tx.value(
        """
        select exists (
          select from invoicing.series
          where marketplace_id = %(marketplace_id)s and entity_id = %(entity_id)s
        )
        """,
        entity_id=entity_id,
    )


async def find_details(tx: Transaction, seller_id: UUID) -> BillingDetails | None:
    return await tx.one(
        BillingDetails,
        """
        select *
        from invoicing.billing_details
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        """,
        seller_id=seller_id,
    )


async def save_details(tx: Transaction, details: BillingDetails) -> None:
    await tx.execute(
        """
        insert into invoicing.billing_details
          (marketplace_id, seller_id, name, address, postal_code, city, country, tax_id, updated_at)
        values
          (%(marketplace_id)s, %(seller_id)s, %(name)s, %(address)s, %(postal_code)s, %(city)s,
           %(country)s, %(tax_id)s, %(now)s)
        on conflict (marketplace_id, seller_id) do update set
          name = excluded.name, address = excluded.address, postal_code = excluded.postal_code,
          city = excluded.city, country = excluded.country, tax_id = excluded.tax_id,
          updated_at = excluded.updated_at
        """,
        seller_id=details.seller_id,
        name=details.name,
        address=details.address,
        postal_code=details.postal_code,
        city=details.city,
        country=details.country,
        tax_id=details.tax_id,
        now=tx.now,
    )
