from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import MINOR_MAX, Currency, CurrencyMismatch, InvalidMoney, Money

WITHOUT_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
    "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
}  # fmt: skip
WITH_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}

currencies = st.sampled_from(["EUR", "BRL", "JPY", "KWD", "RSD"]).map(Currency.of)
moneys = st.builds(Money, st.integers(-MINOR_MAX, MINOR_MAX), currencies)
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=12).filter(any)


@given(moneys, weights)
def test_a_split_keeps_the_sum(money: Money, weights: list[int]) -> None:
    shares = money.split(weights)
    assert len(shares) == len(weights)
    assert sum(share.minor for share in shares) == money.minor
    assert {share.currency for share in shares} == {money.currency}


@given(moneys, weights)
def test_a_share_is_within_one_unit_of_its_part(money: Money, weights: list[int]) -> None:
    for share, weight in zip(money.split(weights), weights, strict=True):
        off = share.minor * sum(weights) - money.minor * weight
        assert abs(off) < sum(weights)
        if weight == 0:
            assert share.minor == 0


@given(moneys, weights)
def test_a_split_of_the_negative_is_the_negative_split(money: Money, weights: list[int]) -> None:
    assert (-money).split(weights) == [-share for share in money.split(weights)]


@pytest.mark.parametrize(
    ("minor", "code", "weights", "expected"),
    [
        (100, "JPY", [1, 1, 1], [34, 33, 33]),
        (-100, "JPY", [1, 1, 1], [-34, -33, -33]),
        (1001, "KWD", [7, 2, 1], [701, 200, 100]),
        (1, "EUR", [1, 3], [0, 1]),
        (0, "EUR", [0, 1], [0, 0]),
    ],
)
def test_the_largest_remainder_gets_the_unit(
    minor: int, code: str, weights: list[int], expected: list[int]
) -> None:
    assert [share.minor for share in Money.of(minor, code).split(weights)] == expected


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_a_split_needs_weights(weights: list[int]) -> None:
    with pytest.raises(AssertionError):
        Money.of(100, "EUR").split(weights)


@given(moneys, st.integers(0, 10_000))
def test_a_portion_rounds_half_to_even(money: Money, basis_points: int) -> None:
    exact = Decimal(money.minor) * basis_points / 10_000
    assert money.portion(basis_points).minor == exact.quantize(Decimal(1), ROUND_HALF_EVEN)


@pytest.mark.parametrize(
    ("minor", "rounded"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2)]
)
def test_halves_go_to_the_even_neighbour(minor: int, rounded: int) -> None:
    assert Money.of(minor, "EUR").portion(5_000).minor == rounded


@given(moneys)
def test_what_is_written_can_be_read_again(money: Money) -> None:
    amount, code = str(money).split(" ")
    assert Money.parse(amount, code) == money
    assert Decimal(amount) == money.decimal


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("19.99", "EUR", 1999), ("-0.05", "EUR", -5), ("7", "EUR", 700), ("19.90000", "EUR", 1990),
        ("500", "JPY", 500), ("500.0", "JPY", 500), ("1.005", "KWD", 1005), ("1.5", "KWD", 1500),
    ],
)  # fmt: skip
def test_parse(text: str, code: str, minor: int) -> None:
    assert Money.parse(text, code) == Money.of(minor, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.005", "EUR"), ("1.5", "JPY"), ("1.0005", "KWD"),
        ("1.00000000000000000001", "EUR"),
        ("", "EUR"), (".5", "EUR"), ("5.", "EUR"), ("--5", "EUR"), ("+5", "EUR"), (" 5", "EUR"),
        ("1,50", "EUR"), ("1_000", "EUR"), ("1e3", "EUR"), ("1e999999999", "EUR"),
        ("NaN", "EUR"), ("sNaN", "EUR"), ("Infinity", "EUR"), ("\N{ARABIC-INDIC DIGIT FIVE}", "EUR"), ("5\n", "EUR"),
        ("9" * 5_000, "EUR"), ("10000000000001", "EUR"),
    ],
)  # fmt: skip
def test_parse_refuses(text: str, code: str) -> None:
    with pytest.raises(InvalidMoney) as refused:
        Money.parse(text, code)
    assert refused.value.faults[0].code == "invalid_money"


