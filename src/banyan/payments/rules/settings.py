"""What a marketplace starts with."""

from banyan.payments.model import PaymentSettings

COMMISSION_BP_DEFAULT = 1_200
_COMMISSION_TAX_BP = {
    "AT": ("AT-VAT", 2_000),
    "BR": ("BR-ISS", 500),
    "DE": ("DE-VAT", 1_900),
    "ES": ("ES-VAT", 2_100),
    "FR": ("FR-VAT", 2_000),
    "GB": ("GB-VAT", 2_000),
    "IN": ("IN-GST", 1_800),
    "IT": ("IT-VAT", 2_200),
    "JP": ("JP-CT", 1_000),
    "NL": ("NL-VAT", 2_100),
}
"""The usual tax on a service sold to a business at home; a marketplace may set its own."""


def settings_default(*, country: str, livemode: bool) -> PaymentSettings:
    """What a marketplace starts with. A live one has no provider until it is given one."""
    jurisdiction, tax_bp = _COMMISSION_TAX_BP.get(country, (f"{country}-NONE", 0))
    return PaymentSettings(
        provider=None if livemode else "sandbox",
        commission_bp=COMMISSION_BP_DEFAULT,
        commission_tax_bp=tax_bp,
        tax_jurisdiction=jurisdiction,
        payout_cutoff_hour=6,
        payout_minimum_minor=1_000,
    )
