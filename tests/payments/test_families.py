"""Methods whose life is not a card's: taken at once, paid later, pulled, confirmed elsewhere."""

from datetime import UTC, datetime

import pytest

from banyan import payments
from banyan.kernel import Money, new_id
from banyan.payments import (
    ATTEMPT,
    METHODS,
    Method,
    MethodNotUsable,
    MethodType,
    PaymentDraft,
    Sandbox,
    Share,
)
from banyan.payments.providers import (
    Answer,
    Declined,
    Found,
    Instruction,
    Providers,
    RequiresAction,
    Succeeded,
)
from banyan.payments.rules import price_splits
from banyan.runtime import JobDraft
from tests.payments.conftest import SELLERS, Shop

END_OF_TIME = datetime(2100, 1, 1, tzinfo=UTC)


async def create(shop: Shop, type_: MethodType, token: str, **fields: str) -> "payments.Payment":
    async with shop.begin() as tx:
        settings = await payments.get_settings(tx)
        amount = Money.of(10_000, fields.pop("currency", "BRL"))
        nothing = Money.zero(amount.currency.code)
        splits = price_splits([Share(SELLERS[0], amount, nothing)], settings.terms)
        draft = PaymentDraft(
            new_id(), "ord_1", new_id(), amount, Method(type_, token), splits, **fields
        )
        [payment] = await payments.create_payments(tx, [draft])
    await shop.run()
    return await shop.payment(payment.payment_id)


async def test_what_is_taken_at_once_is_captured_without_being_asked(shop: Shop) -> None:
    payment = await create(shop, "pix", "tok_visa")
    assert (payment.state, payment.captured_minor) == ("captured", 10_000)
    assert await shop.events() == ["payment.captured"]
    assert await shop.seller("pending") == 8_740
    await shop.refund(payment.payment_id)
    await shop.run()
    assert await shop.state(payment.payment_id) == "refunded"
    await shop.check()


async def test_a_buyer_who_pays_in_time_is_noticed_by_webhook(shop: Shop) -> None:
    payment = await create(shop, "boleto", "tok_push_paid")
    assert payment.state == "awaiting_payment"
    assert payment.instructions is not None
    assert payment.instructions["code"]
    await shop.later(hours=2)
    assert await shop.state(payment.payment_id) == "captured"
    assert await shop.events() == ["payment.awaiting_payment", "payment.captured"]
    await shop.later(days=9)
    assert await shop.state(payment.payment_id) == "captured"
    await shop.check()


async def test_a_buyer_who_pays_in_time_is_noticed_without_a_webhook(shop: Shop) -> None:
    payment = await create(shop, "boleto", "tok_push_paid")
    async with shop.begin() as tx:
        await tx.execute("delete from runtime.jobs where kind = 'sandbox.webhook'")
    await shop.later(hours=7)
    assert await shop.state(payment.payment_id) == "captured"
    await shop.check()


async def test_a_buyer_who_does_not_pay_lets_it_expire(shop: Shop) -> None:
    payment = await create(shop, "boleto", "tok_push_never_paid")
    for _ in range(6):
        await shop.later(days=1)
    expired = await shop.payment(payment.payment_id)
    assert (expired.state, expired.captured_minor) == ("expired", 0)
    assert await shop.events() == ["payment.awaiting_payment", "payment.expired"]
    await shop.check()


async def test_money_that_comes_too_late_goes_back(shop: Shop) -> None:
    payment = await create(shop, "pix", "tok_push_paid_late")
    for _ in range(7):
        await shop.later(days=1)
    assert (await shop.events())[:2] == ["payment.awaiting_payment", "payment.expired"]
    assert await shop.state(payment.payment_id) == "refunded"
    assert (await shop.charges())["refund"] == 1
    assert await shop.seller("pending") == 0
    await shop.check()


async def test_money_that_can_not_go_back_the_way_it_came_waits_for_an_account(shop: Shop) -> None:
    payment = await create(shop, "bank_transfer", "tok_push_paid_late")
    for _ in range(7):
        await shop.later(days=1)
    async with shop.begin() as tx:
        [refund] = (await payments.list_refunds(tx, payment_id=payment.payment_id)).data
        assert refund.state == "needs_destination"
        await payments.send_refund_again(tx, refund.refund_id, destination="bank_ok")
    await shop.run()
    assert await shop.state(payment.payment_id) == "refunded"
    await shop.check()


