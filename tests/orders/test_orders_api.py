"""Orders over HTTP: the journey as a client sees it, and rubbish."""

import asyncio
import copy
from typing import Any
from uuid import UUID

import httpx
import pytest

from banyan import app
from banyan.operations import jobs as operations_jobs
from banyan.runtime import Database, Worker
from tests.conftest import client_for


async def _market(client: httpx.AsyncClient) -> dict[str, Any]:
    """A seller with an offer, a buyer, and the body of an order that works."""

    async def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    seller = await made(
        "/v1/sellers", {"name": "Casa Aurora", "country": "BR", "region": "SP", "currency": "BRL"}
    )
    await made(
        "/v1/offers",
        {
            "seller": seller["id"],
            "product": "teapot",
            "price": {"amount": 8990, "currency": "BRL"},
            "lead_time_days": 5,
        },
    )
    buyer = await made("/v1/buyers", {"country": "BR", "region": "SP"})
    return {
        "buyer": buyer["id"],
        "lines": [{"product": "teapot", "quantity": 1}],
        "shipping": {"amount": 1500, "currency": "BRL"},
        "ship_to": {"country": "BR", "region": "SP"},
        "payment_method": {"type": "card", "token": "tok_visa"},
    }


_EURO = {"code": "V", "funded_by": "seller"}


def _worker(database: Database) -> Worker:
    return Worker(database, app.job_handlers(database), operations_jobs.open_case_for_failed_job)


async def test_the_whole_way_over_http(client: httpx.AsyncClient, database: Database) -> None:
    body = await _market(client)
    placed = (await client.post("/v1/orders", json=body)).json()
    assert (placed["state"], placed["total"]) == ("placed", None)
    await _worker(database).run_due()
    path = f"/v1/orders/{placed['id']}"
    order = (await client.get(path)).json()
    assert (order["state"], order["total"]) == ("confirmed", {"amount": 10490, "currency": "BRL"})
    shipped = await client.post(f"{path}/ship", json={"carrier": "Correios", "tracking": "BR1"})
    assert shipped.json()["state"] == "shipped"
    assert (await client.post(f"{path}/deliver")).json()["state"] == "delivered"
    await client.post("/v1/clock/advance", json={"to": "2018-03-20T00:00:00Z"})
    await _worker(database).run_due()
    timeline = (await client.get(f"{path}/timeline")).json()["data"]
    assert timeline[-1]["type"] == "order.settled"
    assert [entry["sequence"] for entry in timeline] == list(range(1, len(timeline) + 1))
    summary = (await client.get("/v1/summary")).json()
    assert summary["orders"] == {"settled": 1}
    assert summary["ledger_balanced"] is True
    money = {name: amount["amount"] for name, amount in summary["money"].items()}
    assert money["taken"] == 10490
    kept = money["commission"] + money["tax"] + money["owed_to_sellers"] + money["paid_out"]
    assert kept == money["taken"]


