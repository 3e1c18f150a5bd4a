"""The laws of exchange: nothing is made by rounding, and every unit of value is accounted for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from banyan.fx import (
    AmountTooSmall,
    CrossRate,
    Deal,
    Position,
    Rate,
    RateBook,
    RateMissing,
    RateStale,
    Settings,
    Step,
    worth,
)
from banyan.fx.model import shown
from banyan.fx.rules.booking import book
from banyan.fx.rules.crossing import is_stale
from banyan.fx.rules.pricing import price
from banyan.kernel import InvalidMoney, Money

AT = datetime(2018, 3, 1, 12, tzinfo=UTC)
ECB = Settings(sources=["manual", "ecb"])
CURRENCIES = ["EUR", "USD", "BRL", "JPY", "KWD", "CLP"]
PER_EURO = {"USD": "1.2214", "BRL": "3.9617", "JPY": "130.72", "KWD": "0.366", "CLP": "724.55"}


def rate(
    base: str, currency: str, value: str, at: datetime = AT, source: str = "ecb", version: int = 1
) -> Rate:
    return Rate(UUID(int=1), source, base, currency, Decimal(value), at, version, at, "test")


def euro_rates(at: datetime = AT) -> list[Rate]:
    return [rate("EUR", currency, value, at) for currency, value in PER_EURO.items()]


BOOK = RateBook(euro_rates(), AT, ECB)
amounts = st.integers(1, 10**7) | st.integers(1, 200)
pairs = st.permutations(CURRENCIES).map(lambda codes: (codes[0], codes[1], codes[2]))
spreads = st.integers(0, 5000)
rates = st.decimals("0.0001", "100000", places=4)


def cross(sell: str, buy: str, value: Decimal) -> CrossRate:
    step = Step(UUID(int=1), "ecb", sell, buy, value, AT, 1, is_inverted=False)
    return CrossRate(sell, buy, (step,))


# Rates


def test_a_cross_rate_goes_through_the_base_exactly() -> None:
    found = BOOK.cross("USD", "BRL")
    assert found.value == Fraction("3.9617") / Fraction("1.2214")
    assert shown(found.value) == Decimal("3.24357294907")
    assert [(step.currency, step.is_inverted) for step in found.path] == [
        ("USD", True),
        ("BRL", False),
    ]
    assert found.effective_at == AT


@given(pairs)
def test_there_and_back_is_one(three: tuple[str, str, str]) -> None:
    a, b, c = three
    assert BOOK.cross(a, b).value * BOOK.cross(b, a).value == 1
    assert BOOK.cross(a, b).value * BOOK.cross(b, c).value == BOOK.cross(a, c).value
    assert BOOK.cross(a, a).value == 1


def test_the_rate_of_the_pair_goes_before_the_cross() -> None:
    found = RateBook([*euro_rates(), rate("USD", "BRL", "3.3", source="manual")], AT, ECB)
    assert found.cross("USD", "BRL").value == Fraction("3.3")
    assert found.cross("BRL", "USD").value == 1 / Fraction("3.3")


def test_sources_can_meet_on_the_way() -> None:
    found = RateBook([*euro_rates(), rate("EUR", "ARS", "24.6", source="manual")], AT, ECB)
    path = found.cross("USD", "ARS").path
    assert [step.source for step in path] == ["ecb", "manual"]


def test_the_preferred_source_counts_while_it_is_young() -> None:
    both = [rate("EUR", "USD", "1.2", AT - timedelta(days=1), "manual"), *euro_rates()]
    assert RateBook(both, AT, ECB).cross("EUR", "USD").value == Fraction("1.2")
    later = AT + timedelta(days=4)  # Monday: the rate by hand is three working days old
    assert RateBook(both, later, ECB).cross("EUR", "USD").value == Fraction("1.2214")
    only_ecb = Settings(sources=["ecb"])
    assert RateBook(both, AT, only_ecb).cross("EUR", "USD").value == Fraction("1.2214")


def test_of_two_ways_the_younger_counts() -> None:
    old, young = AT - timedelta(days=1), AT
    ways = [
        rate("EUR", "USD", "1.2", old),
        rate("EUR", "BRL", "4.0", young),
        rate("GBP", "USD", "1.4", young),
        rate("GBP", "BRL", "4.5", young),
    ]
    assert RateBook(ways, AT, ECB).cross("USD", "BRL").value == Fraction(45, 14)


def test_what_is_not_known_or_too_old_is_said() -> None:
    with pytest.raises(RateMissing, match="from EUR to NOK"):
        BOOK.cross("EUR", "NOK")
    late = RateBook(euro_rates(), AT + timedelta(days=5), ECB)
    with pytest.raises(RateStale, match="of 2018-03-01, more than 2 working days"):
        late.cross("USD", "BRL")


@pytest.mark.parametrize(
    ("rate_on", "on", "age_days"),
    [
        ("2018-03-01", "2018-03-01", 0),
        ("2018-03-01", "2018-03-02", 1),
        ("2018-03-02", "2018-03-04", 0),  # Friday's rate on a Sunday
        ("2018-03-02", "2018-03-05", 1),
        ("2018-03-29", "2018-04-03", 1),  # Thursday's rate on the Tuesday after Easter
        ("2018-12-24", "2018-12-27", 1),
    ],
)
def test_weekends_and_holidays_make_no_rate_older(rate_on: str, on: str, age_days: int) -> None:
    since, at = (datetime.fromisoformat(f"{day}T15:00:00+00:00") for day in (rate_on, on))
    assert not is_stale(since, at, age_days)
    assert age_days == 0 or is_stale(since, at, age_days - 1)
    assert is_stale(since, at + timedelta(days=366), 30)


# Prices


@pytest.mark.parametrize(
    ("amount", "buy", "spread_bp", "bought", "value", "spread"),
    [
        ("100.00 USD", "BRL", 0, "324.35 BRL", "324.36 BRL", "0.01 BRL"),
        ("100.00 USD", "BRL", 100, "321.11 BRL", "324.36 BRL", "3.25 BRL"),
        ("100.00 USD", "JPY", 100, "10595 JPY", "324.36 BRL", "3.26 BRL"),
        ("10000 JPY", "KWD", 0, "27.998 KWD", "303.07 BRL", "0.01 BRL"),
        ("1.000 KWD", "JPY", 50, "355 JPY", "10.83 BRL", "0.07 BRL"),
        ("100.00 BRL", "JPY", 100, "3266 JPY", "100.00 BRL", "1.02 BRL"),
    ],
)
def test_prices(
    amount: str, buy: str, spread_bp: int, bought: str, value: str, spread: str
) -> None:
    given_text, sell = amount.split()
    priced = price(
        Money.parse(given_text, sell),
        fixed="sell",
        mid=BOOK.cross(sell, buy),
        own=BOOK.cross(buy, "BRL"),
        spread_bp=spread_bp,
    )
    assert (str(priced.buy), str(priced.value), str(priced.spread)) == (bought, value, spread)


@given(amounts, pairs, spreads, st.sampled_from(["sell", "buy"]), rates)
def test_rounding_is_in_our_favour_and_by_less_than_one_unit(
    minor: int, three: tuple[str, str, str], spread_bp: int, fixed: str, value: Decimal
) -> None:
    sell, buy, own = three
    mid = cross(sell, buy, value)
    amount = Money.of(minor, sell if fixed == "sell" else buy)
    try:
        priced = price(
            amount,
            fixed="sell" if fixed == "sell" else "buy",
            mid=mid,
            own=BOOK.cross(buy, own),
            spread_bp=spread_bp,
        )
    except (AmountTooSmall, InvalidMoney):
        assume(False)
        return
    exponents = priced.buy.currency.exponent - priced.sell.currency.exponent
    exact = priced.sell.minor * mid.value * Fraction(10) ** exponents
    promised = exact * (10_000 - spread_bp) / 10_000
    unit = mid.value * Fraction(10) ** exponents * (10_000 - spread_bp) / 10_000
    if fixed == "sell":
        assert priced.sell == amount
        assert 0 <= promised - priced.buy.minor < 1
    else:
        assert priced.buy == amount
        assert 0 <= promised - priced.buy.minor < unit
    assert 0 <= priced.spread.minor <= priced.value.minor


@given(amounts, pairs, spreads, rates)
def test_a_round_trip_loses_the_spread_and_the_rounding_at_most(
    minor: int, three: tuple[str, str, str], spread_bp: int, value: Decimal
) -> None:
    sell, buy, own = three
    there, back = cross(sell, buy, value), cross(sell, buy, value)
    back = CrossRate(buy, sell, tuple(_turned(step) for step in back.path))
    start = Money.of(minor, sell)
    try:
        away = price(
            start, fixed="sell", mid=there, own=BOOK.cross(buy, own), spread_bp=spread_bp
        ).buy
        home = price(
            away, fixed="sell", mid=back, own=BOOK.cross(sell, own), spread_bp=spread_bp
        ).buy
    except (AmountTooSmall, InvalidMoney):
        assume(False)
        return
    kept = Fraction(10_000 - spread_bp, 10_000)
    exponents = Fraction(10) ** (start.currency.exponent - away.currency.exponent)
    one_away = exponents / there.value  # one minor unit of the other currency, at home
    least = minor * kept**2 - one_away * kept - 1
    assert least < home.minor <= minor * kept**2


def _turned(step: Step) -> Step:
    return Step(
        step.rate_id, step.source, step.base, step.currency, step.rate, step.effective_at, 1,
        is_inverted=not step.is_inverted,
    )  # fmt: skip


@given(amounts, pairs, spreads)
def test_what_is_bought_can_be_asked_for(
    minor: int, three: tuple[str, str, str], spread_bp: int
) -> None:
    """Selling what a quote for that amount asks buys at least it: fixing either side is one price."""
    sell, buy, own = three
    mid, to_own = BOOK.cross(sell, buy), BOOK.cross(buy, own)
    wanted = Money.of(minor, buy)
    asked = price(wanted, fixed="buy", mid=mid, own=to_own, spread_bp=spread_bp).sell
    assert wanted <= price(asked, fixed="sell", mid=mid, own=to_own, spread_bp=spread_bp).buy


def test_too_little_is_refused() -> None:
    with pytest.raises(AmountTooSmall, match="1 CLP is worth less than one minor unit of EUR"):
        price(
            Money.of(1, "CLP"),
            fixed="sell",
            mid=BOOK.cross("CLP", "EUR"),
            own=BOOK.cross("EUR", "BRL"),
            spread_bp=0,
        )


def test_worth_is_to_the_nearest_unit() -> None:
    assert worth(Money.of(-10_000, "JPY"), BOOK.cross("JPY", "KWD")) == Money.of(-27_999, "KWD")


# Positions


def deal(came_in: tuple[int, str], went_out: tuple[int, str], value: int, spread: int = 0) -> Deal:
    return Deal(
        marketplace_id=UUID(int=1),
        deal_id=UUID(int=1),
        kind="conversion",
        subject="x",
        in_minor=came_in[0],
        in_currency=came_in[1],
        out_minor=went_out[0],
        out_currency=went_out[1],
        own_currency="BRL",
        in_value_minor=value,
        out_value_minor=value - spread,
        made_at=AT,
    )


def test_closing_gains_the_difference_to_the_average_cost() -> None:
    deals = [
        deal((100, "USD"), (300, "BRL"), 300),
        deal((100, "USD"), (400, "BRL"), 400),  # 200 USD at 700: 3.50 each
        deal((380, "BRL"), (100, "USD"), 380),
    ]
    positions, [gain] = book({}, deals)
    assert positions["USD"] == Position("USD", 100, 350)
    assert (gain.closed_minor, gain.cost_minor, gain.value_minor, gain.gain_minor) == (
        100, 350, 380, 30,
    )  # fmt: skip


def test_a_position_can_turn_into_a_debt() -> None:
    deals = [
        deal((100, "USD"), (300, "BRL"), 300),
        deal((480, "BRL"), (150, "USD"), 480),
        deal((50, "USD"), (170, "BRL"), 170),
    ]
    positions, [sold, bought_back] = book({}, deals)
    assert (sold.closed_minor, sold.gain_minor) == (100, 20)
    assert (bought_back.closed_minor, bought_back.cost_minor, bought_back.value_minor) == (
        -50, -160, -170,
    )  # fmt: skip
    assert bought_back.gain_minor == -10
    assert positions["USD"] == Position("USD")


deals_of_all_sorts = st.lists(
    st.tuples(
        st.permutations(["BRL", "USD", "JPY", "KWD"]),
        st.integers(1, 10**9) | st.integers(1, 20),
        st.integers(1, 10**9) | st.integers(1, 20),
        st.integers(0, 10**9) | st.integers(0, 20),
        st.integers(0, 100),
    ).map(lambda it: _any_deal(*it)),
    max_size=30,
)


def _any_deal(codes: list[str], one: int, other: int, value: int, percent: int) -> Deal:
    """Whatever the amounts, an amount in own currency is its own value."""
    came_in, went_out = codes[:2]
    if came_in == "BRL":
        value = one
    spread = value * percent // 100
    if went_out == "BRL":
        value, spread = other + spread, spread
    return deal((one, came_in), (other, went_out), value, spread)


@given(deals_of_all_sorts)
def test_costs_values_and_gains_reconcile_to_the_unit(deals: list[Deal]) -> None:
    positions, gains = book({}, deals)
    realised = sum(gain.gain_minor for gain in gains)
    paid = 0  # what the ledger's position in own currency says, gains and spread taken out
    quantities: dict[str, int] = {}
    for it in deals:
        quantities[it.in_currency] = quantities.get(it.in_currency, 0) + it.in_minor
        quantities[it.out_currency] = quantities.get(it.out_currency, 0) - it.out_minor
        paid -= it.in_value_minor - it.out_value_minor
    paid += quantities.pop("BRL", 0) - realised
    assert sum(position.cost_minor for position in positions.values()) == -paid
    assert {code: it.quantity_minor for code, it in positions.items()} == quantities
    for position in positions.values():
        assert position.quantity_minor != 0 or position.cost_minor == 0
        assert position.cost_minor * position.quantity_minor >= 0


@given(deals_of_all_sorts, st.integers(0, 30))
def test_the_book_may_be_kept_in_parts(deals: list[Deal], cut: int) -> None:
    halfway, first = book({}, deals[:cut])
    parts, second = book(halfway, deals[cut:])
    assert (parts, first + second) == book({}, deals)
