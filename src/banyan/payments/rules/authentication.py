"""Strong customer authentication: when the buyer must prove who they are, and when not.

After the regulatory technical standards of PSD2 (Commission Delegated Regulation (EU) 2018/389):
low value is article 16, transaction risk analysis article 18. Counters of earlier exempted payments
are the issuer's; it may refuse an exemption, which comes back as ``RequiresAction``.
"""

from dataclasses import dataclass

from banyan.kernel import Money
from banyan.payments.model import Authentication, Method, Risk
from banyan.payments.rules.methods import needs_sca

_LOW_VALUE = {"EUR": 3_000, "GBP": 2_500}
"""At most this, in minor units, is a low-value payment."""

_LOW_RISK_MAX = {"EUR": 25_000, "GBP": 22_000}
"""At most this may be exempted by risk analysis, at the middle one of the three fraud rates."""


@dataclass(frozen=True, slots=True)
class AuthenticationChoice:
    """What to ask of authentication, and why in a sentence."""

    authentication: Authentication
    reason: str


def choose_authentication(
    method: Method, amount: Money, *, country: str, merchant_country: str, risk: Risk
) -> AuthenticationChoice:
    """A challenge where risk asks for it, an exemption where the law allows it, else the provider's way."""
    currency = amount.currency.code
    if risk == "high":
        return AuthenticationChoice("challenge", "The order's risk asks for a challenge.")
    if not needs_sca(method, country=country, merchant_country=merchant_country):
        return AuthenticationChoice("out_of_scope", "No law asks for authentication here.")
    if amount.minor <= _LOW_VALUE.get(currency, 0):
        return AuthenticationChoice("low_value", f"{amount} is a low-value payment.")
    if risk == "low" and amount.minor <= _LOW_RISK_MAX.get(currency, 0):
        return AuthenticationChoice("low_risk", f"{amount} at low risk may be exempted.")
    return AuthenticationChoice("auto", "The law asks for authentication; the provider sees to it.")
