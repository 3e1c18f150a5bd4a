"""Amounts as providers count them: exact, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import Currency, Money
from banyan.payments.providers.adyen.codes import CODES as ADYEN_CODES
from banyan.payments.providers.adyen.codes import TRANSFER_REASONS
from banyan.payments.providers.declines import REASONS
from banyan.payments.providers.exponents import ADYEN_UNITS, STRIPE_UNITS, Units
from banyan.payments.providers.stripe.codes import CODES as STRIPE_CODES
from banyan.payments.rules.routing import can_be_tried_elsewhere


@pytest.mark.parametrize(
    ("units", "minor", "code", "said"),
    [
        (STRIPE_UNITS, 1_999, "EUR", 1_999),
        (STRIPE_UNITS, 500, "JPY", 500),
        (STRIPE_UNITS, 500, "MGA", 5),
        (STRIPE_UNITS, 501, "MGA", None),
        (STRIPE_UNITS, 500, "ISK", 50_000),
        (STRIPE_UNITS, 500, "UGX", 50_000),
        (STRIPE_UNITS, 1_999, "HUF", 1_999),
        (STRIPE_UNITS, 1_999, "TWD", 1_999),
        (STRIPE_UNITS, 1_230, "KWD", 1_230),
        (STRIPE_UNITS, 1_234, "KWD", None),
        (ADYEN_UNITS, 500, "CLP", 50_000),
        (ADYEN_UNITS, 500, "ISK", 50_000),
        (ADYEN_UNITS, 500, "IDR", 5),
        (ADYEN_UNITS, 550, "IDR", None),
        (ADYEN_UNITS, 500, "CVE", 5),
        (ADYEN_UNITS, 1_234, "KWD", 1_234),
    ],
)
def test_where_providers_differ_from_iso(
    units: Units, minor: int, code: str, said: int | None
) -> None:
    assert units.of(Money.of(minor, code)) == said


@given(
    units=st.sampled_from([STRIPE_UNITS, ADYEN_UNITS]),
    minor=st.integers(-(10**12), 10**12),
    code=st.sampled_from(Currency.codes()),
)
def test_what_was_said_is_what_is_understood(units: Units, minor: int, code: str) -> None:
    money = Money.of(minor, code)
    said = units.of(money)
    assert said is None or units.money(said, code.lower()) == money


def test_what_is_no_whole_number_of_minor_units_is_an_error() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        STRIPE_UNITS.money(50_001, "isk")


@pytest.mark.parametrize("codes", [STRIPE_CODES, ADYEN_CODES, TRANSFER_REASONS])
def test_every_decline_has_a_word_of_ours(codes: dict[str, str]) -> None:
    assert set(codes.values()) <= set(REASONS)


def test_a_decline_is_not_carried_elsewhere_if_it_is_final() -> None:
    final = [code for code, (is_hard, _) in REASONS.items() if is_hard]
    assert not any(can_be_tried_elsewhere(code, is_hard=True) for code in final)
    soft = {code for code in REASONS if can_be_tried_elsewhere(code, is_hard=REASONS[code][0])}
    assert {"issuer_unavailable", "do_not_honor", "generic_decline", "acquirer_error"} <= soft
    assert "insufficient_funds" not in soft
