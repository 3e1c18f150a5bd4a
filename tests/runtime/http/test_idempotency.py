"""The same request twice is done once; another request under the same key is refused."""

import asyncio
from uuid import UUID

import httpx
import psycopg

from banyan.runtime import Database
from banyan.runtime.http import delete_expired
from tests.runtime.http import shop

KEY = {"Idempotency-Key": "order-17"}
OTHER = {**shop.EXAMPLE, "name": "Red shirt"}


async def count(database: Database, marketplace_id: UUID) -> tuple[int, int]:
    """How many items there are, and how many stored answers."""
    async with database.transaction(marketplace_id) as tx:
        items = await tx.value("select count(*) from shelf.items")
        return items, await tx.value("select count(*) from runtime.idempotency_keys")


async def test_a_repeat_gets_the_first_answer(
    shop_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    first = await shop_client.post("/v1/items", json=shop.EXAMPLE, headers=KEY)
    again = await shop_client.post("/v1/items", json=shop.EXAMPLE, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["request-id"] != first.headers["request-id"]
    assert await count(database, sandbox) == (1, 1)


async def test_without_a_key_each_request_counts(
    shop_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    for _ in range(2):
        assert (await shop_client.post("/v1/items", json=shop.EXAMPLE)).status_code == 201
    assert await count(database, sandbox) == (2, 0)


async def test_another_body_or_path_is_refused(shop_client: httpx.AsyncClient) -> None:
    item = (await shop_client.post("/v1/items", json=shop.EXAMPLE, headers=KEY)).json()
    other_body = await shop_client.post("/v1/items", json=OTHER, headers=KEY)
    other_path = await shop_client.post(f"/v1/items/{item['id']}/pay", headers=KEY)
    for answer in (other_body, other_path):
        assert answer.status_code == 422
        assert answer.json()["code"] == "idempotency_key_reused"


async def test_a_refused_request_can_be_corrected_under_its_key(
    shop_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    refused = await shop_client.post("/v1/items", json={"name": ""}, headers=KEY)
    assert refused.status_code == 400
    missing = f"/v1/items/{shop.ITEM.text(sandbox)}/pay"
    assert (await shop_client.post(missing, headers=KEY)).status_code == 404
    corrected = await shop_client.post("/v1/items", json=shop.EXAMPLE, headers=KEY)
    assert corrected.status_code == 201
    assert await count(database, sandbox) == (1, 1)


async def test_a_repeat_while_the_first_runs_is_told_so(
    shop_client: httpx.AsyncClient, troubles: shop.Troubles, database: Database, sandbox: UUID
) -> None:
    first = asyncio.create_task(
        shop_client.post("/v1/troubles/wait", json=shop.EXAMPLE, headers=KEY)
    )
    await troubles.entered.wait()
    early = await shop_client.post("/v1/troubles/wait", json=shop.EXAMPLE, headers=KEY)
    assert early.status_code == 409
    assert early.json()["code"] == "idempotency_in_flight"
    assert early.json()["retryable"] is True
    troubles.may_leave.set()
    done = await first
    assert done.status_code == 201
    later = await shop_client.post("/v1/troubles/wait", json=shop.EXAMPLE, headers=KEY)
    assert later.content == done.content
    assert await count(database, sandbox) == (1, 1)


async def test_many_repeats_at_once_are_done_once(
    shop_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    answers = await asyncio.gather(
        *(shop_client.post("/v1/items", json=shop.EXAMPLE, headers=KEY) for _ in range(20))
    )
    done = {answer.content for answer in answers if answer.status_code == 201}
    assert len(done) == 1
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert others <= {"idempotency_in_flight"}
    assert await count(database, sandbox) == (1, 1)


async def test_keys_of_two_marketplaces_are_apart(shop_client: httpx.AsyncClient) -> None:
    first = await shop_client.post("/v1/items", json=shop.EXAMPLE, headers=KEY)
    other = await shop_client.post(
        "/v1/items", json=OTHER, headers={**KEY, "Authorization": "Bearer live"}
    )
    assert (first.status_code, other.status_code) == (201, 201)


async def test_where_money_moves_a_key_is_needed(shop_client: httpx.AsyncClient) -> None:
    item = (await shop_client.post("/v1/items", json=shop.EXAMPLE)).json()
    answer = await shop_client.post(f"/v1/items/{item['id']}/pay")
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_a_key_is_1_to_255_printable_characters(shop_client: httpx.AsyncClient) -> None:
    for key in ("", "x" * 256, "a\tb", "é"):
        request = httpx.Request(
            "POST",
            "http://shop/v1/items",
            json=shop.EXAMPLE,
            headers=[
                (b"idempotency-key", key.encode("latin-1")),
                (b"authorization", b"Bearer all"),
            ],
        )
        answer = await shop_client.send(request)
        assert answer.status_code == 400, key
    answer = await shop_client.post(
        "/v1/items", json=shop.EXAMPLE, headers={"Idempotency-Key": "x" * 255}
    )
    assert answer.status_code == 201


async def test_a_handler_with_its_own_transactions_is_asked_once(
    shop_client: httpx.AsyncClient, troubles: shop.Troubles
) -> None:
    first, again = [
        await shop_client.post("/v1/troubles/own", json=shop.EXAMPLE, headers=KEY) for _ in range(2)
    ]
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert troubles.attempts == 1


async def test_a_bug_stores_nothing(
    shop_client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    assert (await shop_client.post("/v1/troubles/fail", headers=KEY)).status_code == 500
    assert await count(database, sandbox) == (0, 0)


async def test_answers_are_forgotten_after_a_day(
    shop_client: httpx.AsyncClient, database: Database, database_url: str, sandbox: UUID
) -> None:
    for name in ("old", "new"):
        headers = {"Idempotency-Key": name}
        await shop_client.post("/v1/items", json=shop.EXAMPLE, headers=headers)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "update runtime.idempotency_keys"
            " set created_at = now() - interval '25 hours' where key = 'old'"
        )
    async with database.across_marketplaces() as queries:
        assert await delete_expired(queries) == 1
    assert await count(database, sandbox) == (2, 1)
