"""What an order comes to: rules of commission by category, vouchers, the buyer's service fee."""

from dataclasses import replace
from uuid import UUID

import pytest

from banyan import commission, ledger, orders, parties, payments
from banyan.commission import Rate, RuleDraft, Scope, Voucher, VoucherTooLarge
from banyan.console import statements
from banyan.kernel import Money, new_id
from banyan.orders import LineDraft, Order, OrderDraft
from banyan.payments import Method, PaymentSplit
from tests.orders.market import Market


async def _rule(market: Market, rate_bp: int, **fields: object) -> None:
    draft = RuleDraft(
        kind="commission", label="Home", scope=Scope(category="home"), rate=Rate(rate_bp=rate_bp)
    )
    async with market.database.transaction(market.marketplace_id) as tx:
        await commission.create_rule(tx, replace(draft, **fields))  # type: ignore[arg-type]


async def _place(
    market: Market, *vouchers: Voucher, highest: int | None = None, shipping: int = 1_500
) -> Order:
    line = LineDraft(
        product="teapot",
        quantity=1,
        unit_price_max=None if highest is None else Money.of(highest, "BRL"),
    )
    draft = OrderDraft(
        buyer_id=market.buyer_id,
        lines=(line,),
        shipping=Money.of(shipping, "BRL"),
        method=Method(type="card", token="tok_visa"),
        country="BR",
        region="SP",
        vouchers=vouchers,
    )
    async with market.database.transaction(market.marketplace_id) as tx:
        order = await orders.place_order(tx, draft)
    await market.run()
    return await market.get(order)


async def _split(market: Market, order: Order) -> PaymentSplit:
    async with market.database.transaction(market.marketplace_id) as tx:
        [split] = (await payments.splits_of(tx, [order.payment_id]))[order.payment_id]
    return split


async def _assert_sound(market: Market, order: Order) -> None:
    """The books balance, and the order's statement adds up to them."""
    async with market.database.transaction(market.marketplace_id) as tx:
        assert (await ledger.verify(tx)).is_sound
        assert all(line.is_balanced for line in await payments.summary(tx))
        legs = await payments.movements_of(tx, order.reference)
    lines = statements.movements(legs, "BRL")
    totals = [place for place, line in enumerate(lines) if line.is_total]
    for begin, end in zip([0, totals[0] + 1], totals, strict=True):
        assert sum(line.amount.minor for line in lines[begin:end]) == lines[end].amount.minor


async def test_the_rule_of_the_offers_category_holds_and_is_told(market: Market) -> None:
    await _rule(market, 800)
    order = await _place(market)
    split = await _split(market, order)
    assert (split.commission_minor, split.tax_minor) == (719, 36)
    assert split.reason == ("8 % Home since 2018-03-01 12:00, on 89.90 BRL; tax: 5 % ISS in BR.")
    await _assert_sound(market, order)


async def test_a_rule_made_later_does_not_hold_for_orders_placed_before(market: Market) -> None:
    async with market.database.transaction(market.marketplace_id) as tx:
        later = tx.now.replace(hour=13)
    await _rule(market, 800, valid_from=later)
    assert (await _split(market, await _place(market))).commission_minor == 1_079


async def test_a_voucher_of_the_platform_and_a_service_fee(market: Market) -> None:
    await _rule(market, 200, kind="service_fee", label="Service", scope=Scope())
    voucher = Voucher(code="SPRING", funded_by="platform", rate_bp=1_000)
    order = await _place(market, voucher)
    assert order.state == "confirmed"
    assert (order.discount_minor, order.service_fee_minor) == (899, 162 + 8)
    assert order.total == Money.of(8_990 + 1_500 - 899 + 170, "BRL")
    split = await _split(market, order)
    assert split.platform_discount_minor == 899
    assert split.net_minor == 8_990 + 1_500 - 1_079 - 54
    async with market.database.transaction(market.marketplace_id) as tx:
        payment = await payments.get_payment(tx, order.payment_id)
    assert payment.amount == order.total
    await _assert_sound(market, order)
    await market.ship_and_deliver(order)
    await market.wait(days=4)
    assert (await market.get(order)).state == "settled"
    await _assert_sound(market, order)
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.refund_order(
            tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken."
        )
    await market.run()
    assert (await market.get(order)).state == "refunded"
    await _assert_sound(market, order)


async def test_a_voucher_of_the_seller_lowers_what_the_seller_gets(market: Market) -> None:
    order = await _place(
        market, Voucher(code="MINE", funded_by="seller", amount=Money.of(990, "BRL"))
    )
    split = await _split(market, order)
    assert (split.gross_minor, split.commission_minor) == (9_500, 960)
    await _assert_sound(market, order)


async def test_goods_given_away_by_their_seller_leave_the_service_fee_to_pay(
    market: Market,
) -> None:
    await _rule(
        market, 200, kind="service_fee", label="Service", scope=Scope(currency="BRL"),
        rate=Rate(rate_bp=200, minimum_minor=300),
    )  # fmt: skip
    free = Voucher(code="FREE", funded_by="seller", rate_bp=10_000)
    order = await _place(market, free, shipping=0)
    assert (order.state, order.total.minor) == ("confirmed", order.service_fee_minor)
    split = await _split(market, order)
    assert (split.gross_minor, split.net_minor, split.service_fee_minor) == (0, 0, 300)
    await _assert_sound(market, order)
    await market.ship_and_deliver(order)
    await market.wait(days=4)
    assert (await market.get(order)).state == "settled"
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.refund_order(
            tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken."
        )
    await market.run()
    assert (await market.get(order)).state == "refunded"
    await _assert_sound(market, order)


async def test_a_voucher_that_is_larger_than_the_goods_can_cost_is_refused(
    market: Market,
) -> None:
    voucher = Voucher(code="BIG", funded_by="platform", amount=Money.of(10_001, "BRL"))
    with pytest.raises(VoucherTooLarge, match=r"cost 100\.00 BRL at most"):
        await _place(market, voucher, highest=10_000)


async def test_a_voucher_that_turns_out_larger_than_the_goods_declines_the_order(
    market: Market,
) -> None:
    big = Voucher(code="BIG", funded_by="platform", amount=Money.of(8_991, "BRL"))
    order = await _place(market, big, highest=10_000)
    assert order.state == "declined"
    async with market.database.transaction(market.marketplace_id) as tx:
        events = await orders.timeline(tx, order.order_id)
        page = await parties.list_offers(tx)
    assert "BIG is worth 89.91 BRL; the goods it is for cost 89.90 BRL" in str(
        events[-1].payload["reason"]
    )
    assert {offer.capacity for offer in page.data} == {5}


async def test_a_voucher_of_an_unknown_seller_is_refused(market: Market) -> None:
    voucher = Voucher(code="V", funded_by="seller", rate_bp=100, seller_id=new_id())
    with pytest.raises(parties.SellerNotFound):
        await _place(market, voucher)


async def test_a_voucher_of_another_seller_takes_nothing_off(market: Market) -> None:
    async with market.database.transaction(market.marketplace_id) as tx:
        other: UUID = (
            await parties.create_seller(
                tx, parties.SellerDraft(name="Other", country="BR", currency="BRL")
            )
        ).seller_id
    voucher = Voucher(code="V", funded_by="seller", rate_bp=1_000, seller_id=other)
    order = await _place(market, voucher)
    assert (order.state, order.discount_minor) == ("confirmed", 0)
