"""Orders from placed to their end, through the worker and the sandbox provider."""

from uuid import UUID

import msgspec
import pytest
from psycopg.types.json import Jsonb

from banyan import app, ledger, operations, orders, parties, payments
from banyan.kernel import Money, derived_id, new_id
from banyan.orders import LinesNotRefundable, OrderStateConflict, RefundLine
from banyan.payments.providers import Declined, Providers, Succeeded
from banyan.runtime import JobDraft
from tests.orders.market import Market


async def _set_seller_status(market: Market, status: str) -> None:
    async with market.database.transaction(market.marketplace_id) as tx:
        await tx.execute("update parties.sellers set status = %(status)s", status=status)


async def _available(market: Market) -> int:
    async with market.database.transaction(market.marketplace_id) as tx:
        summary = await payments.summary(tx)
    [figures] = summary
    return figures.owed_to_sellers.minor


async def _assert_balanced(market: Market) -> None:
    async with market.database.transaction(market.marketplace_id) as tx:
        report = await ledger.verify(tx)
    assert report.is_sound, report


async def _resolve(market: Market, kind: str, resolution: str) -> None:
    async with market.database.transaction(market.marketplace_id) as tx:
        page = await operations.list_cases(tx, limit=10)
        [case] = [case for case in page.data if case.kind == kind]
        await operations.resolve_case(tx, case.case_id, resolution, note="", actor="ana")
    await market.run()


async def test_an_order_travels_from_placed_to_settled(market: Market) -> None:
    order = await market.place()
    assert order.state == "confirmed"
    assert order.total == Money.of(8990 + 1500, "BRL")
    order = await market.ship_and_deliver(order)
    assert order.state == "delivered"
    await market.wait(days=4)
    order = await market.get(order)
    assert order.state == "settled"
    assert await market.story(order) == [
        "placed",
        "matched",
        "compliance_passed",
        "fraud_passed",
        "checked",
        "authorized",
        "confirmed",
        "shipped",
        "delivered",
        "settled",
    ]
    await _assert_balanced(market)


async def test_every_step_tells_its_reason(market: Market) -> None:
    order = await market.place()
    async with market.database.transaction(market.marketplace_id) as tx:
        events = await orders.timeline(tx, order.order_id)
    assert all(str(event.payload["reason"]).endswith(".") for event in events), events


@pytest.mark.parametrize("token", ["tok_declined_insufficient_funds", "tok_declined_stolen_card"])
async def test_a_declined_payment_ends_the_order_and_frees_the_units(
    market: Market, token: str
) -> None:
    order = await market.place(token, quantity=5)
    assert order.state == "declined"
    assert (await market.place(quantity=5)).state == "confirmed"
    await _assert_balanced(market)


async def test_an_unknown_outcome_is_found_out_and_not_paid_twice(market: Market) -> None:
    order = await market.place("tok_timeout")
    await market.wait(hours=12)
    assert (await market.get(order)).state == "confirmed"
    async with market.database.transaction(market.marketplace_id) as tx:
        [figures] = await payments.summary(tx)
    assert figures.taken == order.total
    await _assert_balanced(market)


async def test_no_offer_asks_a_person_who_may_match_again(market: Market) -> None:
    order = await market.place(product="kettle")
    assert order.state == "unmatched"
    async with market.database.transaction(market.marketplace_id) as tx:
        await parties.create_offer(
            tx,
            parties.OfferDraft(
                seller_id=market.seller_id,
                product="kettle",
                price=Money.of(5000, "BRL"),
                lead_time_days=3,
            ),
        )
    await _resolve(market, "order.unmatched", "match_again")
    assert (await market.get(order)).state == "confirmed"


@pytest.mark.parametrize(
    ("resolution", "state"), [("approve", "confirmed"), ("decline", "declined")]
)
async def test_a_review_waits_for_a_person(market: Market, resolution: str, state: str) -> None:
    order = await market.place(product="sofa")
    assert order.state == "in_review"
    await _resolve(market, "order.review", resolution)
    assert (await market.get(order)).state == state
    await _assert_balanced(market)


async def test_an_order_that_compliance_held_goes_on_to_the_fraud_check(market: Market) -> None:
    every = market.worker.handlers
    market.worker.handlers = [one for one in every if one.kind == "order.match"]
    order = await market.place(product="sofa")
    await _set_seller_status(market, "pending")
    market.worker.handlers = every
    await market.run()
    order = await market.get(order)
    assert order.state == "in_review"
    await _resolve(market, "order.review", "approve")
    assert (await market.get(order)).state == "in_review", "nobody has looked at fraud yet"
    assert (await market.story(order))[-3:] == ["decided", "fraud_flagged", "held"]
    await _resolve(market, "order.review", "approve")
    assert (await market.get(order)).state == "confirmed"


