from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from banyan import fraud, parties
from banyan.fraud import FraudRequest, api
from banyan.kernel import IdKind, Money, new_id
from banyan.parties import BuyerDraft
from banyan.runtime import Database
from tests.http_client import client_of

ENTRY = {"list": "deny", "kind": "payment", "value": "card-1", "reason": "Stolen."}


@pytest.fixture
async def fraud_client(database: Database, sandbox: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database, sandbox, api.operations()) as client:
        yield client


async def test_an_entry_is_added_and_removed(fraud_client: httpx.AsyncClient) -> None:
    path = "/v1/fraud/list_entries"
    response = await fraud_client.post(path, json=ENTRY)
    made = response.json()
    assert (response.status_code, made["object"], made["removed_at"]) == (201, "list_entry", None)
    assert (await fraud_client.get(f"{path}/{made['id']}")).json() == made
    again = await fraud_client.post(path, json=ENTRY | {"list": "allow"})
    assert (again.status_code, again.json()["code"]) == (409, "already_listed")
    removed = await fraud_client.post(f"{path}/{made['id']}/remove", json={"reason": "Found."})
    assert removed.json()["removed_at"] is not None
    assert (await fraud_client.get(path)).json()["data"] == []
    assert (await fraud_client.get(f"{path}?removed=true")).json()["data"] == [removed.json()]


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"kind": "buyer"}, 400, "/value"),
        ({"kind": "country", "value": "ZZ"}, 400, "/value"),
        ({"kind": "colour"}, 400, "/kind"),
        ({"reason": ""}, 400, "/reason"),
    ],
)
async def test_a_bad_entry_is_refused_where_it_is_bad(
    fraud_client: httpx.AsyncClient, change: dict[str, str], status: int, pointer: str
) -> None:
    response = await fraud_client.post("/v1/fraud/list_entries", json=ENTRY | change)
    assert response.status_code == status
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_settings(fraud_client: httpx.AsyncClient) -> None:
    path = "/v1/fraud/settings"
    defaults = (await fraud_client.get(path)).json()
    assert defaults["updated_at"] is None
    assert [limits["review"]["currency"] for limits in defaults["limits"]] == [
        "BRL",
        "EUR",
        "GBP",
        "USD",
    ]
    body = {
        "limits": [
            {
                "review": {"amount": 500, "currency": "JPY"},
                "first_challenge": {"amount": 400, "currency": "JPY"},
            }
        ],
        "buyer_orders_1h_max": 1,
        "buyer_orders_24h_max": 2,
        "payment_orders_24h_max": 3,
    }
    changed = (await fraud_client.post(path, json=body)).json()
    assert changed == (await fraud_client.get(path)).json()
    assert {name: changed[name] for name in body} == body
    wrong = body | {"limits": body["limits"] * 2}
    response = await fraud_client.post(path, json=wrong)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_limits")
    response = await fraud_client.post(path, json=body | {"buyer_orders_1h_max": 0})
    assert response.status_code == 400


async def test_the_assessment_of_an_order(
    fraud_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    order = IdKind("ord").text(new_id())
    async with database.transaction(sandbox) as tx:
        buyer = await parties.create_buyer(tx, BuyerDraft(country="BR"))
        request = FraudRequest(
            subject_id=new_id(),
            order=order,
            buyer=buyer,
            amount=Money.of(200_000, "BRL"),
            fingerprint="",
            ship_to_country="BR",
            ship_to_region="SP",
            placed_at=tx.now,
        )
        await fraud.assess(tx, [request])
    found = (await fraud_client.get("/v1/fraud/assessments", params={"order": order})).json()
    [assessment] = found["data"]
    assert (assessment["order"], assessment["outcome"]) == (order, "review")
    assert assessment["signals"][0]["name"] == "amount"
    response = await fraud_client.get("/v1/fraud/assessments?order=off_1")
    assert response.status_code == 400