@given(st.text())
def test_parse_never_fails_otherwise(text: str) -> None:
    try:
        Money.parse(text, "EUR")
    except InvalidMoney:
        return


@pytest.mark.parametrize("minor", [19.99, 20.0, True, Decimal(5), "5"])
def test_only_whole_numbers_are_money(minor: object) -> None:
    with pytest.raises(AssertionError):
        Money.of(minor, "EUR")  # pyright: ignore[reportArgumentType]


def test_money_times_a_float_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        Money.of(1999, "EUR") * 0.5  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize(
    "minor", [MINOR_MAX + 1, -MINOR_MAX - 1, 1 << 20_000], ids=["above", "below", "far"]
)
def test_amounts_beyond_the_largest_are_refused(minor: int) -> None:
    with pytest.raises(InvalidMoney):
        Money.of(minor, "EUR")


def test_arithmetic_beyond_the_largest_is_refused() -> None:
    most = Money.of(MINOR_MAX, "EUR")
    with pytest.raises(InvalidMoney):
        most + Money.of(1, "EUR")
    with pytest.raises(InvalidMoney):
        -most - Money.of(1, "EUR")
    with pytest.raises(InvalidMoney):
        most * 2


@given(moneys, st.integers(-9, 9))
def test_arithmetic_is_that_of_integers(money: Money, count: int) -> None:
    small = Money(money.minor // 100, money.currency)
    assert (small * count).minor == small.minor * count
    assert small + small - small == small
    assert small - small == Money(0, money.currency) == -Money(0, money.currency)


def test_currencies_do_not_mix() -> None:
    euro, yen = Money.of(5, "EUR"), Money.of(5, "JPY")
    assert euro != yen
    for mixed in (lambda: euro + yen, lambda: euro - yen, lambda: euro < yen, lambda: euro <= yen):
        with pytest.raises(CurrencyMismatch):
            mixed()


def test_order_is_that_of_amounts() -> None:
    less, more = Money.of(-5, "EUR"), Money.of(5, "EUR")
    assert less < more
    assert less <= more <= Money.of(5, "EUR")
    assert max(less, more) is more


def test_every_currency_has_the_decimals_of_iso_4217() -> None:
    exponents = {code: Currency.of(code).exponent for code in Currency.codes()}
    assert {code for code, places in exponents.items() if places == 0} == WITHOUT_DECIMALS
    assert {code for code, places in exponents.items() if places == 3} == WITH_THREE_DECIMALS
    assert set(exponents.values()) == {0, 2, 3}


def test_the_currencies_in_use_are_known() -> None:
    assert {"EUR", "USD", "BRL", "GBP", "JPY", "INR", "CNY", "MXN", "CHF"} <= {*Currency.codes()}
    assert 140 < len(Currency.codes()) < 180


@pytest.mark.parametrize("code", ["", "eur", "XXX", "XAU", "DEM", "ABC", "EURO", "E" * 10_000])
def test_what_nobody_pays_with_is_refused(code: str) -> None:
    with pytest.raises(InvalidMoney):
        Currency.of(code)


@pytest.mark.parametrize(
    ("minor", "code", "locale", "expected"),
    [
        (18990, "BRL", "en", "R$189.90"),
        (123456, "EUR", "de", "1.234,56\xa0€"),
        (-500, "JPY", "en", "-¥500"),
        (12345, "KWD", "en", "KWD12.345"),
        (1990, "RSD", "en", "RSD19.90"),
    ],
)
def test_people_read_every_decimal(minor: int, code: str, locale: str, expected: str) -> None:
    assert Money.of(minor, code).format(locale) == expected
