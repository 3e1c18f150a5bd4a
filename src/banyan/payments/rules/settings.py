"""What a marketplace starts with."""

from datetime import datetime

from banyan.commission import domestic_tax
from banyan.payments.model import PaymentSettings, PayoutSettings, Schedule

COMMISSION_BP_DEFAULT = 1_200


def settings_default(*, country: str, livemode: bool, at: datetime) -> PaymentSettings:
    """What a marketplace starts with. A live one has no provider until it is given one.

    The tax on commission is the country's on the day ``at``, until the marketplace sets its own.
    """
    tax = domestic_tax(country, at)
    return PaymentSettings(
        provider=None if livemode else "sandbox",
        commission_bp=COMMISSION_BP_DEFAULT,
        commission_tax_bp=tax.rate_bp,
        tax_jurisdiction=tax.jurisdiction,
        payout_cutoff_hour=6,
        payout_minimum_minor=1_000,
    )


def payout_settings_default(settings: PaymentSettings, *, livemode: bool) -> PayoutSettings:
    """How a marketplace pays its sellers until it says otherwise: daily.

    A sandbox's bank works every day, and a changed account is paid to at once, so that what is tried
    out can be seen.
    """
    return PayoutSettings(
        schedule=Schedule(
            cadence="daily", delay_days=0, minimum_minor=settings.payout_minimum_minor
        ),
        cutoff_hour=settings.payout_cutoff_hour,
        time_zone="UTC",
        calendar="business_days" if livemode else "every_day",
        change_hold_days=3 if livemode else 0,
        debit_after_days=None if livemode else 14,
        bank=None,
    )
