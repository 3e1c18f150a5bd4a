"""The road of a request: every refusal on it, and what a good one gives."""

import logging
from uuid import UUID

import httpx
import pytest

from banyan.kernel import new_id
from banyan.runtime import Database
from tests.runtime.http import shop

JSON = {"Content-Type": "application/json"}
PRICE = {"amount": 1999, "currency": "EUR"}


async def count_items(database: Database, marketplace_id: UUID) -> int:
    async with database.transaction(marketplace_id) as tx:
        return await tx.value("select count(*) from shelf.items")


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    """The faults as (pointer or parameter, code), in order."""
    faults = answer.json()["errors"]
    return sorted((f.get("pointer", f.get("parameter")), f["code"]) for f in faults)


async def test_a_good_request_is_committed_before_its_answer(
    shop_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    answer = await shop_client.post("/v1/items", json=shop.EXAMPLE)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["request-id"].startswith("req_")
    item = answer.json()
    assert item["object"] == "item"
    assert item["livemode"] is False
    assert item["created_at"] == "2018-03-01T12:00:00Z"
    assert await count_items(database, sandbox) == 1
    assert (await shop_client.get(f"/v1/items/{item['id']}")).json() == item


async def test_lists_page_by_cursor(shop_client: httpx.AsyncClient) -> None:
    made = [(await shop_client.post("/v1/items", json=shop.EXAMPLE)).json()["id"] for _ in range(3)]
    first = (await shop_client.get("/v1/items?limit=2")).json()
    assert first["has_more"] is True
    rest = (await shop_client.get(f"/v1/items?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["data"] + rest["data"]] == made
    assert (rest["has_more"], rest["next_cursor"], rest["object"]) == (False, None, "list")


async def test_a_file_is_saved_under_its_name(shop_client: httpx.AsyncClient) -> None:
    item = (await shop_client.post("/v1/items", json=shop.EXAMPLE)).json()
    answer = await shop_client.get(f"/v1/items/{item['id']}/csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="item.csv"'
    assert answer.text == "name,price\r\nBlue shirt,1999\r\n"


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nobody", "Basic all", "Bearer \xff"])
async def test_an_unknown_asker_is_401(shop_client: httpx.AsyncClient, header: str | None) -> None:
    headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    request = httpx.Request("GET", "http://shop/v1/items", headers=headers)
    shop_client.headers.pop("Authorization")
    answer = await shop_client.send(request)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "invalid_api_key"


async def test_a_missing_scope_is_named(shop_client: httpx.AsyncClient) -> None:
    answer = await shop_client.post(
        "/v1/items", json=shop.EXAMPLE, headers={"Authorization": "Bearer read"}
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "missing_scope"
    assert "items:write" in answer.json()["detail"]


async def test_another_marketplace_sees_nothing(shop_client: httpx.AsyncClient) -> None:
    item = (await shop_client.post("/v1/items", json=shop.EXAMPLE)).json()
    answer = await shop_client.get(
        f"/v1/items/{item['id']}", headers={"Authorization": "Bearer live"}
    )
    assert answer.status_code == 404
    assert answer.json()["code"] == "item_not_found"


@pytest.mark.parametrize(
    "item_id", [f"sel_{'0' * 26}", "itm_", "itm_x", f"itm_{'0' * 25}u", "0", "itm_%00"]
)
async def test_an_id_of_another_kind_is_refused(
    shop_client: httpx.AsyncClient, item_id: str
) -> None:
    answer = await shop_client.get(f"/v1/items/{item_id}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_id"
    assert codes(answer) == [("item_id", "invalid_id")]


async def test_every_fault_of_a_query_is_listed(shop_client: httpx.AsyncClient) -> None:
    answer = await shop_client.get("/v1/items?limit=0&cursor=&nope=1&name=a&name=b&kind=old")
    assert answer.status_code == 400
    assert codes(answer) == [
        ("cursor", "invalid_parameter"),
        ("kind", "invalid_parameter"),
        ("limit", "invalid_parameter"),
        ("name", "repeated"),
        ("nope", "unknown_parameter"),
    ]


@pytest.mark.parametrize("query", ["name=%ff", "name=%00", "limit=1e99", "cursor=bm9wZQ", "&&=1"])
async def test_a_strange_query_is_refused(shop_client: httpx.AsyncClient, query: str) -> None:
    assert (await shop_client.get(f"/v1/items?{query}")).status_code == 400


async def test_a_repeated_parameter_is_a_list_where_it_may_be(
    shop_client: httpx.AsyncClient,
) -> None:
    assert (await shop_client.get("/v1/items?kind=new&kind=used")).status_code == 200


async def test_unknown_paths_and_methods_are_problems(shop_client: httpx.AsyncClient) -> None:
    for path in ("/v1/nope", "/v1/items/", "/v1", "/", "/v1/items//pay"):
        answer = await shop_client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "route_not_found"
        assert answer.json()["request_id"] == answer.headers["request-id"]
    answer = await shop_client.put("/v1/items")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.json()["code"] == "method_not_allowed"
    assert (await shop_client.post("/openapi.json")).status_code == 405


async def test_head_and_options(shop_client: httpx.AsyncClient) -> None:
    full = await shop_client.get("/v1/items")
    head = await shop_client.head("/v1/items")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))
    options = await shop_client.options("/v1/items")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_request_ids_are_taken_over_if_they_are_sane(shop_client: httpx.AsyncClient) -> None:
    async def sent(**headers: str) -> str:
        answer = await shop_client.get(
            "/v1/items", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return answer.headers["request-id"]

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert await sent(X_Request_Id="checkout-7f3a") == "checkout-7f3a"
    assert await sent(traceparent=f"00-{trace}-00f067aa0ba902b7-01") == trace
    assert (await sent(X_Request_Id="a b")).startswith("req_")
    assert (await sent(X_Request_Id="x" * 65)).startswith("req_")
    assert (await sent(traceparent="00-zz-11-01")).startswith("req_")


async def test_a_bug_is_a_500_that_tells_nothing(
    shop_client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "banyan.http"):
        answer = await shop_client.post("/v1/troubles/fail")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["request-id"]
    assert caplog.records[0].__dict__["request_id"] == answer.headers["request-id"]
    assert "a secret of the server" in caplog.text


async def test_a_serialization_failure_is_tried_again_once(
    shop_client: httpx.AsyncClient, troubles: shop.Troubles, database: Database, sandbox: UUID
) -> None:
    answer = await shop_client.post("/v1/troubles/conflict_once", json=shop.EXAMPLE)
    assert answer.status_code == 201
    assert troubles.attempts == 2
    assert await count_items(database, sandbox) == 1


async def test_a_lasting_conflict_is_503_and_retryable(
    shop_client: httpx.AsyncClient, troubles: shop.Troubles
) -> None:
    answer = await shop_client.post("/v1/troubles/conflict")
    assert answer.status_code == 503
    assert answer.json()["retryable"] is True
    assert answer.headers["retry-after"] == "1"
    assert troubles.attempts == 2


async def test_without_a_database_the_answer_is_503(
    shop_client: httpx.AsyncClient, database: Database
) -> None:
    await database.close()
    answer = await shop_client.post("/v1/items", json=shop.EXAMPLE)
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"
    assert answer.json()["retryable"] is True


async def test_every_answer_is_observed(
    shop_client: httpx.AsyncClient, observed: list[tuple[str, int]]
) -> None:
    await shop_client.get("/v1/items")
    await shop_client.get(f"/v1/items/{shop.ITEM.text(new_id())}")
    await shop_client.put("/v1/items")
    assert observed == [("listItems", 200), ("getItem", 404), ("unknown", 405)]


async def test_an_operation_without_a_body_takes_none(shop_client: httpx.AsyncClient) -> None:
    item = (await shop_client.post("/v1/items", json=shop.EXAMPLE)).json()
    path = f"/v1/items/{item['id']}/pay"
    for number, body in enumerate((b"", b"{}")):
        answer = await shop_client.post(
            path, content=body, headers={**JSON, "Idempotency-Key": f"pay-{number}"}
        )
        assert answer.status_code == 200
    refused = await shop_client.post(path, json={"amount": 1}, headers={"Idempotency-Key": "pay-x"})
    assert codes(refused) == [("", "unexpected_body")]
    deleted = await shop_client.delete(f"/v1/items/{item['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
