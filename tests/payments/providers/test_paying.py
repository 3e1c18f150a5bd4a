"""Payments through a connected provider, from the intent to the books."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest
from cryptography.fernet import Fernet
from starlette.applications import Starlette

from banyan import payments
from banyan.kernel import Money, new_id
from banyan.payments import (
    PAYMENT,
    Addresses,
    ConnectionDraft,
    Method,
    Opener,
    PaymentDraft,
    ProviderMissing,
    Providers,
    Sandbox,
    Share,
    price_splits,
)
from banyan.payments.api import webhook_routes
from banyan.runtime import MARKETPLACE, Database, Settings, Vault
from tests.payments.conftest import SELLERS, Shop
from tests.payments.providers.simulators.stripe_relay import StripeRelay
from tests.payments.providers.test_stripe import API_KEY, cards, relay, url

__all__ = ["cards", "relay", "url"]

GOOD, DECLINED, NEEDS_3DS = "4242424242424242", "4000000000000341", "4000002500003155"


@pytest.fixture
async def shop(database: Database, sandbox: UUID, url: str) -> AsyncIterator[Shop]:
    """A sandbox that has connected Stripe, which is played by localstripe."""
    async with _connected(database, sandbox, url, API_KEY) as opened:
        yield opened


@asynccontextmanager
async def _connected(
    database: Database, marketplace_id: UUID, url: str, api_key: str
) -> AsyncIterator[Shop]:
    vault = Vault(Settings(secret_keys=Fernet.generate_key().decode()))
    async with database.transaction(marketplace_id) as tx:
        draft = ConnectionDraft(
            name="stripe",
            kind="stripe",
            settings={"return_url": "https://shop.example/thanks?lang=pt"},
            secrets={"api_key": api_key},
        )
        await payments.connect(tx, vault, draft)
    opener = Opener(database, vault, Addresses(stripe_url=url, public_url="https://banyan.example"))
    yield Shop(database, marketplace_id, Providers({"sandbox": Sandbox(database)}, opener.open))
    await opener.close()


async def _create(shop: Shop, **tokens: str) -> UUID:
    payment_id = new_id()
    async with shop.begin() as tx:
        settings = await payments.get_settings(tx)
        share = Share(SELLERS[0], Money.of(10_000, "BRL"), Money.zero("BRL"))
        draft = PaymentDraft(
            payment_id,
            "ord_1",
            new_id(),
            Money.of(10_000, "BRL"),
            Method("card", tokens=tokens),
            price_splits([share], settings.terms),
        )
        await payments.create_payments(tx, [draft])
    return payment_id


async def test_money_is_taken_refunded_and_booked(shop: Shop, cards: dict[str, str]) -> None:
    payment_id = await _create(shop, stripe=cards[GOOD])
    await shop.run()
    payment = await shop.payment(payment_id)
    assert (payment.provider, payment.state) == ("stripe", "authorized")
    await shop.capture(payment_id)
    async with shop.begin() as tx:
        await payments.refund(
            tx, payment_id, Money.of(2_500, "BRL"), new_id(), "Damaged.", "support"
        )
    await shop.run()
    payment = await shop.payment(payment_id)
    assert (payment.state, payment.refunded.minor) == ("partially_refunded", 2_500)
    await shop.check()


async def test_a_live_marketplace_pays_through_what_it_has_connected(
    database: Database, live: UUID, url: str, cards: dict[str, str]
) -> None:
    async with _connected(database, live, url, "sk_live_paying1234") as shop:
        payment_id = await _create(shop, stripe=cards[GOOD])
        await shop.run()
        await shop.capture(payment_id)
        assert (await shop.payment(payment_id)).state == "captured"
        with pytest.raises(ProviderMissing):
            await _create(shop, sandbox="tok_visa")
        await shop.check()


async def test_lost_answers_lose_and_double_nothing(
    shop: Shop, cards: dict[str, str], relay: StripeRelay
) -> None:
    relay.lose = 1
    payment_id = await _create(shop, stripe=cards[GOOD])
    await shop.run()
    assert (await shop.payment(payment_id)).state == "authorized"
    relay.lose = 1
    await shop.capture(payment_id)
    assert (await shop.payment(payment_id)).state == "captured"
    made = [
        path for method, path in relay.seen if (method, path) == ("POST", "/v1/payment_intents")
    ]
    assert len(made) == 1
    await shop.check()


async def test_a_card_that_one_declines_is_tried_at_the_other(
    shop: Shop, cards: dict[str, str], relay: StripeRelay
) -> None:
    """Stripe's decline is soft, and the sandbox has a token of its own for the same card."""
    payment_id = await _create(shop, stripe=cards[DECLINED], sandbox="tok_visa")
    await shop.run()
    payment = await shop.payment(payment_id)
    assert (payment.provider, payment.state) == ("sandbox", "authorized")
    async with shop.begin() as tx:
        tried = [attempt.provider for attempt in await payments.attempts_of(tx, payment_id)]
    assert tried[-1] == "sandbox"
    await shop.capture(payment_id)
    await shop.check()


async def test_a_buyer_comes_back_and_the_payment_goes_on(
    shop: Shop, cards: dict[str, str], localstripe: str
) -> None:
    payment_id = await _create(shop, stripe=cards[NEEDS_3DS])
    await shop.run()
    payment = await shop.payment(payment_id)
    assert payment.state == "requires_action"
    async with httpx.AsyncClient(auth=(API_KEY, "")) as bank:
        intent = f"{localstripe}/v1/payment_intents/{payment.provider_reference}"
        secret = (await bank.get(intent)).json()["client_secret"]
        data = {"client_secret": secret, "success": "true"}
        await bank.post(f"{intent}/_authenticate", data=data)
    app = Starlette(routes=webhook_routes(shop.database, shop.providers))
    path = f"/v1/providers/stripe/return/{MARKETPLACE.text(shop.marketplace)}"
    query = {"payment": PAYMENT.text(payment_id)}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as buyer:
        for _ in range(2):
            back = await buyer.get(path, params=query)
            assert (back.status_code, back.headers["location"]) == (
                303,
                f"https://shop.example/thanks?lang=pt&payment={query['payment']}",
            )
            await shop.run()
    assert (await shop.payment(payment_id)).state == "authorized"
    await shop.check()
