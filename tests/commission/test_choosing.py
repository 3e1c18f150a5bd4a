"""Which rule holds, which promotion applies, which two would be ambiguous."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from banyan.commission import Basket, Line, Scope, SellerTerms, price
from banyan.commission.rules.choosing import (
    by_scope,
    clashing,
    holding,
    promotions_of,
    standard_rule,
)
from banyan.kernel import Money
from tests.commission.records import AT, SELLERS, START, book, rule

SALE = Scope(SELLERS[0], "gold", "books", "BRL")
CLOSEST_FIRST = [
    Scope(SELLERS[0], None, "books", "BRL"),
    Scope(SELLERS[0], None, "books"),
    Scope(SELLERS[0]),
    Scope(None, "gold", "books"),
    Scope(None, "gold"),
    Scope(None, None, "books"),
    Scope(None, None, None, "BRL"),
    Scope(),
]


def test_the_closest_rule_holds() -> None:
    rules = [rule(f"Rule {n}", **scope._asdict()) for n, scope in enumerate(CLOSEST_FIRST)]
    for n in range(len(rules)):
        found = standard_rule(holding(by_scope(reversed(rules[n:])), SALE, AT), "commission")
        assert found == rules[n]
    assert all(a.closeness > b.closeness for a, b in pairwise(CLOSEST_FIRST))


def test_a_rule_of_somebody_else_does_not_hold() -> None:
    others = [
        rule("Seller", seller_id=SELLERS[1]),
        rule("Tier", tier="silver"),
        rule("Category", category="toys"),
        rule("Currency", currency="EUR"),
        rule("Kind", kind="service_fee"),
        rule("Past", valid_until=AT),
        rule("Future", valid_from=AT + timedelta(seconds=1)),
    ]
    assert standard_rule(holding(by_scope(others), SALE, AT), "commission") is None


def _promoted(*promotions: dict[str, object]) -> tuple[int, str]:
    rules = [
        rule(f"Promotion {n}", kind="promotion", **fields) for n, fields in enumerate(promotions)
    ]
    line = Line(SELLERS[0], Money.of(10_000, "BRL"), 1, "books")
    basket = Basket(currency="BRL", lines=(line,), shipping={}, at=AT)
    sellers = {SELLERS[0]: SellerTerms("BR", "gold")}
    [share] = price(basket, book(rules, sellers=sellers)).shares
    return share.commission.minor, share.reason


def test_a_promotion_stands_in_place_of_the_rate_or_is_taken_off_it() -> None:
    assert _promoted({"rate_bp": 500}) == (
        500,
        "5 % Promotion 0 since 2018-01-01, in place of 12 % by the payment settings, "
        "on 100.00 BRL; tax: 5 % ISS in BR.",
    )
    commission, reason = _promoted({"rate_bp": 300, "effect": "reduction"})
    assert commission == 900
    assert "12 % by the payment settings, less 3 % off, Promotion 0" in reason


def test_of_several_promotions_the_first_by_priority_applies_alone() -> None:
    close = {"rate_bp": 700, "seller_id": SELLERS[0]}
    assert _promoted(close, {"rate_bp": 100})[0] == 700
    assert _promoted(close, {"rate_bp": 100, "priority": 1})[0] == 100


def test_promotions_that_stack_add_up() -> None:
    stacking = {"effect": "reduction", "stacks": True}
    assert (
        _promoted({"rate_bp": 300, **stacking}, {"rate_bp": 200, "tier": "gold", **stacking})[0]
        == 700
    )
    alone = {"rate_bp": 100, "effect": "reduction", "priority": 5}
    assert _promoted({"rate_bp": 300, **stacking}, alone)[0] == 1_100
    assert (
        _promoted({"rate_bp": 900, **stacking}, {"rate_bp": 900, "tier": "gold", **stacking})[0]
        == 0
    )


def test_a_promotion_never_makes_a_sale_dearer() -> None:
    commission, reason = _promoted({"rate_bp": 2_000})
    assert commission == 1_200
    assert "Promotion" not in reason


def test_no_promotion_no_list() -> None:
    assert promotions_of(holding({}, SALE, AT)) == ()


def test_two_rules_of_one_scope_clash_while_both_hold() -> None:
    old = rule("Old", category="books", valid_until=AT)
    assert clashing(rule("New", category="books"), [old]) == [old]
    assert clashing(rule("New", category="books", valid_from=AT), [old]) == []
    assert clashing(rule("New", category="toys"), [old]) == []
    assert clashing(rule("New", category="books", currency="BRL"), [old]) == []
    withdrawn = rule("Withdrawn", category="books", valid_until=START)
    assert clashing(rule("New", category="books"), [withdrawn]) == []


def test_promotions_clash_by_priority_unless_both_stack() -> None:
    stacking = rule("A", kind="promotion", effect="reduction", stacks=True)
    other = rule("B", kind="promotion", effect="reduction", stacks=True)
    alone = rule("C", kind="promotion", effect="reduction")
    assert clashing(other, [stacking]) == []
    assert clashing(alone, [stacking]) == [stacking]
    assert clashing(rule("D", kind="promotion", priority=1), [stacking]) == []


spans = st.tuples(st.integers(0, 20), st.one_of(st.none(), st.integers(0, 20)))


@given(spans, spans, st.integers(0, 20))
def test_rules_that_do_not_clash_never_hold_together(
    one: tuple[int, int | None], other: tuple[int, int | None], day: int
) -> None:
    first, second = (
        rule(
            label,
            valid_from=START + timedelta(days=begin),
            valid_until=None if end is None else START + timedelta(days=max(begin, end)),
        )
        for label, (begin, end) in (("One", one), ("Other", other))
    )
    at = START + timedelta(days=day)
    if not clashing(first, [second]):
        assert not (first.holds_at(at) and second.holds_at(at))
    elif first.holds_at(at) and second.holds_at(at):
        assert clashing(second, [first]) == [first]
