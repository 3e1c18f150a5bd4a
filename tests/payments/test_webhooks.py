"""Webhooks: forged, repeated, out of order, early; and their way in through HTTP."""

from uuid import UUID

import httpx
import msgspec
import pytest
from psycopg.types.json import Jsonb

from banyan import payments
from banyan.kernel import new_id
from banyan.payments import ATTEMPT, Sandbox, WebhookRefused
from banyan.payments.api import webhook_routes
from banyan.payments.providers import Absent, Declined, Found, Instruction, Providers
from banyan.payments.providers.sandbox import SIGNATURE_HEADER
from banyan.runtime import MARKETPLACE, Database
from banyan.runtime.http import http_app
from tests.payments.conftest import Shop


async def _signed(shop: Shop, **hint: str) -> tuple[dict[str, str], bytes]:
    sandbox = await shop.providers.get(None, "sandbox")
    assert isinstance(sandbox, Sandbox)
    return await sandbox.signed_webhook(shop.marketplace, {"id": f"whk_{new_id().hex}", **hint})


async def _receive(shop: Shop, headers: dict[str, str], body: bytes) -> bool:
    return await payments.receive_webhook(shop.database, shop.providers, "sandbox", headers, body)


async def _dispute_of(shop: Shop) -> str:
    async with shop.begin() as tx:
        return await tx.value("select reference from payments.sandbox_disputes")


async def test_forged_webhooks_are_refused(shop: Shop) -> None:
    headers, body = await _signed(shop, key=ATTEMPT.text(new_id()))
    forged = [
        ({}, body),
        ({SIGNATURE_HEADER: "0" * 64}, body),
        ({SIGNATURE_HEADER: "é"}, body),
        (headers, body.replace(b"whk_", b"whx_")),
        (headers, body + b" "),
        (headers, b""),
        (headers, b"\xff\xfe"),
        (headers, b"[1]"),
        (headers, msgspec.json.encode({"id": "x", "account": MARKETPLACE.text(new_id())})),
        (headers, msgspec.json.encode({"id": "x", "account": "ord_1"})),
    ]
    for wrong_headers, wrong_body in forged:
        with pytest.raises(WebhookRefused):
            await _receive(shop, wrong_headers, wrong_body)
    async with shop.begin() as tx:
        assert await tx.value("select count(*) from payments.webhooks") == 0
    assert await _receive(shop, headers, body) is True


async def test_a_webhook_counts_once_and_one_about_nothing_does_no_harm(shop: Shop) -> None:
    headers, body = await _signed(shop, key=ATTEMPT.text(new_id()))
    assert [await _receive(shop, headers, body) for _ in range(3)] == [True, False, False]
    await shop.run()
    headers, body = await _signed(shop, dispute="dispute_nobody_knows")
    assert await _receive(shop, headers, body)
    await shop.run()
    assert await shop.events() == []


async def test_a_webhook_about_what_is_known_changes_nothing(shop: Shop) -> None:
    payment_id = await shop.pay()
    async with shop.begin() as tx:
        keys = [ATTEMPT.text(a.attempt_id) for a in await payments.attempts_of(tx, payment_id)]
    for key in keys:
        await _receive(shop, *await _signed(shop, key=key))
    await shop.run()
    assert await shop.events() == ["payment.authorized", "payment.captured"]
    await shop.check()


async def test_the_end_of_a_dispute_may_be_told_before_its_beginning(shop: Shop) -> None:
    await shop.pay("tok_dispute_lost")
    reference = await _dispute_of(shop)
    async with shop.begin() as tx:
        await tx.execute("delete from runtime.jobs where kind = 'sandbox.webhook'")
    await _receive(shop, *await _signed(shop, dispute=reference))
    await shop.run()
    assert "dispute.opened" not in await shop.events(), "it is not open yet: a look-up finds none"
    await shop.later(days=16)
    for _ in range(3):
        await _receive(shop, *await _signed(shop, dispute=reference))
    await shop.run()
    assert (await shop.events())[2:] == ["dispute.opened", "dispute.lost"]
    await shop.check()


async def test_webhooks_come_in_through_http(shop: Shop, database: Database) -> None:
    async def nobody(token: str) -> None:
        return None

    app = http_app(
        operations=[],
        database=database,
        authenticate=nobody,
        routes=webhook_routes(database, shop.providers),
    )
    headers, body = await _signed(shop, key=ATTEMPT.text(new_id()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        path = "/v1/providers/sandbox/webhooks"
        kept = await client.post(path, headers=headers, content=body)
        again = await client.post(path, headers=headers, content=body)
        forged = await client.post(path, headers={SIGNATURE_HEADER: "x"}, content=body)
        large = await client.post(path, headers=headers, content=b"x" * 70_000)
        nowhere = await client.post("/v1/providers/nobody/webhooks", content=body)
    assert (kept.status_code, again.status_code) == (204, 204)
    assert (forged.status_code, forged.json()["code"]) == (401, "webhook_refused")
    assert large.status_code == 413
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "provider_not_found")


async def test_a_capture_that_the_provider_takes_back_asks_people(shop: Shop) -> None:
    payment_id = await shop.pay()
    async with shop.begin() as tx:
        [capture] = [
            one for one in await payments.attempts_of(tx, payment_id) if one.operation == "capture"
        ]
        answer = Declined("capture_failed", True, "The issuer withdrew the authorization.")
        await tx.execute(
            "update payments.sandbox_operations set answer = %(answer)s where key = %(key)s",
            key=ATTEMPT.text(capture.attempt_id),
            answer=Jsonb(msgspec.to_builtins(answer)),
        )
    await _receive(shop, *await _signed(shop, key=ATTEMPT.text(capture.attempt_id)))
    await shop.run()
    assert (await shop.events())[-1] == "payment.unknown"
    assert await shop.state(payment_id) == "captured", "nothing is booked back by itself"
    await shop.check()


async def test_a_hint_is_followed_until_the_provider_tells(
    database: Database, sandbox: UUID
) -> None:
    """What a webhook hints at may be told by nothing else, and the look-up may fail."""

    class Deaf(Sandbox):
        looks = 0

        async def find(self, instruction: Instruction) -> Found:
            self.looks += 1
            if self.looks == 1:
                raise ConnectionError("no answer")
            return Absent() if self.looks == 2 else await super().find(instruction)

    shop = Shop(database, sandbox, Providers({"sandbox": Deaf(database)}))
    payment_id = await shop.create("tok_push_paid", method="pix")
    await shop.run()
    async with shop.begin() as tx:
        await tx.execute("delete from runtime.jobs where kind = 'payment.authenticate'")
    await shop.later(hours=2)
    assert await shop.state(payment_id) == "awaiting_payment"
    await shop.later(minutes=2)
    await shop.later(minutes=5)
    assert await shop.state(payment_id) == "captured"
