"""Laws of prices: whatever the order, the rules and the vouchers, the parts sum."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.commission import (
    Basket,
    Line,
    Rule,
    SellerShare,
    SellerTerms,
    Voucher,
    VoucherTooLarge,
    price,
)
from banyan.commission.rules.choosing import clashing
from banyan.kernel import Money
from tests.commission.records import AT, SELLERS, START, book, rule

CURRENCIES = st.sampled_from(["JPY", "BRL", "KWD"])
CATEGORIES = st.sampled_from([None, "books", "electronics"])
COUNTRIES = st.sampled_from(["BR", "DE", "FR", "JP", "US"])


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    currency = draw(CURRENCIES)
    line = st.builds(
        Line,
        st.sampled_from(SELLERS),
        st.integers(1, 10**7).map(lambda minor: Money.of(minor, currency)),
        st.integers(1, 9),
        CATEGORIES,
    )
    lines = draw(st.lists(line, min_size=1, max_size=8))
    sellers = {line.seller_id for line in lines}
    shipping = {
        seller_id: Money.of(draw(st.integers(0, 10**5)), currency) for seller_id in sorted(sellers)
    }
    return Basket(
        currency=currency,
        lines=tuple(lines),
        shipping=shipping,
        at=AT,
        vouchers=tuple(draw(st.lists(vouchers(currency, sorted(sellers)), max_size=3))),
    )


def vouchers(currency: str, sellers: list[UUID]) -> st.SearchStrategy[Voucher]:
    amounts = st.integers(1, 10**5).map(lambda minor: Money.of(minor, currency))
    worth = st.one_of(
        st.builds(lambda rate: {"rate_bp": rate}, st.integers(1, 10_000)),
        st.builds(lambda amount: {"amount": amount}, amounts),
    )
    return st.builds(
        lambda worth, funded_by, seller_id: Voucher(
            code="V", funded_by=funded_by, seller_id=seller_id, **worth
        ),
        worth,
        st.sampled_from(["seller", "platform"]),
        st.sampled_from([None, *sellers]),
    )


@st.composite
def rules(draw: st.DrawFn) -> list[Rule]:
    found = list[Rule]()
    for n in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["commission", "promotion", "service_fee"]))
        fields: dict[str, Any] = {"kind": kind, "rate_bp": draw(st.integers(0, 10_000))}
        if kind == "promotion":
            fields["effect"] = draw(st.sampled_from(["rate", "reduction"]))
            fields["priority"] = draw(st.integers(0, 2))
            fields["stacks"] = fields["effect"] == "reduction" and draw(st.booleans())
        if kind != "service_fee":
            fields["category"] = draw(CATEGORIES)
            fields["seller_id"] = draw(st.sampled_from([None, *SELLERS]))
        if fields.get("effect") != "reduction":
            fields["currency"] = draw(CURRENCIES)
            fields["fixed_minor"] = draw(st.integers(0, 500))
            fields["minimum_minor"] = draw(st.integers(0, 5_000))
            fields["maximum_minor"] = draw(st.sampled_from([None, 5_000, 10**6]))
        fields["per"] = draw(st.sampled_from(["unit", "line", "order"]))
        fields["base"] = draw(st.sampled_from(["goods", "goods_and_shipping"]))
        fields["price"] = draw(st.sampled_from(["full", "reduced"]))
        made = rule(f"Rule {n}", **fields)
        if not clashing(made, found):
            found.append(made)
    return found


def parts_of(share: SellerShare) -> list[int]:
    return [
        money.minor
        for money in (
            share.goods, share.shipping, share.seller_discount, share.platform_discount,
            share.shipping_kept, share.commission, share.tax, share.gross, share.net,
        )
    ]  # fmt: skip


@given(baskets(), rules(), COUNTRIES, COUNTRIES, st.sampled_from(["seller", "platform"]))
def test_the_parts_sum_and_none_is_below_zero(
    basket: Basket, given_rules: list[Rule], home: str, abroad: str, shipping_to: str
) -> None:
    sellers = {seller_id: SellerTerms(abroad) for seller_id in SELLERS[:2]}
    sellers |= {seller_id: SellerTerms(home) for seller_id in SELLERS[2:]}
    priced = book(given_rules, country=home, sellers=sellers, shipping_to=shipping_to)
    try:
        pricing = price(basket, priced)
    except VoucherTooLarge:
        return
    goods = sum(line.goods.minor for line in basket.lines)
    shipping = sum(money.minor for money in basket.shipping.values())
    fee = pricing.service_fee
    extra = 0 if fee is None else fee.fee.minor + fee.tax.minor
    assert pricing.total.minor == goods + shipping - pricing.discount.minor + extra
    assert pricing.total.minor == sum(share.gross.minor for share in pricing.shares) + extra
    for share in pricing.shares:
        assert min(parts_of(share)) >= 0
        kept = share.commission + share.tax + share.shipping_kept
        assert share.net + kept == share.gross + share.platform_discount
        charged = sum(charge.commission.minor for charge in share.charges)
        assert charged == share.commission.minor
    assert len({share.seller_id for share in pricing.shares}) == len(pricing.shares)


@given(baskets(), rules())
def test_the_order_of_the_rules_does_not_matter(basket: Basket, given_rules: list[Rule]) -> None:
    try:
        once = price(basket, book(given_rules))
    except VoucherTooLarge:
        return
    again = price(basket, book(list(reversed(given_rules))))
    assert again.total == once.total
    assert [parts_of(share) for share in again.shares] == [parts_of(s) for s in once.shares]


def _basket(*lines: tuple[int, int, str | None], **fields: Any) -> Basket:
    """Lines as (seller, goods, category) of BRL."""
    plain: dict[str, Any] = {"currency": "BRL", "shipping": {}, "at": AT}
    return Basket(
        lines=tuple(
            Line(SELLERS[seller], Money.of(goods, "BRL"), 1, category)
            for seller, goods, category in lines
        ),
        **{**plain, **fields},
    )


def _brl(minor: int) -> Money:
    return Money.of(minor, "BRL")


def test_without_rules_the_default_holds() -> None:
    basket = _basket((0, 10_000, None), shipping={SELLERS[0]: _brl(1_500)})
    [share] = price(basket, book()).shares
    assert (share.gross.minor, share.commission.minor, share.tax.minor) == (11_500, 1_200, 60)
    assert (share.tax_jurisdiction, share.net.minor) == ("BR-ISS", 10_240)
    assert share.reason == ("12 % by the payment settings, on 100.00 BRL; tax: 5 % ISS in BR.")


def test_each_line_pays_by_its_own_rule() -> None:
    electronics = rule(
        "Electronics", category="electronics", rate_bp=1_200, currency="BRL", minimum_minor=100
    )
    books = rule("Books", category="books", rate_bp=800)
    basket = _basket((0, 10_000, "electronics"), (0, 2_000, "books"), (0, 500, "electronics"))
    [share] = price(basket, book([electronics, books])).shares
    assert share.commission.minor == 1_260 + 160
    assert "12 % Electronics since 2018-01-01, minimum 1.00 BRL, on 105.00 BRL" in share.reason
    assert "8 % Books since 2018-01-01, on 20.00 BRL" in share.reason


@pytest.mark.parametrize(
    ("per", "commission"), [("order", 1_200 + 50), ("line", 1_200 + 100), ("unit", 1_200 + 250)]
)
def test_amounts_are_per_unit_line_or_order(per: str, commission: int) -> None:
    fixed = rule("Fixed", rate_bp=1_200, currency="BRL", fixed_minor=50, per=per)
    lines = (Line(SELLERS[0], _brl(6_000), 2), Line(SELLERS[0], _brl(4_000), 3))
    basket = Basket(currency="BRL", lines=lines, shipping={}, at=AT)
    [share] = price(basket, book([fixed])).shares
    assert share.commission.minor == commission


def test_a_maximum_caps_and_a_minimum_lifts() -> None:
    bounds = rule("Bounds", rate_bp=1_000, currency="BRL", minimum_minor=200, maximum_minor=900)
    for goods, commission in [(1_000, 200), (5_000, 500), (50_000, 900)]:
        [share] = price(_basket((0, goods, None)), book([bounds])).shares
        assert share.commission.minor == commission


def test_a_minimum_takes_no_more_than_the_seller_gets() -> None:
    steep = rule("Steep", rate_bp=0, currency="BRL", minimum_minor=5_000)
    [share] = price(_basket((0, 1_000, None)), book([steep])).shares
    assert (share.commission + share.tax).minor == 1_000
    assert share.net.minor == 0
    assert share.tax == share.commission.portion(500)
    assert "no more than the seller gets" in share.reason


def test_a_voucher_of_the_platform_tops_the_seller_up() -> None:
    voucher = Voucher(code="SPRING", funded_by="platform", rate_bp=1_000)
    basket = _basket((0, 10_000, None), vouchers=(voucher,))
    pricing = price(basket, book())
    [share] = pricing.shares
    assert (pricing.total.minor, share.platform_discount.minor) == (9_000, 1_000)
    assert (share.commission.minor, share.net.minor) == (1_200, 10_000 - 1_260)


@pytest.mark.parametrize(("basis", "commission"), [("reduced", 1_080), ("full", 1_200)])
def test_a_voucher_of_the_seller_lowers_the_base_or_not(basis: str, commission: int) -> None:
    voucher = Voucher(code="MINE", funded_by="seller", amount=_brl(1_000))
    basket = _basket((0, 10_000, None), vouchers=(voucher,))
    [share] = price(basket, book([rule("All", rate_bp=1_200, price=basis)])).shares
    assert (share.gross.minor, share.commission.minor) == (9_000, commission)


def test_vouchers_take_from_what_the_ones_before_left() -> None:
    halves = Voucher(code="HALF", funded_by="platform", rate_bp=5_000)
    basket = _basket((0, 101, None), (1, 100, None), vouchers=(halves, halves))
    pricing = price(basket, book())
    assert pricing.total.minor == 201 - 100 - 50
    assert sum(share.platform_discount.minor for share in pricing.shares) == 150


def test_a_voucher_for_one_seller_leaves_the_others_alone() -> None:
    voucher = Voucher(code="V", funded_by="seller", amount=_brl(100), seller_id=SELLERS[1])
    first, second = price(
        _basket((0, 1_000, None), (1, 100, None), vouchers=(voucher,)), book()
    ).shares
    assert (first.seller_discount.minor, second.gross.minor) == (0, 0)


def test_a_voucher_larger_than_the_goods_is_refused() -> None:
    voucher = Voucher(code="BIG", funded_by="platform", amount=_brl(1_001))
    with pytest.raises(VoucherTooLarge, match=r"BIG is worth 10\.01 BRL.* cost 10\.00 BRL"):
        price(_basket((0, 1_000, None), vouchers=(voucher,)), book())


def test_shipping_that_the_platform_runs_is_the_platforms() -> None:
    basket = _basket((0, 10_000, None), shipping={SELLERS[0]: _brl(1_500)})
    with_shipping = rule("All", rate_bp=1_000, base="goods_and_shipping")
    [kept] = price(basket, book([with_shipping], shipping_to="platform")).shares
    assert (kept.gross.minor, kept.shipping_kept.minor, kept.commission.minor) == (
        11_500, 1_500, 1_000,
    )  # fmt: skip
    [given_on] = price(basket, book([with_shipping])).shares
    assert (given_on.shipping_kept.minor, given_on.commission.minor) == (0, 1_150)


def test_a_service_fee_is_paid_on_top_with_its_tax() -> None:
    fee = rule("Service", kind="service_fee", rate_bp=300, currency="BRL", minimum_minor=99)
    pricing = price(_basket((0, 10_000, None), (1, 5_000, None)), book([fee]))
    assert pricing.service_fee is not None
    assert (pricing.service_fee.fee.minor, pricing.service_fee.tax.minor) == (450, 22)
    assert pricing.total.minor == 15_000 + 472
    assert [share.gross.minor for share in pricing.shares] == [10_000, 5_000]


def test_the_rules_of_the_instant_hold() -> None:
    old = rule("Old", rate_bp=1_000, valid_until=AT)
    new = rule("New", rate_bp=500, valid_from=AT)
    basket = _basket((0, 10_000, None))
    for at, commission in [
        (START - timedelta(days=1), 1_200),
        (AT - timedelta(seconds=1), 1_000),
        (AT, 500),
    ]:
        [share] = price(_basket((0, 10_000, None), at=at), book([old, new])).shares
        assert share.commission.minor == commission
    assert len(price(basket, book()).shares) == 1
