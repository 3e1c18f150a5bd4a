"""Plans and routes over HTTP."""

from uuid import UUID

import httpx

from banyan import migration
from banyan.migration import PLAN
from banyan.runtime import Database
from tests.migration.plans import plan_text


async def test_a_route_is_read_and_moved(
    client: httpx.AsyncClient, database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        applied = await migration.apply_plan(tx, plan_text(), by="ana", why="Begin")
    plan = f"/v1/migrations/{PLAN.text(applied.stored.plan_id)}"
    route = f"{plan}/routes/catalogue"
    assert [each["name"] for each in (await client.get("/v1/migrations")).json()["data"]] == [
        "shop"
    ]
    assert (await client.get(plan)).json()["version"] == 1

    async def post(what: str, status: int, **body: object) -> dict[str, object]:
        answer = await client.post(
            f"{route}/{what}", json={"why": "Test", **body}, headers={"Idempotency-Key": what}
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    assert (await post("approve", 200, phase="shadow"))["approved_for"] == "shadow"
    refused = await post("advance", 409, change=1)
    assert refused["code"] == "route_moved"
    assert (await client.post(f"{route}/advance", json={"why": "Go", "change": 2},
            headers={"Idempotency-Key": "x"})).json()["phase"] == "shadow"  # fmt: skip
    assert (await post("hold", 200))["held_why"] == "Test"
    assert (await post("release", 200))["held_why"] is None
    assert (await post("rollback", 200))["phase"] == "legacy"
    changes = (
        await client.get(f"{plan}/changes", params={"route": "catalogue", "limit": 2})
    ).json()
    assert [each["kind"] for each in changes["data"]] == ["rolled_back", "released"]
    more = await client.get(f"{plan}/changes", params={"cursor": changes["next_cursor"]})
    assert more.status_code == 200
    status = (await client.get(f"{plan}/status")).json()
    assert status["routes"][0]["sentence"] == "Held: Rolled back: Test"
    minutes = {"route": "catalogue", "since": "2018-03-01T00:00:00Z"}
    empty = await client.get(f"{plan}/minutes", params={**minutes, "until": "2018-03-02T00:00:00Z"})
    assert empty.json()["data"] == []
    long = await client.get(f"{plan}/minutes", params={**minutes, "until": "2018-04-02T00:00:00Z"})
    assert long.status_code == 400
    assert (await client.get(f"{plan}/routes/nosuch")).status_code == 404
