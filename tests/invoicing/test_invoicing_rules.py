"""What needs no database: rates, months, documents put together, and how they read."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.invoicing import InvalidMonth
from banyan.invoicing.model import Billed, Charge
from banyan.invoicing.rules import (
    assemble,
    bounds,
    missing_in,
    month_after,
    month_of,
    rates_of,
    safe_cell,
    written,
)
from banyan.invoicing.rules.wording import note_on, words_in
from banyan.kernel import Money, derived_id

START = datetime(2018, 3, 1, tzinfo=UTC)
SELLER = UUID(int=7)

RATES = st.sampled_from([0, 300, 500, 700, 810, 1_250, 1_600, 1_900, 2_000, 2_550])


@given(st.lists(st.tuples(st.integers(0, 10**7), RATES), min_size=1, max_size=30))
def test_the_rates_found_give_the_tax_that_was_taken(sales: Sequence[tuple[int, int]]) -> None:
    amounts = {
        key: (net, Money.of(net, "EUR").portion(rate).minor)
        for key, (net, rate) in enumerate(sales)
    }
    for key, rate in rates_of(amounts).items():
        net, tax = amounts[key]
        assert abs(net * rate - tax * 10_000) <= 5_000


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=30), RATES)
def test_one_rate_is_found_where_there_was_one(nets: Sequence[int], rate: int) -> None:
    nets = [*nets, 10**6]  # large enough to tell
    amounts = {key: (net, Money.of(net, "EUR").portion(rate).minor) for key, net in enumerate(nets)}
    assert set(rates_of(amounts).values()) == {rate}


def test_two_rates_of_a_year_are_told_apart() -> None:
    found = rates_of({"h1": (100_000, 19_000), "h2": (90_000, 14_400), "small": (3, 1)})
    assert (found["h1"], found["h2"]) == (1_900, 1_600)
    assert found["small"] in (1_900, 1_600)


def test_a_rate_with_more_decimals_is_rounded() -> None:
    assert rates_of({"new york": (10_000_000, 887_500)}) == {"new york": 888}


def _charge(
    number: int, minor: int, kind: str = "fee", payment: int | None = 1, transfer: int | None = None
) -> Charge:
    return Charge(
        account_id=1 if kind == "fee" else 2,
        version=number,
        part=0,
        kind="fee" if kind == "fee" else "tax",
        seller_id=SELLER,
        currency="EUR",
        jurisdiction="DE-VAT",
        amount_minor=minor,
        code="commission",
        transfer_id=derived_id(UUID(int=1), "transfer", transfer or number),
        subject="ord_1",
        payment_id=None if payment is None else UUID(int=payment),
        effective_at=START + timedelta(hours=number),
    )


CHARGES = st.lists(
    st.tuples(
        st.integers(-1_000, 1_000).filter(bool),
        st.sampled_from(["fee", "tax"]),
        st.sampled_from([None, 1, 2, 3]),
        st.integers(1, 6),
    ),
    max_size=25,
)


@settings(max_examples=300)
@given(CHARGES, st.sets(st.sampled_from([1, 2, 3])))
def test_documents_come_to_the_charges_whatever_they_are(
    drawn: list[tuple[int, str, int | None, int]], before: set[int]
) -> None:
    charges = [_charge(n, minor, kind, pay, t) for n, (minor, kind, pay, t) in enumerate(drawn, 1)]
    billed = {
        UUID(int=payment): Billed(UUID(int=payment), derived_id(UUID(int=9), payment), 1_900)
        for payment in before
    }
    statements = assemble(charges, billed, "EUR")
    used = [charge for statement in statements for charge in statement.charges]
    assert len({charge.key for charge in used}) == len(used)
    for statement in statements:
        sign = 1 if statement.kind == "invoice" else -1
        total = sign * sum(charge.amount_minor for charge in statement.charges)
        assert statement.gross.minor == total
        assert statement.gross.minor >= 0
        assert sum(line.net_minor + line.tax_minor for line in statement.lines) == total
        if statement.refers_to is not None:
            assert statement.kind == "credit_note"
    left = [charge for charge in charges if charge not in used]
    assert sum(charge.amount_minor for charge in left) == 0
    assert [one.kind for one in statements].count("invoice") <= 1


def test_the_order_of_charges_changes_nothing() -> None:
    charges = [
        _charge(1, 1_000), _charge(2, 190, "tax", transfer=1), _charge(3, -100), _charge(4, 300, payment=2)
    ]  # fmt: skip
    forward, backward = assemble(charges, {}, "EUR"), assemble(charges[::-1], {}, "EUR")
    assert [one.lines for one in forward] == [one.lines for one in backward]
    [invoice] = forward
    assert [(line.net_minor, line.tax_minor) for line in invoice.lines] == [
        (1_000, 190),
        (-100, 0),
        (300, 0),
    ]


@pytest.mark.parametrize(
    ("month", "zone", "first", "last"),
    [
        ("2018-03", "UTC", "2018-03-01T00:00Z", "2018-04-01T00:00Z"),
        ("2018-03", "Europe/Berlin", "2018-02-28T23:00Z", "2018-03-31T22:00Z"),
        ("2018-12", "America/Sao_Paulo", "2018-12-01T02:00Z", "2019-01-01T02:00Z"),
        ("2018-01", "Asia/Kathmandu", "2017-12-31T18:15Z", "2018-01-31T18:15Z"),
    ],
)
def test_a_month_is_that_of_the_zone(month: str, zone: str, first: str, last: str) -> None:
    found = bounds(month, zone)
    assert found == (datetime.fromisoformat(first), datetime.fromisoformat(last))
    assert month_of(found[0], zone) == month
    assert month_of(found[1], zone) == month_after(month)


@pytest.mark.parametrize(
    "month", ["", "2018", "2018-00", "2018-13", "1969-12", "9999-01", "2018-3", "2018-03\n"]
)
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(InvalidMonth):
        bounds(month, "UTC")


def test_the_same_content_is_written_alike() -> None:
    assert written({"b": 1, "a": "é"}) == written({"a": "é", "b": 1}) == '{"a":"é","b":1}'
    assert json.loads(written({"a": [1, None]})) == {"a": [1, None]}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"a{text}") == f"a{text}"


def test_why_no_tax_is_charged_is_said() -> None:
    words = words_in("en")
    assert note_on(words, "DE-VAT", 1_900) == ""
    assert note_on(words, "FR-REVERSE", 0).startswith("Reverse charge")
    assert "abroad" in note_on(words, "DE-EXPORT", 0)
    assert note_on(words, "US-NONE", 0) == "No tax is charged."


def test_every_language_has_every_word() -> None:
    english = words_in("en")
    for language in ("de", "fr", "es", "pt"):
        words = words_in(language)
        assert words.names.keys() == english.names.keys()
        assert replace(words, names={}) != replace(english, names={})
        for given_back in (words.refers_to, words.lines, words.missing):
            assert "{}" in given_back


def test_nothing_is_missing_of_whole_details() -> None:
    from banyan.invoicing import BillingDraft

    whole = BillingDraft(name="Ana", address="Rua 1", city="Lapa", country="BR")
    assert missing_in(whole, is_reverse_charge=False) == ()
    assert missing_in(whole, is_reverse_charge=True) == ("tax_id",)
    assert missing_in(replace(whole, city="  "), is_reverse_charge=False) == ("city",)
    assert missing_in(None, is_reverse_charge=False) == ("name", "address", "city")
