"""How a marketplace pays."""

import re
from dataclasses import replace

from banyan import commission
from banyan.payments.errors import UnknownToken
from banyan.payments.model import PaymentSettings
from banyan.payments.providers import sandbox
from banyan.payments.rules import settings_default
from banyan.payments.store import settings as store
from banyan.runtime import Transaction


async def get_settings(tx: Transaction) -> PaymentSettings:
    """The marketplace's own, or what its country starts with."""
    own = await store.find_settings(tx)
    country = tx.marketplace.country
    if own is None:
        return settings_default(country=country, livemode=tx.livemode, at=tx.now)
    if own.has_own_tax:
        return own
    tax = commission.domestic_tax(country, tx.now)
    return replace(own, commission_tax_bp=tax.rate_bp, tax_jurisdiction=tax.jurisdiction)


async def update_settings(tx: Transaction, settings: PaymentSettings) -> PaymentSettings:
    """Set how the marketplace pays from now on; payments that were made keep their terms."""
    await store.save_settings(tx, settings)
    return settings


async def commission_defaults(tx: Transaction) -> commission.Defaults:
    """What a sale costs where no rule of commission holds, and the marketplace's own tax."""
    settings = await get_settings(tx)
    if not settings.has_own_tax:
        return commission.Defaults(settings.commission_bp)
    reason = f"{commission.percent(settings.commission_tax_bp)} by the payment settings."
    own = commission.Tax(settings.tax_jurisdiction, settings.commission_tax_bp, reason)
    return commission.Defaults(settings.commission_bp, own)


def check_destination(destination: str, *, livemode: bool) -> None:
    """``UnknownToken`` unless it is an account at a provider, or one of the sandbox's."""
    if _PROVIDER_ACCOUNT.fullmatch(destination):
        return
    if livemode:
        raise UnknownToken(
            f"{destination[:40]!r} is no account of a provider: acct_… at Stripe, BA… at Adyen."
        )
    sandbox.check_bank_token(destination)


_PROVIDER_ACCOUNT = re.compile("acct_[A-Za-z0-9]{4,60}|BA[A-Z0-9]{4,40}")
