"""Stripe's code against localstripe, which plays a provider without idempotency keys."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import stripe

from banyan.kernel import new_id
from banyan.payments import Method
from banyan.payments.providers.kinds import StripeSecrets, StripeSettings
from banyan.payments.providers.stripe import SIGNATURE_HEADER, Stripe
from banyan.payments.providers.stripe.shapes import KEY
from tests.payments.providers.conformance import Conformance, Subject
from tests.payments.providers.simulators.serving import serving
from tests.payments.providers.simulators.stripe_relay import StripeRelay

API_KEY, WEBHOOK_SECRET = "sk_test_conformance1234", "whsec_conformance5678"
NOW = datetime(2018, 3, 1, tzinfo=UTC)


async def _now() -> datetime:
    return NOW


@asynccontextmanager
async def _opened(url: str, marketplace_id: UUID) -> AsyncIterator[Stripe]:
    provider = Stripe(
        marketplace_id,
        "stripe",
        StripeSettings(),
        StripeSecrets(API_KEY, WEBHOOK_SECRET),
        now=_now,
        url=url,
        looks_up_by="list",
        keeps_keys=False,
    )
    yield provider
    await provider.close()


@pytest.fixture
async def relay(localstripe: str) -> AsyncIterator[StripeRelay]:
    async with httpx.AsyncClient() as client:
        await client.delete(f"{localstripe}/_config/data")
    opened = StripeRelay(localstripe)
    yield opened
    await opened.close()


@pytest.fixture
async def url(relay: StripeRelay) -> AsyncIterator[str]:
    async with serving(relay.app) as address:
        yield address


@pytest.fixture
async def cards(localstripe: str) -> dict[str, str]:
    """Payment methods as a checkout page would have made them, by card number."""
    numbers = ("4242424242424242", "4000000000000341", "4000002500003155")
    async with httpx.AsyncClient(auth=(API_KEY, "")) as client:
        return {number: await _card(client, localstripe, number) for number in numbers}


async def _card(client: httpx.AsyncClient, localstripe: str, number: str) -> str:
    answer = await client.post(
        f"{localstripe}/v1/payment_methods",
        data={
            "type": "card",
            "card[number]": number,
            "card[exp_month]": "12",
            "card[exp_year]": "2030",
            "card[cvc]": "123",
        },
    )
    return str(answer.json()["id"])


def _event(
    changed: dict[str, Any], secret: str = WEBHOOK_SECRET, **sign: int
) -> tuple[dict[str, str], bytes]:
    event = {"id": "evt_1", "object": "event", "type": "x", "data": {"object": changed}}
    body = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(body, secret, **sign)
    return {SIGNATURE_HEADER: header}, body.encode()


@pytest.fixture
async def subject(relay: StripeRelay, url: str, cards: dict[str, str]) -> AsyncIterator[Subject]:
    marketplace_id = new_id()

    async def signed(key: str) -> tuple[dict[str, str], bytes]:
        return _event({"object": "payment_intent", "id": "pi_1", "metadata": {KEY: key}})

    def lose() -> None:
        relay.lose = 1

    async with (
        _opened(url, marketplace_id) as provider,
        _opened("http://127.0.0.1:9", marketplace_id) as nowhere,
    ):
        yield Subject(
            provider=provider,
            marketplace_id=marketplace_id,
            good=Method("card", cards["4242424242424242"]),
            declines={cards["4000000000000341"]: False, "pm_nobody_knows": False},
            action=cards["4000002500003155"],
            destination="acct_1",
            bad_destination="acct_closed",
            signed=signed,
            secrets=(API_KEY, WEBHOOK_SECRET),
            currencies=("EUR", "JPY", "MGA", "UGX", "KWD"),
            lose_answer=lose,
            unreachable=nowhere,
        )


class TestStripe(Conformance):
    """On localstripe."""