async def test_an_embargoed_country_is_declined_with_its_reason(market: Market) -> None:
    order = await market.place(country="KP")
    assert order.state == "declined"
    async with market.database.transaction(market.marketplace_id) as tx:
        events = await orders.timeline(tx, order.order_id)
    assert "KP" in str(events[-1].payload["reason"]) or "Korea" in str(events[-1].payload["reason"])


async def test_a_cancelled_order_gives_everything_back(market: Market) -> None:
    order = await market.place(quantity=5)
    for _ in range(2):
        async with market.database.transaction(market.marketplace_id) as tx:
            await orders.cancel_order(tx, order.order_id, reason="Changed their mind.")
        await market.run()
    order = await market.get(order)
    assert (order.state, order.refunded) == ("cancelled", order.total)
    assert await _available(market) == 0
    assert (await market.place(quantity=5)).state == "confirmed"
    await _assert_balanced(market)


async def test_a_shipped_order_is_refunded_and_not_cancelled(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place())
    async with market.database.transaction(market.marketplace_id) as tx:
        with pytest.raises(OrderStateConflict, match="refund it"):
            await orders.cancel_order(tx, order.order_id, reason="Too late.")
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.refund_order(
            tx, order.order_id, refund_id=new_id(), amount=Money.of(500, "BRL"), reason="A scratch."
        )
    await market.run()
    order = await market.get(order)
    assert (order.state, order.refunded.minor) == ("delivered", 500)
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.refund_order(
            tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken after all."
        )
    await market.run()
    order = await market.get(order)
    assert (order.state, order.refunded) == ("refunded", order.total)
    assert await _available(market) == 0
    await _assert_balanced(market)


@pytest.mark.parametrize(
    ("token", "state"), [("tok_dispute_won", "settled"), ("tok_dispute_lost", "charged_back")]
)
async def test_a_dispute_holds_the_money_until_it_is_decided(
    market: Market, token: str, state: str
) -> None:
    order = await market.ship_and_deliver(await market.place(token))
    await market.wait(days=40)
    assert (await market.get(order)).state == state
    assert "disputed" in await market.story(order)
    await _assert_balanced(market)


async def _timeline(market: Market, order: orders.Order) -> list[str]:
    return [what for what in await market.story(order) if "disput" in what or "refund" in what]


async def test_a_dispute_is_contested_with_what_the_order_says(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place("tok_dispute_needs_delivery"))
    await market.wait(days=40)
    async with market.database.transaction(market.marketplace_id) as tx:
        [dispute] = (await payments.list_disputes(tx)).data
        [answer] = await payments.answers_of(tx, dispute.dispute_id)
    assert (answer.strength, answer.made_by) == ("strong", "rule")
    assert answer.evidence["shipping_tracking_number"] == "BR1"
    assert answer.evidence["product_description"] == "1 x teapot from Casa Aurora, 89.90 BRL"
    assert "delivered: On time." in answer.evidence["timeline"]
    assert (await market.get(order)).state == "settled"
    assert await _timeline(market, order) == ["disputed", "dispute_contested", "dispute_won"]
    await _assert_balanced(market)


async def test_a_question_of_the_bank_shows_on_the_timeline(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place("tok_dispute_inquiry_closed"))
    await market.wait(days=40)
    assert (await market.get(order)).state == "settled"
    assert (await _timeline(market, order))[0] == "dispute_inquiry"
    assert (await _timeline(market, order))[-1] == "dispute_inquiry_closed"


async def test_a_seller_gets_the_money_of_a_dispute_that_the_platform_lost(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place("tok_dispute_fraud"))
    await market.wait(days=40)
    order = await market.get(order)
    assert (order.state, (await _timeline(market, order))[-1]) == ("settled", "dispute_lost")
    async with market.database.transaction(market.marketplace_id) as tx:
        [line] = await payments.summary(tx)
    assert line.paid_out.minor > 0
    await _assert_balanced(market)


