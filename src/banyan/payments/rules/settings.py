"""What a marketplace starts with."""

from datetime import datetime

from banyan.commission import domestic_tax
from banyan.payments.model import PaymentSettings

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
