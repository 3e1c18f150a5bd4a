from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from banyan.kernel import Money
from banyan.replay.plan import (
    CARD_OK,
    TOKENS_BP,
    Act,
    Offer,
    make_plan,
    method_of,
    shipping_of,
    steps_of,
)
from banyan.replay.source import Buyer, Item, Order, Review, Seller, Source, read_source

EXTRACT = Path(__file__).parents[2] / "examples" / "olist"
BOUGHT = datetime(2018, 2, 1, 10, 0, tzinfo=UTC)


def brl(minor: int) -> Money:
    return Money.of(minor, "BRL")


def item(product_id: str = "p1", seller_id: str = "s1", price: int = 1000) -> Item:
    return Item(product_id, "toys", seller_id, brl(price), brl(150))


DELIVERED = Order(
    order_id="o1",
    status="delivered",
    buyer=Buyer("b1", "SP"),
    items=(item(),),
    payment=None,
    purchased_at=BOUGHT,
    approved_at=BOUGHT + timedelta(hours=1),
    shipped_at=BOUGHT + timedelta(days=2),
    delivered_at=BOUGHT + timedelta(days=9),
    promised_at=BOUGHT + timedelta(days=12),
    review=None,
)


def source_of(*orders: Order) -> Source:
    sellers = {name: Seller(name, "campinas", "SP") for name in ("s1", "s2")}
    return Source(orders, sellers)


def story(order: Order) -> list[tuple[Act, timedelta]]:
    return [(step.act, step.at - BOUGHT) for step in steps_of(order)]


def test_a_delivered_order_is_placed_shipped_and_delivered_when_it_was():
    assert story(DELIVERED) == [
        (Act.PLACE, timedelta()),
        (Act.SHIP, timedelta(days=2)),
        (Act.DELIVER, timedelta(days=9)),
    ]


def test_times_that_run_backwards_are_put_in_order():
    order = replace(DELIVERED, shipped_at=BOUGHT - timedelta(days=1))
    assert [at for _, at in story(order)] == sorted(at for _, at in story(order))


def test_what_was_never_shipped_is_cancelled_only_if_the_data_says_so():
    waiting = replace(DELIVERED, status="processing", shipped_at=None, delivered_at=None)
    assert [act for act, _ in story(waiting)] == [Act.PLACE]
    for status in ("canceled", "unavailable"):
        assert [act for act, _ in story(replace(waiting, status=status))] == [Act.PLACE, Act.CANCEL]


@pytest.mark.parametrize(
    ("score", "days_late", "refund"),
    [(1, 3, None), (2, 3, brl(150)), (3, 3, "none"), (1, -3, "none"), (1, 0, "none")],
)
def test_a_refund_needs_a_late_delivery_and_a_bad_review(score, days_late, refund):
    order = replace(
        DELIVERED,
        promised_at=DELIVERED.delivered_at - timedelta(days=days_late),
        review=Review(score, None),
    )
    refunds = [step.amount for step in steps_of(order) if step.act is Act.REFUND]
    assert refunds == ([] if refund == "none" else [refund])


def test_what_was_cancelled_on_its_way_is_refunded_whole():
    order = replace(DELIVERED, status="canceled", delivered_at=None)
    *_, last = steps_of(order)
    assert (last.act, last.amount) == (Act.REFUND, None)


def test_alike_items_are_one_line():
    order = replace(DELIVERED, items=(item(), item(), item("p2", price=700)))
    plan = make_plan(source_of(order))
    assert [(line.product_id, line.quantity, line.price) for line in plan.lines(order)] == [
        ("p1", 2, brl(1000)),
        ("p2", 1, brl(700)),
    ]
    assert shipping_of(order) == brl(450)


def test_the_marketplace_chooses_the_seller_unless_the_price_changed():
    chosen = replace(DELIVERED, items=(item(), item("p2")))
    dearer = replace(DELIVERED, order_id="o2", items=(item("p2", price=1200), item("p1", "s2")))
    plan = make_plan(source_of(chosen, dearer))
    assert [line.offer for line in plan.lines(chosen)] == [None, Offer("s1", "p2", brl(1000))]
    assert len(plan.offers) == 4


def test_orders_without_items_are_counted_and_left_out():
    plan = make_plan(source_of(replace(DELIVERED, items=()), replace(DELIVERED, order_id="o2")))
    assert (plan.orders_count, plan.orders_without_items) == (1, 1)


def test_a_limit_keeps_only_what_the_first_orders_need():
    other = replace(DELIVERED, order_id="o2", items=(item("p9", "s2"),))
    plan = make_plan(source_of(DELIVERED, other), limit=1)
    assert [seller.seller_id for seller in plan.sellers] == ["s1"]
    assert {step.order.order_id for step in plan.steps} == {"o1"}


def test_the_shares_of_the_tokens_are_as_documented():
    orders = [replace(DELIVERED, order_id=f"order-{number}") for number in range(20_000)]
    tokens = Counter(method_of(order)[1] for order in orders)
    for token, share_bp in TOKENS_BP.items():
        assert tokens[token] / len(orders) == pytest.approx(share_bp / 10_000, rel=0.3)
    assert tokens[CARD_OK] > 0.9 * len(orders)
    assert {method_of(order)[0] for order in orders} == {"card"}


def test_the_extract_has_a_bit_of_everything():
    plan = make_plan(read_source(EXTRACT))
    acts = Counter(step.act for step in plan.steps)
    assert set(acts) == set(Act)
    methods, tokens = zip(*(method_of(step.order) for step in plan.steps), strict=True)
    assert set(tokens) == {*TOKENS_BP, CARD_OK, "tok_boleto", "tok_voucher"}
    assert set(methods) == {"card", "debit_card", "boleto", "voucher"}
    assert any(len(plan.lines(step.order)) > 1 for step in plan.steps)
    assert [step.at for step in plan.steps] == sorted(step.at for step in plan.steps)
    sellers_of = Counter(
        product for _, product in {(o.seller_id, o.product_id) for o in plan.offers}
    )
    assert sum(count > 1 for count in sellers_of.values()) >= 10
