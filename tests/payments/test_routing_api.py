"""Methods, routing, reliability and scheduled faults over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from banyan.payments import PAYMENT
from tests.conftest import START, client_for
from tests.payments.conftest import Shop
from tests.payments.test_failover import connect


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(shop.database, shop.marketplace) as client:
        yield client


async def test_methods_are_those_of_the_buyers_country(http: httpx.AsyncClient) -> None:
    async def types(**query: str) -> set[str]:
        answer = await http.get("/v1/payment_methods", params=query)
        assert answer.status_code == 200, answer.text
        return {one["type"] for one in answer.json()["data"]}

    assert {"card", "pix", "boleto"} <= await types()
    dutch = await types(country="NL", currency="EUR")
    assert {"ideal", "sepa_debit", "klarna"} <= dutch
    assert not dutch & {"pix", "upi", "bancontact"}
    [card] = [
        one
        for one in (await http.get("/v1/payment_methods")).json()["data"]
        if one["type"] == "card"
    ]
    assert (card["family"], card["installments_max"], card["providers"]) == (
        "card",
        24,
        ["sandbox"],
    )


async def test_a_policy_is_set_read_and_previewed(shop: Shop, http: httpx.AsyncClient) -> None:
    await connect(shop, "other")
    policy = {"rules": [{"providers": ["other"], "amount_min": 5_000, "order": "listed"}]}
    answer = await http.put("/v1/payment_routing", json=policy)
    assert answer.status_code == 200, answer.text
    assert answer.json()["providers"] == ["other", "sandbox"]
    assert (await http.get("/v1/payment_routing")).json()["rules"] == answer.json()["rules"]
    preview = {"amount": {"amount": 9_000, "currency": "BRL"}, "country": "BR"}
    route = (await http.post("/v1/payment_routing/preview", json=preview)).json()
    assert (route["provider"], route["reason"]) == (
        "other",
        "other is the only provider for this payment.",
    )


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"rules": [{"providers": ["nobody"]}]}, "provider_not_found"),
        ({"rules": [{"providers": []}]}, "invalid_request"),
        ({"rules": [{"providers": ["sandbox"], "order": "best"}]}, "invalid_request"),
        ({"attempts_max": 0}, "invalid_request"),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, policy: dict[str, object], code: str
) -> None:
    answer = await http.put("/v1/payment_routing", json=policy)
    assert answer.status_code in (400, 404, 422)
    assert answer.json()["code"] == code


async def test_an_outage_is_scheduled_shown_and_cancelled(
    shop: Shop, http: httpx.AsyncClient
) -> None:
    fault = {"kind": "outage", "ends_at": (START + timedelta(hours=2)).isoformat()}
    made = await http.post("/v1/sandbox_faults", json=fault, headers={"Idempotency-Key": "f1"})
    assert made.status_code == 201, made.text
    payment_id = await shop.create()
    await shop.run()
    assert await shop.state(payment_id) == "authorizing"
    path = f"/v1/payments/{PAYMENT.text(payment_id)}/attempts"
    [first, _] = (await http.get(path)).json()["data"]
    assert (first["operation"], first["outcome"]) == ("authorize", "unavailable")
    assert first["route"]["reason"] == "sandbox is the only provider for this payment."
    listed = (await http.get("/v1/sandbox_faults")).json()["data"]
    assert [one["id"] for one in listed] == [made.json()["id"]]
    assert (await http.post(f"/v1/sandbox_faults/{listed[0]['id']}/cancel")).status_code == 200
    await shop.later(minutes=5)
    assert await shop.state(payment_id) == "authorized"
    gone = await http.post(f"/v1/sandbox_faults/{listed[0]['id']}/cancel")
    assert (gone.status_code, gone.json()["code"]) == (404, "fault_not_found")


async def test_a_fault_that_ends_before_it_starts_is_refused(http: httpx.AsyncClient) -> None:
    fault = {"kind": "timeout", "ends_at": "2001-01-01T00:00:00Z"}
    answer = await http.post("/v1/sandbox_faults", json=fault, headers={"Idempotency-Key": "f2"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fault")


async def test_reliability_in_figures(shop: Shop, http: httpx.AsyncClient) -> None:
    await shop.pay()
    await shop.create("tok_declined_stolen_card")
    await shop.create("tok_unknown_for_a_day")
    await shop.run()
    figures = (await http.get("/v1/payment_reliability", params={"days": 7})).json()
    [cards] = figures["approvals"]
    assert (cards["asked"], cards["approved"], cards["declined"], cards["open"]) == (3, 1, 1, 1)
    assert cards["approval_rate"] == 0.5
    assert cards["confirm_p50_s"] == 0
    [question] = figures["open_questions"]
    assert (question["operation"], question["count"]) == ("authorize", 1)
    assert [(one["what"], one["age"], one["count"]) for one in figures["in_transit"]] == [
        ("authorization", "hour", 1)
    ]
    assert [one["circuit"] for one in figures["providers"]] == ["closed"]