async def test_the_same_key_places_one_order(client: httpx.AsyncClient) -> None:
    body = await _market(client)
    key = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(
        *(client.post("/v1/orders", json=body, headers=key) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    again = await client.post("/v1/orders", json=body, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len((await client.get("/v1/orders")).json()["data"]) == 1
    other = await client.post("/v1/orders", json=body | {"external_id": "x"}, headers=key)
    assert other.status_code == 422


def _with(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    place: Any = changed
    *parents, last = path.split("/")
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    place[int(last) if last.isdigit() else last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("lines/0/quantity", 0, "/lines/0/quantity"),
        ("lines/0/quantity", -1, "/lines/0/quantity"),
        ("lines/0/quantity", 1.5, "/lines/0/quantity"),
        ("lines/0/quantity", "1", "/lines/0/quantity"),
        ("lines", [], "/lines"),
        ("shipping/amount", 15.25, "/shipping/amount"),
        ("shipping/amount", 10**30, "/shipping/amount"),
        ("shipping/currency", "ZZZ", "/shipping/currency"),
        ("shipping/currency", "brl", "/shipping/currency"),
        ("ship_to/country", "Brazil", "/ship_to/country"),
        ("buyer", "sel_01h455vb4pex5vsknk084sn02q", "/buyer"),
        ("buyer", "buy_nonsense", "/buyer"),
        ("payment_method/installments", 0, "/payment_method/installments"),
        ("surprise", 1, ""),
    ],
)
async def test_rubbish_is_refused_with_its_place(
    client: httpx.AsyncClient, path: str, value: Any, pointer: str
) -> None:
    body = _with(await _market(client), path, value)
    answer = await client.post("/v1/orders", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    pointers = [fault["pointer"] for fault in answer.json()["errors"]]
    assert any(found is not None and found.startswith(pointer) for found in pointers), answer.text
    assert (await client.get("/v1/orders")).json()["data"] == []


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("shipping/amount", -1, "invalid_request"),
        ("payment_method/token", "tok_of_nobody", "unknown_token"),
        ("buyer", "buy_01h455vb4pex5vsknk084sn02q", "buyer_unknown"),
        ("lines/0/unit_price_max", {"amount": 100, "currency": "EUR"}, "invalid_request"),
        ("vouchers", [{"code": "V", "funded_by": "seller"}], "invalid_request"),
        ("vouchers", [{**_EURO, "amount": {"amount": 1, "currency": "EUR"}}], "invalid_request"),
    ],
)
async def test_what_is_against_a_rule_is_refused_by_name(
    client: httpx.AsyncClient, path: str, value: Any, code: str
) -> None:
    body = _with(await _market(client), path, value)
    answer = await client.post("/v1/orders", json=body)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"] == code


async def test_a_voucher_and_a_service_fee_over_http(
    client: httpx.AsyncClient, database: Database
) -> None:
    body = await _market(client)
    fee = {"kind": "service_fee", "label": "Service", "rate_bp": 100}
    assert (await client.post("/v1/commission/rules", json=fee)).status_code == 201
    body["vouchers"] = [{"code": "SPRING", "funded_by": "platform", "rate_bp": 1000}]
    placed = (await client.post("/v1/orders", json=body)).json()
    assert (placed["vouchers"], placed["discount"]["amount"]) == (["SPRING"], 0)
    await _worker(database).run_due()
    order = (await client.get(f"/v1/orders/{placed['id']}")).json()
    assert (order["discount"]["amount"], order["service_fee"]["amount"]) == (899, 81 + 4)
    assert order["total"]["amount"] == 8_990 + 1_500 - 899 + 85
    [split] = (await client.get(f"/v1/payments/{order['payment']}")).json()["splits"]
    assert split["platform_discount"]["amount"] == 899
    assert split["reason"] == "12 % by the payment settings, on 89.90 BRL; tax: 5 % ISS in BR."
    assert split["service_fee_reason"].startswith("1 % Service since 2018-03-01")
    money = (await client.get("/v1/summary")).json()["money"]
    assert (money["promotions"]["amount"], money["service_fees"]["amount"]) == (899, 81)


async def test_another_marketplace_sees_nothing(
    client: httpx.AsyncClient, database: Database, live: UUID
) -> None:
    body = await _market(client)
    order = (await client.post("/v1/orders", json=body)).json()
    async with client_for(database, live) as stranger:
        for path in (f"/v1/orders/{order['id']}", f"/v1/buyers/{order['buyer']}"):
            assert (await stranger.get(path)).status_code == 404
        assert (await stranger.get("/v1/orders")).json()["data"] == []
        cancelled = await stranger.post(f"/v1/orders/{order['id']}/cancel", json={"reason": "x"})
        assert cancelled.status_code == 404
        placed = await stranger.post("/v1/orders", json=body)
        assert placed.json()["code"] in ("provider_missing", "buyer_unknown")


async def test_tokens_of_single_providers_are_enough(client: httpx.AsyncClient) -> None:
    body = await _market(client)
    body["payment_method"] = {"type": "card", "tokens": {"sandbox": "tok_visa"}}
    answer = await client.post("/v1/orders", json=body)
    assert answer.status_code == 201, answer.text
    for method, code in (
        ({"type": "card"}, "invalid_request"),
        ({"type": "card", "tokens": {"elsewhere": "tok_visa"}}, "provider_missing"),
        ({"type": "card", "tokens": {"sandbox": "tok_of_nobody"}}, "unknown_token"),
    ):
        refused = await client.post("/v1/orders", json={**body, "payment_method": method})
        assert refused.json()["code"] == code, refused.text
