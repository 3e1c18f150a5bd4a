"""SQL of a marketplace's payment settings."""

from banyan.payments.model import PaymentSettings
from banyan.runtime import Transaction


async def find_settings(tx: Transaction) -> PaymentSettings | None:
    return await tx.one(
        PaymentSettings,
        """
        select
          provider, commission_bp, commission_tax_bp, tax_jurisdiction, payout_cutoff_hour,
          payout_minimum_minor, has_own_tax
        from payments.settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def save_settings(tx: Transaction, settings: PaymentSettings) -> None:
    await tx.execute(
        """
        insert into payments.settings
          (marketplace_id, provider, commission_bp, commission_tax_bp, tax_jurisdiction,
           payout_cutoff_hour, payout_minimum_minor, has_own_tax)
        values
          (%(marketplace_id)s, %(provider)s, %(commission_bp)s, %(commission_tax_bp)s,
           %(tax_jurisdiction)s, %(payout_cutoff_hour)s, %(payout_minimum_minor)s,
           %(has_own_tax)s)
        on conflict (marketplace_id) do update set
          provider = excluded.provider,
          commission_bp = excluded.commission_bp,
          commission_tax_bp = excluded.commission_tax_bp,
          tax_jurisdiction = excluded.tax_jurisdiction,
          payout_cutoff_hour = excluded.payout_cutoff_hour,
          payout_minimum_minor = excluded.payout_minimum_minor,
          has_own_tax = excluded.has_own_tax
        """,
        provider=settings.provider,
        commission_bp=settings.commission_bp,
        commission_tax_bp=settings.commission_tax_bp,
        tax_jurisdiction=settings.tax_jurisdiction,
        payout_cutoff_hour=settings.payout_cutoff_hour,
        payout_minimum_minor=settings.payout_minimum_minor,
        has_own_tax=settings.has_own_tax,
    )
