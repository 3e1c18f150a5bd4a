"""Stripe's code against localstripe, which plays a provider without idempotency keys."""

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import stripe

from banyan.kernel import new_id
from banyan.payments import Method, WebhookRefused
from banyan.payments.providers import (
    Absent,
    RequiresAction,
    Succeeded,
    Unavailable,
)
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


async def test_a_buyer_comes_back_from_authenticating(subject: Subject, localstripe: str) -> None:
    assert subject.action is not None
    asked = subject.instruction("authorize", subject.amount, method=Method("card", subject.action))
    sent = await subject.do(asked)
    assert isinstance(sent, RequiresAction)
    assert sent.expires_at > NOW, "by the marketplace's clock"
    back = subject.instruction(
        "authenticate", subject.amount, payment=asked.payment, reference=sent.reference
    )
    assert isinstance(await subject.do(back), RequiresAction), "the buyer is still at it"
    async with httpx.AsyncClient(auth=(API_KEY, "")) as client:
        path = f"{localstripe}/v1/payment_intents/{sent.reference}"
        secret = (await client.get(path)).json()["client_secret"]
        data = {"client_secret": secret, "success": "true"}
        await client.post(f"{path}/_authenticate", data=data)
    done = await subject.do(back)
    assert isinstance(done, Succeeded)
    assert (done.reference, done.is_captured) == (sent.reference, False)
    assert await subject.find(asked) == done


async def test_a_full_server_has_done_nothing(subject: Subject, relay: StripeRelay) -> None:
    relay.refuse = 1
    asked = subject.instruction("authorize", subject.amount, method=subject.good)
    assert isinstance(await subject.do(asked), Unavailable)
    assert isinstance(await subject.do(asked), Succeeded)


async def test_what_was_done_under_a_forgotten_key_counts(subject: Subject) -> None:
    """The second call is refused, because the first had captured; that is an answer, too."""
    authorized = await subject.authorized(subject.amount)
    capture = subject.follow_up(authorized, "capture")
    first = await subject.do(capture)
    assert await subject.do(capture) == first


async def test_disputes_are_reported_contested_and_accepted(
    subject: Subject, relay: StripeRelay
) -> None:
    provider = subject.provider
    assert isinstance(provider, Stripe)
    captured = await subject.captured(subject.amount)
    names = {KEY: captured.key, "payment": captured.payment}
    reference = relay.open_dispute(captured.reference, names, 12_300)
    report = await provider.find_dispute(subject.marketplace_id, reference)
    assert report is not None
    assert (report.payment, report.state, report.stage) == (captured.payment, "open", "chargeback")
    assert (report.amount, report.fee.minor) == (subject.amount, 2_000)
    assert report.respond_by is not None
    contest = subject.instruction(
        "contest",
        subject.amount,
        reference=reference,
        evidence={"shipped_at": "2018-03-01", "timeline": "Delivered on 2018-03-02."},
    )
    assert isinstance(await provider.find(contest), Absent)
    assert isinstance(await provider.contest(contest), Succeeded)
    assert isinstance(await provider.find(contest), Succeeded)
    handed_in = relay.evidence_of(reference)
    assert handed_in["evidence[shipping_date]"] == "2018-03-01"
    assert handed_in["evidence[uncategorized_text]"] == "Timeline: Delivered on 2018-03-02."
    other = relay.open_dispute(captured.reference, names, 100)
    accept = subject.instruction("accept", subject.amount, reference=other)
    assert isinstance(await provider.find(accept), Absent)
    assert isinstance(await provider.accept(accept), Succeeded)
    lost = await provider.find_dispute(subject.marketplace_id, other)
    assert lost is not None
    assert lost.state == "lost"
    assert await provider.find_dispute(subject.marketplace_id, "du_nobody_knows") is None
    headers, body = _event({"object": "dispute", "id": reference})
    assert (await provider.parse_webhook(headers, body)).dispute == reference