async def test_a_void_of_what_the_buyer_has_paid_gives_it_back(shop: Shop) -> None:
    payment = await create(shop, "pix", "tok_push_paid")
    async with shop.begin() as tx:
        await tx.execute("delete from runtime.jobs where kind = 'sandbox.webhook'")
    await shop.later(hours=2)
    async with shop.begin() as tx:
        await payments.void_payments(tx, [payment.payment_id], "The buyer went away.")
    await shop.run()
    await shop.later(hours=7)
    assert await shop.state(payment.payment_id) == "refunded"
    await shop.check()


async def test_a_void_before_the_buyer_pays_ends_it(shop: Shop) -> None:
    payment = await create(shop, "boleto", "tok_push_paid")
    async with shop.begin() as tx:
        await payments.void_payments(tx, [payment.payment_id], "The buyer went away.")
    await shop.run()
    assert await shop.state(payment.payment_id) == "voided"
    await shop.check()


@pytest.mark.parametrize(
    ("token", "state"), [("tok_debit", "captured"), ("tok_debit_fails", "declined")]
)
async def test_a_debit_is_certain_only_days_later(shop: Shop, token: str, state: str) -> None:
    payment = await create(shop, "sepa_debit", token, currency="EUR", country="DE")
    assert payment.state == "processing"
    await shop.later(days=4)
    assert await shop.state(payment.payment_id) == state
    await shop.check()


async def test_a_buyer_confirms_elsewhere(shop: Shop) -> None:
    payment = await create(shop, "ideal", "tok_redirect", currency="EUR", country="NL")
    assert payment.state == "requires_action"
    async with shop.begin() as tx:
        await payments.complete_authentication(tx, payment.payment_id)
    await shop.run()
    confirmed = await shop.payment(payment.payment_id)
    assert (confirmed.state, confirmed.liability) == ("captured", None)
    await shop.check()


async def test_risk_asks_the_buyer_and_moves_the_liability(shop: Shop) -> None:
    payment = await create(shop, "card", "tok_visa", risk="high")
    assert (payment.state, payment.authentication) == ("requires_action", "challenge")
    async with shop.begin() as tx:
        await payments.complete_authentication(tx, payment.payment_id)
    await shop.run()
    confirmed = await shop.payment(payment.payment_id)
    assert (confirmed.state, confirmed.liability) == ("authorized", "issuer")


@pytest.mark.parametrize(
    ("method", "country", "currency"),
    [
        (Method("pix", "tok_visa"), "DE", "BRL"),
        (Method("ideal", "tok_visa"), "NL", "USD"),
        (Method("card", "tok_visa", installments=3), "DE", "EUR"),
        (Method("pix", "tok_visa", installments=2), "BR", "BRL"),
    ],
)
async def test_methods_are_used_where_they_exist(
    shop: Shop, method: Method, country: str, currency: str
) -> None:
    async with shop.begin() as tx:
        with pytest.raises(MethodNotUsable):
            await payments.check_method(tx, method, country=country, currency=currency)


def test_every_method_says_how_long_it_waits_for_the_buyer() -> None:
    for spec in METHODS.values():
        waits = spec.family in ("card", "redirect", "push")
        assert (spec.expires_after is not None) == waits, spec.type
        assert spec.installments_max.keys() <= {"BR", "MX", "AR", "CO", "TR", "JP"}


class Elsewhere(Sandbox):
    """The buyer confirms elsewhere, and the provider knows before the buyer is back."""

    is_paid = False
    early = 0

    async def authenticate(self, instruction: Instruction) -> Answer:
        if self.early:
            self.early -= 1
            return RequiresAction(instruction.reference, "https://bank.example", END_OF_TIME)
        return await super().authenticate(instruction)

    async def find(self, instruction: Instruction) -> Found:
        if self.is_paid and instruction.operation == "authorize":
            return Succeeded("x", instruction.amount.minor, "EUR", is_captured=True)
        return await super().find(instruction)


async def _elsewhere(shop: Shop) -> "tuple[Elsewhere, payments.Payment]":
    provider = Elsewhere(shop.database)
    shop.providers = Providers({"sandbox": provider})
    shop.__post_init__()
    return provider, await create(shop, "ideal", "tok_redirect", currency="EUR", country="NL")


