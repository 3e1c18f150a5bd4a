"""Which methods of payment a buyer can use."""

from collections.abc import Iterable

from banyan.kernel import Currency, Fault
from banyan.payments.errors import MethodNotUsable
from banyan.payments.model import METHODS, SCA_COUNTRIES, Method, MethodSpec


def check_usable(method: Method, *, country: str, currency: str) -> None:
    """``MethodNotUsable`` if this method doesn't exist for such a buyer, or not in so many parts."""
    spec = METHODS[method.type]
    if spec.countries is not None and country not in spec.countries:
        raise _not_usable(f"{spec.name} is not used in {country}.", "type")
    if spec.currencies is not None and currency not in spec.currencies:
        takes = ", ".join(sorted(spec.currencies))
        raise _not_usable(f"{spec.name} takes {takes}, not {currency}.", "type")
    most = spec.installments_max.get(country, 1)
    if method.installments > most:
        raise _not_usable(
            f"{spec.name} in {country} is paid in at most {most} installments.", "installments"
        )


def usable_methods(country: str, currency: str) -> list[MethodSpec]:
    """The methods that a buyer of this country can pay in this currency with."""
    Currency.of(currency)
    return [
        spec
        for spec in METHODS.values()
        if _covers(spec.countries, country) and _covers(spec.currencies, currency)
    ]


def needs_sca(method: Method, *, country: str, merchant_country: str) -> bool:
    """Whether the law asks for strong customer authentication: both ends are where it is the law."""
    return METHODS[method.type].needs_sca and {country, merchant_country} <= SCA_COUNTRIES


def _covers(allowed: Iterable[str] | None, one: str) -> bool:
    return allowed is None or one in allowed


def _not_usable(detail: str, what: str) -> MethodNotUsable:
    return MethodNotUsable(detail, faults=(Fault("method_not_usable", detail, f"/method/{what}"),))