async def test_lines_are_refunded_once_each(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place(quantity=3))

    async def refund(quantity: int) -> payments.Refund:
        async with market.database.transaction(market.marketplace_id) as tx:
            return await orders.refund_order(
                tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken.",
                lines=[RefundLine(1, quantity)],
            )  # fmt: skip

    assert (await refund(2)).amount == Money.of(2 * 8990, "BRL")
    await market.run()
    for quantity in (0, 2):
        with pytest.raises(LinesNotRefundable):
            await refund(quantity)
    await refund(1)
    await market.run()
    order = await market.get(order)
    assert (order.state, order.refunded.minor) == ("delivered", 3 * 8990)
    await _assert_balanced(market)


async def test_a_failed_refund_of_lines_is_sent_again_by_its_case(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place("tok_refund_fails_once", quantity=2))
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.refund_order(
            tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken.",
            lines=[RefundLine(1, 1)],
        )  # fmt: skip
    await market.run()
    await _resolve(market, "order.refund_failed", "refund_again")
    order = await market.get(order)
    assert order.refunded.minor == 8990
    assert await _timeline(market, order) == [
        "refund_failed", "refund_sent_again", "partially_refunded",
    ]  # fmt: skip
    with pytest.raises(LinesNotRefundable):
        async with market.database.transaction(market.marketplace_id) as tx:
            await orders.refund_order(
                tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken.",
                lines=[RefundLine(1, 2)],
            )  # fmt: skip


async def test_units_are_refunded_once_though_news_pass_each_other(market: Market) -> None:
    order = await market.ship_and_deliver(await market.place("tok_refund_fails_once"))
    every = market.worker.handlers
    market.worker.handlers = [one for one in every if one.kind != "order.on_payment"]
    refund_id = new_id()
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.refund_order(
            tx, order.order_id, refund_id=refund_id, amount=None, reason="Broken.",
            lines=[RefundLine(1, 1)],
        )  # fmt: skip
    await market.run()
    async with market.database.transaction(market.marketplace_id) as tx:
        await payments.send_refund_again(tx, refund_id)
        await tx.execute(
            """
            update runtime.jobs set due_at = due_at - interval '1 hour'
            where payload ->> 'type' = 'refund.sent_again'
            """
        )
    market.worker.handlers = every
    await market.run()
    with pytest.raises(LinesNotRefundable):
        async with market.database.transaction(market.marketplace_id) as tx:
            await orders.refund_order(
                tx, order.order_id, refund_id=new_id(), amount=None, reason="Broken.",
                lines=[RefundLine(1, 1)],
            )  # fmt: skip


async def test_a_seller_who_does_not_ship_is_asked_about(market: Market) -> None:
    order = await market.place()
    await market.wait(days=11)
    await _resolve(market, "order.ship_late", "more_time")
    await market.wait(days=11)
    await _resolve(market, "order.ship_late", "cancel")
    order = await market.get(order)
    assert (order.state, order.refunded) == ("cancelled", order.total)


async def test_shipping_withdraws_the_question(market: Market) -> None:
    order = await market.place()
    await market.wait(days=11)
    await market.ship_and_deliver(order)
    async with market.database.transaction(market.marketplace_id) as tx:
        assert (await operations.case_counts(tx)).open == 0


async def test_an_order_of_another_marketplace_is_not_there(market: Market, live: UUID) -> None:
    order = await market.place()
    async with market.database.transaction(live) as tx:
        with pytest.raises(orders.OrderNotFound):
            await orders.get_order(tx, order.order_id)


async def _look_up(market: Market, attempt: payments.Attempt) -> None:
    """As if a webhook had told of an attempt."""
    key = payments.ATTEMPT.text(attempt.attempt_id)
    hint = {"provider": attempt.provider, "key": key, "dispute": None}
    async with market.database.transaction(market.marketplace_id) as tx:
        await tx.enqueue(JobDraft("payment.look_up", f"whk_{key}", hint))
    await market.run()


