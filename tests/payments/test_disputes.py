"""Disputes through their stages: where the money is, who bears it, what is answered, and when."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from banyan import operations, payments
from banyan.kernel import Money, derived_id
from banyan.operations import Case
from banyan.payments import (
    PAYMENT,
    Bought,
    Dispute,
    DisputeNotAnswerable,
    Moment,
    Purchase,
    Sandbox,
)
from banyan.payments.jobs import jobs
from banyan.payments.model import Decision
from banyan.payments.providers import DisputeReport, Providers
from banyan.payments.service import disputes
from banyan.runtime import BatchJob, Transaction, Worker
from tests.payments.conftest import Shop, failed


def purchase(*, is_delivered: bool = True, **more: object) -> Purchase:
    at = datetime.fromisoformat("2018-03-01T10:00:00+00:00")
    bought = Purchase(
        ordered_at=at,
        country="BR",
        region="SP",
        bought=(Bought("teapot", 1, Money.of(10_000, "BRL"), "Casa Aurora"),),
        shipping=Money.zero("BRL"),
        total=Money.of(10_000, "BRL"),
        carrier="Correios",
        tracking="BR1",
        shipped_at=at,
        delivered_at=at + timedelta(days=2) if is_delivered else None,
        timeline=(Moment(at, "placed", "1 item <b>now</b>."),),
    )
    return replace(bought, **more)  # pyright: ignore[reportArgumentType]


def sells(shop: Shop, bought: Purchase | None) -> None:
    """Let orders say this about themselves, and let resolved cases be followed."""

    async def purchase_of(_tx: Transaction, _subject: str) -> Purchase | None:
        return bought

    handlers = jobs(shop.database, shop.providers, purchase_of)
    for handler in handlers:
        if isinstance(handler, BatchJob):
            for event_type in handler.subscribes:
                shop.database.subscribe(event_type, handler.kind)
    shop.worker = Worker(shop.database, handlers, failed)


async def the_dispute(shop: Shop) -> Dispute:
    async with shop.begin() as tx:
        [dispute] = (await payments.list_disputes(tx)).data
    return dispute


async def the_case(shop: Shop) -> Case:
    async with shop.begin() as tx:
        [case] = (await operations.list_cases(tx, limit=10)).data
    return case


async def resolve(shop: Shop, resolution: str) -> None:
    case = await the_case(shop)
    async with shop.begin() as tx:
        await operations.resolve_case(tx, case.case_id, resolution, note="As said.", actor="ann")
    await shop.run()


async def report(
    shop: Shop,
    payment_id: UUID,
    state: str,
    stage: str = "chargeback",
    *,
    minor: int = 10_000,
    fee: int = 1_500,
    code: str = "13.1",
    seen: int | None = None,
    currency: str = "BRL",
    fee_currency: str = "BRL",
) -> None:
    told = DisputeReport(
        reference="case-1",
        payment=PAYMENT.text(payment_id),
        amount=Money.of(minor, currency),
        fee=Money.of(fee, fee_currency),
        state=state,  # pyright: ignore[reportArgumentType]
        reason="The bank says so.",
        stage=stage,  # pyright: ignore[reportArgumentType]
        reason_code=code,
    )
    async with shop.begin() as tx:
        await disputes.apply_report(tx, told, seen=seen)


async def kinds(shop: Shop) -> list[str]:
    return [kind for kind in await shop.events() if kind.startswith("dispute.")]


async def moves(shop: Shop) -> list[tuple[str, int]]:
    dispute = await the_dispute(shop)
    async with shop.begin() as tx:
        made = await payments.moves_of(tx, dispute.dispute_id)
    return [(move.what, move.amount_minor) for move in made]


async def test_a_question_of_the_bank_takes_no_money_and_may_be_closed(shop: Shop) -> None:
    sells(shop, None)
    await shop.pay("tok_dispute_inquiry_closed")
    await shop.later(days=5)
    assert (await the_dispute(shop)).stage == "inquiry"
    assert await shop.balance("disputes:held") == 0
    assert await shop.seller("pending") == 8_740
    await shop.later(days=9)  # nobody answers, so the rule does
    await shop.later(days=1)
    assert (await the_dispute(shop)).state == "won"
    assert await kinds(shop) == [
        "dispute.inquiry_opened", "dispute.contested", "dispute.inquiry_closed",
    ]  # fmt: skip
    assert await moves(shop) == []
    await shop.check()


async def test_a_question_that_is_settled_by_a_refund_never_takes_money(shop: Shop) -> None:
    sells(shop, None)
    payment_id = await shop.pay("tok_dispute_inquiry_escalates")
    await shop.later(days=5)
    await resolve(shop, "refund")
    assert await shop.state(payment_id) == "refunded"
    assert (await the_dispute(shop)).state == "won"
    await shop.later(days=20)
    assert await moves(shop) == []
    assert "dispute.opened" not in await shop.events()
    await shop.check()


async def test_a_question_becomes_a_chargeback_with_a_deadline_of_its_own(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_inquiry_escalates")
    await shop.later(days=5)
    await shop.later(days=5)
    dispute = await the_dispute(shop)
    assert (dispute.stage, dispute.state, dispute.challenge) == ("chargeback", "under_review", 2)
    assert await shop.balance("disputes:held") == 10_000
    await shop.later(days=5)
    assert (await the_dispute(shop)).state == "won"
    assert await shop.seller("pending") == 8_740
    assert await moves(shop) == [("fee", 1_500), ("hold", 10_000), ("give_back", 10_000)]
    await shop.check()


@pytest.mark.parametrize("is_delivered", [True, False])
async def test_a_chargeback_is_won_only_with_proof_of_delivery(
    shop: Shop, is_delivered: bool
) -> None:
    sells(shop, purchase(is_delivered=is_delivered))
    await shop.pay("tok_dispute_needs_delivery")
    await shop.later(days=5)
    assert (await the_dispute(shop)).strength == ("strong" if is_delivered else "fair")
    if not is_delivered:
        await resolve(shop, "contest")
    async with shop.begin() as tx:
        [answer] = await payments.answers_of(tx, (await the_dispute(shop)).dispute_id)
    assert (answer.kind, answer.state) == ("contest", "submitted")
    assert ("delivered_at" in answer.missing) is not is_delivered
    assert answer.evidence["shipping_carrier"] == "Correios"
    assert "&lt;b&gt;now&lt;/b&gt;" in answer.page
    assert "<b>now" not in answer.page
    await shop.later(days=10)
    assert (await the_dispute(shop)).state == ("won" if is_delivered else "lost")
    await shop.check()


async def test_evidence_is_frozen_when_it_is_handed_in(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_needs_delivery")
    await shop.later(days=5)
    sells(shop, None)
    dispute = await the_dispute(shop)
    async with shop.begin() as tx:
        await disputes.review(tx, dispute.dispute_id, disputes.nothing_bought)
        [answer] = await payments.answers_of(tx, dispute.dispute_id)
    assert "delivered_at" in answer.evidence
    assert (await shop.charges())["contest"] == 1


async def test_a_case_tells_what_is_at_risk_and_a_person_accepts(shop: Shop) -> None:
    sells(shop, None)
    await shop.pay("tok_dispute_lost")
    await shop.later(days=5)
    case = await the_case(shop)
    dispute = await the_dispute(shop)
    assert (case.queue, case.kind, case.resolutions) == (
        "payments", "dispute.answer", ["contest", "accept"],
    )  # fmt: skip
    assert case.at_risk == Money.of(10_000, "BRL")
    assert dispute.respond_by is not None
    assert case.due_at == dispute.respond_by - timedelta(hours=24)
    assert "delivered_at" in case.evidence["missing"]
    await resolve(shop, "accept")
    dispute = await the_dispute(shop)
    assert (dispute.state, dispute.decided_by) == ("lost", "ann")
    assert await kinds(shop) == ["dispute.opened", "dispute.accepted", "dispute.lost"]
    await shop.check()


async def test_what_nobody_decides_is_decided_by_the_rule_and_says_so(shop: Shop) -> None:
    sells(shop, purchase(is_delivered=False, tracking=None, shipped_at=None, carrier=None))
    await shop.pay("tok_dispute_lost")
    await shop.later(days=5)
    case = await the_case(shop)
    await shop.later(days=6)
    async with shop.begin() as tx:
        closed = await operations.get_case(tx, case.case_id)
    assert (closed.state, closed.resolution, closed.by_person) == ("resolved", "accept", False)
    assert closed.note == "Nobody decided by the deadline, and the evidence is weak."
    assert (await the_dispute(shop)).state == "lost"
    await shop.check()


async def test_a_question_is_taken_back_once_the_bank_has_decided(shop: Shop) -> None:
    sells(shop, None)
    payment_id = await shop.pay()
    await report(shop, payment_id, "open")
    await shop.run()
    case = await the_case(shop)
    await report(shop, payment_id, "won")
    async with shop.begin() as tx:
        assert (await operations.get_case(tx, case.case_id)).state == "withdrawn"
        with pytest.raises(DisputeNotAnswerable):
            dispute = await the_dispute(shop)
            await payments.answer_dispute(tx, dispute.dispute_id, "contest", by="ann", reason="x")


async def test_what_costs_more_than_it_brings_is_accepted(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_needs_delivery", amounts=(1_400,))
    await shop.later(days=5)
    dispute = await the_dispute(shop)
    assert (dispute.decision, dispute.decided_by, dispute.state) == ("accept", "rule", "lost")
    assert dispute.decision_reason == "Up to 15.00 BRL it is not worth contesting."
    await shop.check()


async def test_the_bank_comes_again_after_it_was_won(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_pre_arbitration")
    await shop.later(days=5)
    await shop.later(days=10)
    assert (await the_dispute(shop)).state == "won"
    assert await shop.seller("pending") == 8_740
    await shop.later(days=5)
    dispute = await the_dispute(shop)
    assert (dispute.stage, dispute.state) == ("pre_arbitration", "under_review")
    assert (dispute.fee_minor, dispute.round) == (3_000, 2)
    assert await shop.balance("disputes:held") == 10_000
    await shop.later(days=10)
    assert (await the_dispute(shop)).state == "won"
    assert await kinds(shop) == [
        "dispute.opened", "dispute.contested", "dispute.won",
        "dispute.reopened", "dispute.contested", "dispute.won",
    ]  # fmt: skip
    assert await shop.balance("provider:sandbox:fees") == -(320 + 3_000)
    await shop.check()


async def test_a_returned_debit_is_lost_at_once_and_cannot_be_contested(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_debit_returned")
    await shop.later(days=5)
    dispute = await the_dispute(shop)
    assert (dispute.stage, dispute.state, dispute.category) == ("return", "lost", "debit_returned")
    assert await shop.seller("pending") == 0
    async with shop.begin() as tx:
        with pytest.raises(DisputeNotAnswerable):
            await payments.answer_dispute(tx, dispute.dispute_id, "contest", by="ann", reason="x")
    assert await kinds(shop) == ["dispute.opened", "dispute.lost"]
    await shop.check()


@pytest.mark.parametrize(
    "told",
    [
        ["open", "lost", "won", "lost"],
        ["won", "open", "lost"],
        ["lost", "lost", "won", "won", "lost"],
        ["open", "under_review", "won", "open", "lost"],
    ],
)
async def test_every_movement_can_be_followed_by_its_opposite(
    shop: Shop, told: Sequence[str]
) -> None:
    payment_id = await shop.pay(amounts=(7_000, 3_000))
    await shop.release(payment_id)
    for state in told:
        await report(shop, payment_id, state)
        await report(shop, payment_id, state)
        await shop.check()
    assert await shop.seller("available") == 0
    assert await shop.balance("disputes:held") == 0
    assert await shop.balance("platform:commission") == 0
    await report(shop, payment_id, "won")
    assert await shop.seller("available") == 6_118
    assert await shop.balance("platform:commission") == 1_200
    await shop.check()


async def test_an_older_look_up_does_not_undo_a_newer_one(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_won")
    await shop.later(days=5)
    stale = (await the_dispute(shop)).revision
    await shop.later(days=10)
    [payment] = await _payments(shop)
    before = await the_dispute(shop)
    told = DisputeReport(
        reference=before.provider_reference,
        payment=PAYMENT.text(payment),
        amount=before.amount,
        fee=before.fee,
        state="open",
        reason=before.reason,
        reason_code=before.reason_code,
    )
    async with shop.begin() as tx:
        await disputes.apply_report(tx, told, seen=stale)
    await shop.run()  # it has looked again
    assert await the_dispute(shop) == before
    assert await shop.balance("disputes:held") == 0


async def _payments(shop: Shop) -> list[UUID]:
    async with shop.begin() as tx:
        return [payment.payment_id for payment in (await payments.list_payments(tx)).data]


async def test_another_amount_is_held_instead(shop: Shop) -> None:
    payment_id = await shop.pay()
    await report(shop, payment_id, "open")
    await report(shop, payment_id, "open", minor=4_000)
    assert await shop.balance("disputes:held") == 4_000
    assert (await shop.payment(payment_id)).left.minor == 6_000
    assert (await kinds(shop))[-1] == "dispute.changed"
    await report(shop, payment_id, "lost", minor=5_000)
    assert (await shop.payment(payment_id)).left.minor == 5_000
    await shop.check()


@pytest.mark.parametrize(("currency", "fee_currency"), [("JPY", "JPY"), ("EUR", "BRL")])
async def test_a_dispute_in_another_currency_is_not_booked_and_a_person_is_asked(
    shop: Shop, currency: str, fee_currency: str
) -> None:
    payment_id = await shop.pay(currency="EUR")
    before = await shop.balances()
    for _ in range(2):
        await report(
            shop, payment_id, "lost", minor=15_000, currency=currency, fee_currency=fee_currency
        )
    assert await shop.balances() == before
    case = await the_case(shop)
    assert (case.kind, case.subject) == ("payment.dispute_currency", "ord_1")
    assert case.at_risk == Money.of(15_000, currency)
    async with shop.begin() as tx:
        assert (await payments.list_disputes(tx)).data == []
    await shop.run()
    await shop.check()


async def test_the_fee_may_be_given_back(shop: Shop) -> None:
    payment_id = await shop.pay()
    await report(shop, payment_id, "open")
    await report(shop, payment_id, "won", fee=0)
    assert await shop.balance("provider:sandbox:fees") == -320
    await shop.check()


async def test_fraud_is_the_platforms_and_the_seller_keeps_the_money(shop: Shop) -> None:
    payment_id = await shop.pay()
    await report(shop, payment_id, "open", code="10.4")
    dispute = await the_dispute(shop)
    assert (dispute.bearer, dispute.category) == ("platform", "fraud")
    assert await shop.seller("pending") == 8_740
    await report(shop, payment_id, "lost", code="10.4")
    assert await shop.balance("platform:write_offs") == -10_000
    await shop.release(payment_id)
    assert await shop.seller("available") == 8_740
    await shop.check()


async def test_sellers_bear_the_fee_by_terms_and_get_it_back(shop: Shop) -> None:
    payment_id = await shop.pay(amounts=(7_500, 2_500))
    async with shop.begin() as tx:
        settings = await payments.get_dispute_settings(tx)
        await payments.update_dispute_settings(tx, replace(settings, fee_bearer="seller"))
    await report(shop, payment_id, "lost")
    assert await shop.balance("platform:dispute_fees") == 1_500
    assert [await shop.seller("available", index) for index in (0, 1)] == [-1_125, -375]
    await report(shop, payment_id, "won")
    assert [await shop.seller("available", index) for index in (0, 1)] == [0, 0]
    await shop.check()


async def test_more_than_is_left_is_the_platforms_risk(shop: Shop) -> None:
    payment_id = await shop.pay()
    await shop.refund(payment_id, 6_000)
    await report(shop, payment_id, "open")
    assert (await the_dispute(shop)).held_minor == 4_000
    await shop.run()
    await report(shop, payment_id, "lost")
    assert await shop.balance("platform:write_offs") == -6_000
    await shop.check()


async def test_what_a_failed_refund_frees_covers_the_dispute(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_fails")
    await shop.refund(payment_id, 6_000)
    await report(shop, payment_id, "lost")
    assert await shop.balance("platform:write_offs") == -6_000
    await shop.run()
    assert await shop.balance("platform:write_offs") == 0
    assert await shop.seller("pending") == 0
    assert derived_id(payment_id, "dispute", "case-1") == (await the_dispute(shop)).dispute_id
    await shop.check()


async def test_who_bears_it_stays_when_more_of_it_is_held(shop: Shop) -> None:
    payment_id = await shop.pay("tok_refund_fails")
    await shop.refund(payment_id, 6_000)
    await report(shop, payment_id, "lost")
    async with shop.begin() as tx:
        terms = replace(await payments.get_dispute_settings(tx), other_bearer="platform")
        await payments.update_dispute_settings(tx, terms)
    await shop.run()
    assert ((await the_dispute(shop)).bearer, await shop.seller("pending")) == ("seller", 0)
    assert await shop.balance("platform:write_offs") == 0
    await report(shop, payment_id, "lost", minor=9_000)
    assert (await the_dispute(shop)).bearer == "seller"
    await report(shop, payment_id, "lost", minor=9_000, code="10.4")
    assert (await the_dispute(shop)).bearer == "seller"
    await report(shop, payment_id, "lost", minor=8_000, code="13.2")
    assert (await the_dispute(shop)).bearer == "platform"
    await shop.check()


async def test_an_authenticated_payment_is_contested_with_its_authentication(shop: Shop) -> None:
    sells(shop, None)
    payment_id = await shop.create("tok_dispute_fraud")
    await shop.run()
    await shop.capture(payment_id)
    async with shop.begin() as tx:
        await tx.execute("update payments.payments set liability = 'issuer'")
    await shop.later(days=5)
    dispute = await the_dispute(shop)
    assert (dispute.bearer, dispute.state, dispute.decided_by) == ("issuer", "under_review", "rule")
    assert await shop.seller("pending") == 8_740
    await shop.later(days=10)
    assert (await the_dispute(shop)).state == "won"
    assert await shop.balance("platform:write_offs") == 0
    await shop.check()


async def test_of_two_answers_at_once_one_counts(shop: Shop) -> None:
    sells(shop, None)
    await shop.pay("tok_dispute_needs_delivery")
    await shop.later(days=5)
    dispute = await the_dispute(shop)

    async def answer(decision: Decision) -> None:
        async with shop.begin() as tx:
            await payments.answer_dispute(
                tx, dispute.dispute_id, decision, by="ann", reason="So it is."
            )

    done = await asyncio.gather(
        *(answer(decision) for decision in ("contest", "accept") * 3), return_exceptions=True
    )
    assert sum(isinstance(one, DisputeNotAnswerable) for one in done) == 3
    await shop.run()
    charges = await shop.charges()
    assert charges.get("contest", 0) + charges.get("accept", 0) == 1
    await shop.check()


async def test_an_answer_that_comes_too_late_is_turned_away_and_a_person_is_asked(
    shop: Shop,
) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_needs_delivery")
    async with shop.begin() as tx:
        settings = await payments.get_dispute_settings(tx)
        changed = replace(settings, contests_by_itself=False, answer_hours_before=1)
        await payments.update_dispute_settings(tx, changed)
    await shop.later(days=5)
    async with shop.begin() as tx:
        await tx.execute(
            "update payments.sandbox_disputes set closes_at = closes_at - interval '8 days'"
        )
    await resolve(shop, "contest")
    dispute = await the_dispute(shop)
    assert (await kinds(shop))[-1] == "dispute.answer_refused"
    assert (dispute.state, dispute.decision, dispute.challenge) == ("open", None, 2)
    assert (await the_case(shop)).key.endswith("/2")
    await shop.check()


async def test_a_dispute_is_looked_up_until_the_provider_answers(shop: Shop) -> None:
    class Deaf(Sandbox):
        looks = 0

        async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
            self.looks += 1
            if self.looks <= 10:
                raise ConnectionError("no answer")
            return await super().find_dispute(marketplace_id, reference)

    shop.providers = Providers({"sandbox": Deaf(shop.database)})
    sells(shop, purchase())
    await shop.pay("tok_dispute_lost")
    await shop.later(days=5)
    for _ in range(9):
        await shop.later(hours=2)
    for _ in range(2):
        await shop.later(hours=6)
    assert (await the_dispute(shop)).state in ("open", "under_review")
    await shop.check()


async def test_a_dispute_is_followed_though_no_webhook_comes(shop: Shop) -> None:
    sells(shop, purchase())
    await shop.pay("tok_dispute_lost")
    await shop.later(days=5)
    async with shop.begin() as tx:
        await tx.execute("delete from runtime.jobs where kind = 'sandbox.webhook'")
    for _ in range(11):
        await shop.later(days=1)
    assert (await the_dispute(shop)).state == "lost"
    async with shop.begin() as tx:
        jobs_left = await tx.value(
            "select count(*) from runtime.jobs where kind = 'payment.look_up'"
        )
    assert jobs_left == 0, "nobody asks about what is closed"
    await shop.check()


async def test_a_dispute_that_nothing_is_heard_of_is_asked_about(shop: Shop) -> None:
    class Stuck(Sandbox):
        async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
            told = await super().find_dispute(marketplace_id, reference)
            return None if told is None else replace(told, state="under_review")

    shop.providers = Providers({"sandbox": Stuck(shop.database)})
    sells(shop, purchase())
    await shop.pay("tok_dispute_lost")
    await shop.later(days=5)
    async with shop.begin() as tx:
        await tx.execute(
            "update payments.disputes set respond_by = %(now)s, state = 'under_review'", now=tx.now
        )
    await shop.later(days=80)
    async with shop.begin() as tx:
        assert "dispute.silent" not in [
            case.kind for case in (await operations.list_cases(tx, limit=10)).data
        ]
    await shop.later(days=11)
    async with shop.begin() as tx:
        assert "dispute.silent" in [
            case.kind for case in (await operations.list_cases(tx, limit=10)).data
        ]