async def test_money_that_overtakes_the_buyers_return_is_on_time(shop: Shop) -> None:
    provider, payment = await _elsewhere(shop)
    provider.is_paid = True
    async with shop.begin() as tx:
        [attempt] = await payments.attempts_of(tx, payment.payment_id)
        hint = {"provider": "sandbox", "key": ATTEMPT.text(attempt.attempt_id), "dispute": None}
        await tx.enqueue(JobDraft("payment.look_up", "whk_1", hint))
    await shop.run()
    assert await shop.state(payment.payment_id) == "captured"
    assert "refund.created" not in await shop.events()


@pytest.mark.parametrize("state", ["authorized", "declined"])
async def test_what_the_bank_decided_counts_though_the_buyer_never_came_back(
    shop: Shop, state: str
) -> None:
    class Confirmed(Sandbox):
        async def find(self, instruction: Instruction) -> Found:
            if instruction.operation != "authorize":
                return await super().find(instruction)
            if state == "declined":
                return Declined("authentication_failed", False, "The buyer's bank said no.")
            amount = instruction.amount
            return Succeeded("x", amount.minor, amount.currency.code)

    shop.providers = Providers({"sandbox": Confirmed(shop.database)})
    shop.__post_init__()
    payment_id = await shop.create("tok_requires_3ds")
    await shop.run()
    assert await shop.state(payment_id) == "requires_action"
    async with shop.begin() as tx:
        [attempt] = await payments.attempts_of(tx, payment_id)
        hint = {"provider": "sandbox", "key": ATTEMPT.text(attempt.attempt_id), "dispute": None}
        await tx.enqueue(JobDraft("payment.look_up", "whk_1", hint))
    await shop.run()
    assert await shop.state(payment_id) == state
    await shop.later(hours=2)
    assert await shop.state(payment_id) == state
    assert "payment.authentication_expired" not in await shop.events()


async def test_a_buyer_who_comes_back_too_early_may_come_back_again(shop: Shop) -> None:
    provider, payment = await _elsewhere(shop)
    provider.early = 1
    async with shop.begin() as tx:
        await payments.complete_authentication(tx, payment.payment_id)
    await shop.run()
    assert await shop.state(payment.payment_id) == "authorizing"
    await shop.later(minutes=2)
    assert await shop.state(payment.payment_id) == "captured"


async def test_a_buyer_who_came_back_too_early_and_never_again_is_given_up(shop: Shop) -> None:
    provider, payment = await _elsewhere(shop)
    provider.early = 10_000
    async with shop.begin() as tx:
        await payments.complete_authentication(tx, payment.payment_id)
    await shop.later(hours=2)
    assert await shop.state(payment.payment_id) == "declined"
    await shop.check()


async def test_an_outcome_that_stays_unknown_is_given_up_at_the_deadline(shop: Shop) -> None:
    class Silent(Sandbox):
        async def authenticate(self, instruction: Instruction) -> Answer:
            raise TimeoutError("no answer")

    shop.providers = Providers({"sandbox": Silent(shop.database)})
    shop.__post_init__()
    payment_id = await shop.create("tok_requires_3ds")
    await shop.run()
    async with shop.begin() as tx:
        await payments.complete_authentication(tx, payment_id)
    for _ in range(10):
        await shop.later(minutes=5)
    assert await shop.state(payment_id) == "unknown"
    await shop.later(minutes=15)
    assert await shop.state(payment_id) == "declined"
    await shop.check()


async def test_a_payment_asked_for_again_is_the_same_though_nobody_takes_such_any_more(
    shop: Shop,
) -> None:
    first = await create(shop, "pix", "tok_visa")
    async with shop.begin() as tx:
        await tx.execute(
            """
            insert into payments.connections
              (marketplace_id, name, kind, is_enabled, created_at, updated_at)
            values (%(marketplace_id)s, 'sandbox', 'sandbox', false, %(now)s, %(now)s)
            """,
            now=tx.now,
        )
        draft = PaymentDraft(
            first.payment_id, first.subject, first.buyer_id, first.amount, first.method, ()
        )
        [again] = await payments.create_payments(tx, [draft])
    assert again == first