async def _paid_twice(market: Market) -> tuple[orders.Order, payments.Attempt]:
    """An order that a second provider was paid for; the first one had taken the money after all."""
    async with market.database.transaction(market.marketplace_id) as tx:
        await tx.execute(
            """
            insert into payments.connections
              (marketplace_id, name, kind, fee_bp, created_at, updated_at)
            values (%(marketplace_id)s, 'other', 'sandbox', 300, %(now)s, %(now)s)
            """,
            now=tx.now,
        )
        rule = payments.RoutingRule(providers=["sandbox", "other"], order="listed")
        await payments.set_policy(tx, payments.RoutingPolicy(rules=[rule]))
    named = {name: payments.Sandbox(market.database, name) for name in ("sandbox", "other")}
    market.worker.handlers = app.job_handlers(market.database, Providers(named))
    order = await market.place("tok_declined_elsewhere_approved")
    async with market.database.transaction(market.marketplace_id) as tx:
        first = (await payments.attempts_of(tx, order.payment_id))[0]
        key = payments.ATTEMPT.text(first.attempt_id)
        took = Succeeded(key, first.amount_minor, first.currency, is_captured=True)
        await tx.execute(
            "update payments.sandbox_operations set answer = %(answer)s where key = %(key)s",
            answer=Jsonb(msgspec.to_builtins(took)),
            key=key,
        )
        await tx.execute(
            """
            insert into payments.sandbox_operations
            select (jsonb_populate_record(one, '{"operation": "capture", "key": "captured"}')).*
            from payments.sandbox_operations one
            where key = %(key)s
            """,
            key=key,
        )
    await _look_up(market, first)
    return order, first


async def test_what_another_provider_took_besides_goes_back_from_there(market: Market) -> None:
    order, first = await _paid_twice(market)
    assert (first.provider, order.state) == ("sandbox", "confirmed")
    await _resolve(market, "order.taken_elsewhere", "give_back")
    async with market.database.transaction(market.marketplace_id) as tx:
        calls = await payments.attempts_of(tx, order.payment_id)
        paid = await payments.get_payment(tx, order.payment_id)
    [back] = [one for one in calls if one.operation == "give_back"]
    assert (back.provider, back.outcome, back.amount) == ("sandbox", "succeeded", order.total)
    assert (paid.provider, paid.state) == ("other", "captured")
    assert (await market.story(order))[-3:] == ["taken_elsewhere", "decided", "given_back"]
    assert (await market.get(order)).state == "confirmed"
    await _assert_balanced(market)


async def test_each_alarm_about_a_payment_is_a_question_of_its_own(market: Market) -> None:
    order = await market.place("tok_unknown_for_a_day")
    for _ in range(6):
        await market.wait(minutes=20)
    await _resolve(market, "order.payment_unknown", "keep_waiting")
    await market.wait(days=2)
    assert (await market.get(order)).state == "confirmed"
    async with market.database.transaction(market.marketplace_id) as tx:
        [*_, capture] = await payments.attempts_of(tx, order.payment_id)
        refused = Declined("capture_failed", True, "The issuer withdrew the authorization.")
        await tx.execute(
            "update payments.sandbox_operations set answer = %(answer)s where key = %(key)s",
            answer=Jsonb(msgspec.to_builtins(refused)),
            key=payments.ATTEMPT.text(capture.attempt_id),
        )
    await _look_up(market, capture)
    async with market.database.transaction(market.marketplace_id) as tx:
        [case] = (await operations.list_cases(tx, limit=10)).data
    assert (case.kind, case.evidence["operation"]) == ("order.payment_unknown", "capture")


async def test_a_void_that_was_refused_is_asked_about_and_sent_again(market: Market) -> None:
    order = await market.place("tok_unknown_for_a_day")
    await market.wait(minutes=30)
    async with market.database.transaction(market.marketplace_id) as tx:
        await orders.cancel_order(tx, order.order_id, reason="Changed my mind.")
        void_id = derived_id(order.payment_id, "attempt", "void")
        await tx.execute(
            """
            insert into payments.sandbox_operations
              (marketplace_id, key, operation, reference, payment, amount_minor, currency, token,
               answer, known_at, created_at)
            values (%(marketplace_id)s, %(key)s, 'void', '', %(payment)s, %(amount)s, 'BRL', '',
               %(answer)s, %(now)s, %(now)s)
            """,
            key=payments.ATTEMPT.text(void_id),
            payment=payments.PAYMENT.text(order.payment_id),
            amount=order.total.minor if order.total else 0,
            answer=Jsonb(msgspec.to_builtins(Declined("not_now", True, "Not now."))),
            now=tx.now,
        )
    await market.wait(days=2)
    async with market.database.transaction(market.marketplace_id) as tx:
        assert (await payments.get_payment(tx, order.payment_id)).state == "authorized"
    await _resolve(market, "order.void_failed", "void_again")
    async with market.database.transaction(market.marketplace_id) as tx:
        assert (await payments.get_payment(tx, order.payment_id)).state == "voided"
        voids = [
            (one.ordinal, one.outcome)
            for one in await payments.attempts_of(tx, order.payment_id)
            if one.operation == "void"
        ]
    assert voids == [(1, "declined"), (2, "succeeded")]
    await _assert_balanced(market)