async def test_old_webhooks_and_those_of_others_are_refused(subject: Subject) -> None:
    now = int(datetime.now(UTC).timestamp())
    changed = {"object": "payment_intent", "id": "pi_1", "metadata": {}}
    for headers, body in (
        _event(changed, timestamp=now - 600),
        _event(changed, "whsec_somebody_elses"),
    ):
        with pytest.raises(WebhookRefused):
            await subject.provider.parse_webhook(headers, body)
    webhook = await subject.provider.parse_webhook(*_event(changed))
    assert (webhook.key, webhook.dispute) == (None, None), "it is about nothing of ours"


async def test_a_connection_is_checked_without_changing_anything(
    subject: Subject, relay: StripeRelay
) -> None:
    provider = subject.provider
    assert isinstance(provider, Stripe)
    relay.seen.clear()
    checks = {check.name: check.works for check in await provider.check()}
    assert checks == {
        "balance": True,
        "payments": True,
        "refunds": True,
        "payouts": True,
        "disputes": True,
        "webhooks": True,
    }
    assert {method for method, _ in relay.seen} == {"GET"}


async def test_what_was_made_is_found_by_searching(subject: Subject, url: str) -> None:
    authorized = await subject.authorized(subject.amount)
    secrets = StripeSecrets(API_KEY)
    searching = Stripe(
        subject.marketplace_id, "stripe", StripeSettings(), secrets, now=_now, url=url
    )
    found = await searching.find(replace(authorized, reference=""))
    missing = subject.instruction("authorize", subject.amount, method=subject.good)
    assert isinstance(await searching.find(missing), Absent)
    await searching.close()
    assert isinstance(found, Succeeded)
    assert found.reference == authorized.reference


async def test_a_settlement_is_reported_line_by_line(subject: Subject, relay: StripeRelay) -> None:
    provider = subject.provider
    assert isinstance(provider, Stripe)
    day = date(2018, 3, 5)
    assert await provider.settlement_report(subject.marketplace_id, day) is None
    arrival = int(datetime(2018, 3, 5, tzinfo=UTC).timestamp())
    relay.payouts = [
        {"object": "payout", "id": "po_1", "amount": 9_000, "currency": "eur", "status": "paid",
         "arrival_date": arrival},
        {"object": "payout", "id": "po_2", "amount": 1, "currency": "eur", "status": "failed",
         "arrival_date": arrival},
    ]  # fmt: skip
    charge = {
        "object": "charge",
        "id": "ch_1",
        "payment_intent": "pi_1",
        "metadata": {KEY: "att_1"},
    }
    common = {"object": "balance_transaction", "currency": "eur", "created": arrival - 86_400}
    relay.entries["po_1"] = [
        {**common, "id": "txn_1", "amount": 12_300, "fee": 387, "net": 11_913, "type": "charge",
         "reporting_category": "charge", "source": charge},
        {**common, "id": "txn_2", "amount": -2_913, "fee": 0, "net": -2_913, "type": "refund",
         "reporting_category": "refund",
         "source": {"object": "refund", "id": "re_1", "charge": "ch_1", "payment_intent": "pi_1",
                    "metadata": {KEY: "att_2"}}},
        {**common, "id": "txn_3", "amount": -9_000, "fee": 0, "net": -9_000, "type": "payout",
         "source": "po_1"},
    ]  # fmt: skip
    report = await provider.settlement_report(subject.marketplace_id, day)
    assert report is not None
    lines = list(csv.DictReader(report.decode().splitlines()))
    assert [line["balance_transaction_id"] for line in lines] == ["txn_1", "txn_2"]
    assert (lines[0]["gross"], lines[0]["fee"], lines[0]["net"]) == ("123.00", "3.87", "119.13")
    assert lines[0]["payment_metadata[attempt]"] == "att_1"
    assert (lines[1]["gross"], lines[1]["refund_metadata[attempt]"]) == ("-29.13", "att_2")
    assert lines[1]["charge_id"] == "ch_1"
