from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from banyan.parties import api
from banyan.runtime import Database
from tests.http_client import client_of

SELLER = {"name": "Casa Verde", "country": "BR", "region": "SP", "currency": "BRL"}


@pytest.fixture
async def parties_client(database: Database, sandbox: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database, sandbox, api.operations()) as client:
        yield client


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=body)
    assert response.is_success, response.text
    return response.json()


async def _offer(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    seller = await _post(client, "/v1/sellers", SELLER)
    body = {
        "seller": seller["id"],
        "product": "cup",
        "price": {"amount": 4990, "currency": "BRL"},
        "lead_time_days": 5,
    }
    return await _post(client, "/v1/offers", body | more)


async def test_a_seller_is_made_suspended_and_activated(parties_client: httpx.AsyncClient) -> None:
    made = await _post(parties_client, "/v1/sellers", SELLER | {"external_id": "s-1"})
    path = f"/v1/sellers/{made['id']}"
    assert made["object"] == "seller"
    assert (made["status"], made["livemode"], made["quality_bp"]) == ("active", False, 8_000)
    suspended = await _post(parties_client, f"{path}/suspend", {"reason": "Counterfeits."})
    assert suspended == made | {"status": "suspended"}
    await _post(parties_client, f"{path}/activate", {"reason": "Checked."})
    assert (await parties_client.get(path)).json() == made
    listed = (await parties_client.get("/v1/sellers", params={"external_id": "s-1"})).json()
    assert listed == {"object": "list", "data": [made], "has_more": False, "next_cursor": None}


async def test_a_buyer_is_made_and_blocked(parties_client: httpx.AsyncClient) -> None:
    made = await _post(parties_client, "/v1/buyers", {"country": "BR", "external_id": "b-1"})
    path = f"/v1/buyers/{made['id']}"
    blocked = await _post(parties_client, f"{path}/block", {"reason": "Chargebacks."})
    assert blocked["status"] == "blocked"
    listed = (await parties_client.get("/v1/buyers?status=blocked")).json()
    assert [buyer["id"] for buyer in listed["data"]] == [made["id"]]
    assert (await _post(parties_client, f"{path}/unblock", {"reason": "No."}))["status"] == "active"


async def test_an_offer_is_changed_in_what_is_given(parties_client: httpx.AsyncClient) -> None:
    made = await _offer(parties_client, capacity=3)
    path = f"/v1/offers/{made['id']}"
    assert (made["country"], made["region"], made["capacity"]) == ("BR", "SP", 3)
    assert await _post(parties_client, path, {}) == made
    unlimited = await _post(parties_client, path, {"capacity": None})
    assert unlimited == made | {"capacity": None}
    price = {"amount": 100, "currency": "BRL"}
    cheaper = await _post(parties_client, path, {"price": price, "status": "paused"})
    assert cheaper == unlimited | {"price": price, "status": "paused"}
    listed = (await parties_client.get("/v1/offers", params={"seller": made["seller"]})).json()
    assert listed["data"] == [cheaper]


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"price": {"amount": 0, "currency": "BRL"}}, 400, "/price/amount"),
        ({"price": {"amount": -5, "currency": "BRL"}}, 400, "/price/amount"),
        ({"price": {"amount": 1.5, "currency": "BRL"}}, 400, "/price/amount"),
        ({"price": {"amount": 5, "currency": "XXX"}}, 400, "/price/currency"),
        ({"capacity": -1}, 400, "/capacity"),
        ({"product": ""}, 400, "/product"),
        ({"product": "x" * 81}, 400, "/product"),
        ({"lead_time_days": 366}, 400, "/lead_time_days"),
        ({"country": "ZZ"}, 400, "/country"),
        ({"seller": "buy_01h455vb4pex5vskknk084sn2q"}, 400, "/seller"),
        ({"seller": "sel_01h455vb4pex5vskknk084sn2q"}, 404, "/seller"),
        ({"colour": "red"}, 400, "/colour"),
    ],
)
async def test_a_bad_offer_is_refused_where_it_is_bad(
    parties_client: httpx.AsyncClient, change: dict[str, Any], status: int, pointer: str
) -> None:
    seller = await _post(parties_client, "/v1/sellers", SELLER)
    body = {
        "seller": seller["id"],
        "product": "cup",
        "price": {"amount": 4990, "currency": "BRL"},
        "lead_time_days": 5,
    }
    response = await parties_client.post("/v1/offers", json=body | change)
    problem = response.json()
    assert response.status_code == status, problem
    assert pointer in [fault.get("pointer") for fault in problem["errors"]], problem
    assert (await parties_client.get("/v1/offers")).json()["data"] == []


async def test_a_seller_in_a_currency_that_does_not_exist(
    parties_client: httpx.AsyncClient,
) -> None:
    response = await parties_client.post("/v1/sellers", json=SELLER | {"currency": "ABC"})
    assert response.status_code == 400
    response = await parties_client.post("/v1/sellers", json=SELLER | {"country": "ZZ"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_country")


async def test_a_taken_external_id_names_its_holder(parties_client: httpx.AsyncClient) -> None:
    made = await _post(parties_client, "/v1/sellers", SELLER | {"external_id": "s-1"})
    response = await parties_client.post("/v1/sellers", json=SELLER | {"external_id": "s-1"})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "external_id_taken")
    assert made["id"] in problem["detail"]


async def test_an_id_of_another_kind_or_of_nothing(parties_client: httpx.AsyncClient) -> None:
    response = await parties_client.get("/v1/sellers/off_01h455vb4pex5vskknk084sn2q")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_id")
    response = await parties_client.get("/v1/sellers/sel_01h455vb4pex5vskknk084sn2q")
    assert (response.status_code, response.json()["code"]) == (404, "seller_not_found")
