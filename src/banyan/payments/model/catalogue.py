"""The methods of payment, as data."""

from datetime import timedelta

from banyan.payments.model.methods import MethodSpec, MethodType

_EEA = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
SCA_COUNTRIES = _EEA | {"GB"}
"""Where strong customer authentication is the law: PSD2 in the EEA, and its twin in Britain."""

_SEPA = SCA_COUNTRIES | {"AD", "CH", "MC", "SM", "VA"}
_CARD_INSTALLMENTS = {"BR": 24, "MX": 24, "AR": 18, "CO": 36, "TR": 12, "JP": 24}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def _card(type_: MethodType, name: str) -> MethodSpec:
    return MethodSpec(
        type=type_,
        name=name,
        family="card",
        is_captured_at_once=False,
        expires_after=_HOUR,
        is_disputable=True,
        needs_sca=True,
        installments_max=_CARD_INSTALLMENTS if type_ == "card" else {},
    )


def _in(*codes: str) -> frozenset[str]:
    return frozenset(codes)


METHODS: dict[MethodType, MethodSpec] = {
    spec.type: spec
    for spec in (
        _card("card", "Credit card"),
        _card("debit_card", "Debit card"),
        _card("apple_pay", "Apple Pay"),
        _card("google_pay", "Google Pay"),
        MethodSpec(
            type="paypal",
            name="PayPal",
            family="redirect",
            is_captured_at_once=False,
            expires_after=3 * _HOUR,
            refund_within=180 * _DAY,
            is_disputable=True,
        ),
        MethodSpec(
            type="klarna",
            name="Klarna: pay later",
            family="redirect",
            countries=_EEA | {"GB", "US", "CH", "AU", "NZ", "CA"},
            is_captured_at_once=False,
            expires_after=_HOUR,
            is_disputable=True,
        ),
        MethodSpec(
            type="ideal",
            name="iDEAL",
            family="redirect",
            countries=_in("NL"),
            currencies=_in("EUR"),
            is_captured_at_once=True,
            expires_after=timedelta(minutes=15),
            is_disputable=False,
        ),
        MethodSpec(
            type="bancontact",
            name="Bancontact",
            family="redirect",
            countries=_in("BE"),
            currencies=_in("EUR"),
            is_captured_at_once=True,
            expires_after=_HOUR,
            is_disputable=False,
        ),
        MethodSpec(
            type="upi",
            name="UPI",
            family="redirect",
            countries=_in("IN"),
            currencies=_in("INR"),
            is_captured_at_once=True,
            expires_after=timedelta(minutes=5),
            is_disputable=True,
        ),
        MethodSpec(
            type="pix",
            name="Pix",
            family="push",
            countries=_in("BR"),
            currencies=_in("BRL"),
            is_captured_at_once=True,
            expires_after=_DAY,
            refund_within=90 * _DAY,
            is_disputable=False,
        ),
        MethodSpec(
            type="boleto",
            name="Boleto",
            family="push",
            countries=_in("BR"),
            currencies=_in("BRL"),
            is_captured_at_once=True,
            expires_after=3 * _DAY,
            refunds_to="account",
            is_disputable=False,
        ),
        MethodSpec(
            type="bank_transfer",
            name="Bank transfer",
            family="push",
            is_captured_at_once=True,
            expires_after=7 * _DAY,
            refunds_to="account",
            is_disputable=False,
        ),
        MethodSpec(
            type="sepa_instant",
            name="SEPA instant transfer",
            family="push",
            countries=_SEPA,
            currencies=_in("EUR"),
            is_captured_at_once=True,
            expires_after=_HOUR,
            refunds_to="account",
            is_disputable=False,
        ),
        MethodSpec(
            type="sepa_debit",
            name="SEPA direct debit",
            family="debit",
            countries=_SEPA,
            currencies=_in("EUR"),
            is_captured_at_once=True,
            is_disputable=True,
        ),
        MethodSpec(
            type="voucher",
            name="Voucher or gift card",
            family="prepaid",
            is_captured_at_once=True,
            is_disputable=False,
        ),
    )
}
"""What the schemes' own rules say in 2026. Providers may allow less; a connection says so."""
