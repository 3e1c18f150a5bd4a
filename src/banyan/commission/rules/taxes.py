"""Which tax stands on a fee that the platform charges, and how much of it.

The platform's service to a business is taxed where the business is. At home the platform charges the
country's standard rate. Within the European Union the seller accounts for it (reverse charge:
articles 44 and 196 of Directive 2006/112/EC). To everywhere else it is an export. A service to a
consumer is taxed where the platform is (article 45).
"""

from datetime import date, datetime

from banyan.commission.model.basket import Tax
from banyan.commission.rules.tax_rates import EU, GB_LEFT_EU_ON, TAXES
from banyan.commission.rules.words import percent


def domestic_tax(country: str, at: datetime) -> Tax:
    """The standard rate of a country at an instant; none where the table has none."""
    on = at.date()
    known = TAXES.get(country)
    rates = [] if known is None else [rate_bp for since, rate_bp in known.rates if since <= on]
    if known is None or not rates:
        return Tax(f"{country}-NONE", 0, f"No tax on fees is known for {country}.")
    return Tax(known.jurisdiction, rates[-1], f"{percent(rates[-1])} {known.name} in {country}.")


def tax_on_commission(
    platform: str,
    seller: str,
    at: datetime,
    *,
    is_business: bool = True,
    own: Tax | None = None,
) -> Tax:
    """The tax on what a platform in one country charges a seller in another (or the same) one.

    ``own`` is a domestic rate that the marketplace has set by itself.
    """
    home = own or domestic_tax(platform, at)
    on = at.date()
    if seller == platform:
        return home
    if _is_in_eu(platform, on) and _is_in_eu(seller, on):
        if is_business:
            reason = f"Reverse charge: the seller accounts for it in {seller}."
            return Tax(f"{seller}-REVERSE", 0, reason)
        return home
    return Tax(f"{platform}-EXPORT", 0, f"A service to {seller}, outside of {platform}: no tax.")


def _is_in_eu(country: str, on: date) -> bool:
    return country in EU or (country == "GB" and on < GB_LEFT_EU_ON)
