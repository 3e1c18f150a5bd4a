from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import new_id
from banyan.orders import JOURNEY, Line, Order, OrderState, OrderStateConflict, rules

PLACED_AT = datetime(2018, 3, 1, tzinfo=UTC)
MARKETPLACE = new_id()


def _order(state: OrderState, *, shipping: int = 0, resumes_as: OrderState | None = None) -> Order:
    return Order(
        marketplace_id=MARKETPLACE,
        order_id=new_id(),
        external_id=None,
        buyer_id=new_id(),
        state=state,
        resumes_as=resumes_as,
        currency="BRL",
        items_minor=1000,
        shipping_minor=shipping,
        payment_id=new_id(),
        payment_type="card",
        payment_token="tok_visa",
        payment_fingerprint="",
        payment_tokens={},
        installments=1,
        country="BR",
        region="SP",
        placed_at=PLACED_AT,
        ship_by_at=None,
        promised_at=PLACED_AT + timedelta(days=5),
        shipped_at=None,
        delivered_at=None,
        settled_at=None,
        carrier=None,
        tracking=None,
        refunded_minor=0,
    )


def _line(order: Order, number: int, seller: UUID, price: int, quantity: int = 1) -> Line:
    return Line(
        marketplace_id=MARKETPLACE,
        order_id=order.order_id,
        line=number,
        product=f"p{number}",
        quantity=quantity,
        unit_price_max_minor=None,
        wanted_offer_id=None,
        offer_id=new_id(),
        seller_id=seller,
        unit_price_minor=price,
        lead_time_days=number,
    )


def test_the_straight_way_is_allowed_and_no_step_may_be_skipped() -> None:
    for here, there in pairwise(JOURNEY):
        assert rules.can_become(_order(here), there)
    for index, here in enumerate(JOURNEY):
        for there in JOURNEY[index + 2 :]:
            assert not rules.can_become(_order(here), there)


@pytest.mark.parametrize("end", ["declined", "cancelled", "refunded"])
def test_an_end_is_an_end(end: str) -> None:
    assert all(not rules.can_become(_order(OrderState(end)), state) for state in OrderState)


def test_a_shipped_order_is_not_cancelled() -> None:
    with pytest.raises(OrderStateConflict, match="can't become cancelled"):
        rules.check_can_become(_order(OrderState.SHIPPED), OrderState.CANCELLED)


def test_a_disputed_order_still_arrives() -> None:
    disputed = _order(OrderState.DISPUTED, resumes_as=OrderState.SHIPPED)
    rules.check_can_become(disputed, OrderState.DELIVERED)


@given(
    shipping=st.integers(0, 10**9),
    prices=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 10**7), st.integers(1, 9)), min_size=1
    ),
)
def test_the_sellers_shares_add_up_to_what_the_buyer_pays(
    shipping: int, prices: list[tuple[int, int, int]]
) -> None:
    order = _order(OrderState.MATCHED, shipping=shipping)
    sellers = [new_id() for _ in range(4)]
    lines = [
        _line(order, number, sellers[seller], price, quantity)
        for number, (seller, price, quantity) in enumerate(prices, 1)
    ]
    shares = rules.seller_shares(order, lines)
    assert set(shares) == {line.seller_id for line in lines}
    items = sum(price * quantity for _, price, quantity in prices)
    assert sum(goods.minor for goods, _ in shares.values()) == items
    assert sum(part.minor for _, part in shares.values()) == shipping


def test_the_slowest_line_makes_the_promise() -> None:
    order = _order(OrderState.PLACED)
    lines = [_line(order, number, new_id(), 100) for number in (2, 9, 4)]
    assert rules.promise(PLACED_AT, lines) == PLACED_AT + timedelta(days=9)


@pytest.mark.parametrize(("hours", "late"), [(-1, 0), (0, 0), (1, 1), (25, 2)])
def test_lateness_counts_every_day_that_has_begun(hours: int, late: int) -> None:
    order = _order(OrderState.SHIPPED)
    assert order.promised_at is not None
    assert rules.days_late(order, order.promised_at + timedelta(hours=hours)) == late
