"""Divergences over HTTP: listed, shown, decided; and reports of experiments taken in."""

from typing import Any
from uuid import UUID

from banyan.comparison import DIVERGENCE, PLAN
from banyan.comparison.api import operations
from banyan.kernel import new_id
from banyan.runtime import Database
from tests.comparison.conftest import Route
from tests.conftest import client_for
from tests.difference.answers import json_

EXAMPLES: dict[str, Any] = {one.id: one.example for one in operations()}


async def test_from_a_finding_to_a_decision(route: Route) -> None:
    good, bad = json_('{"price": 1}'), json_('{"price": "1"}')
    await route.record(route.look(good, bad, good))
    async with client_for(route.database, route.marketplace) as client:
        [listed] = (await client.get("/v1/divergences?state=open&route=basket")).json()["data"]
        assert listed["title"] == "price is a text in the candidate, a number in legacy"
        assert listed["examples"] is None
        plan = PLAN.text(route.plan_id)
        assert listed["plan"] == plan
        assert (await client.get(f"/v1/divergences?plan={plan}&state=accepted")).json()[
            "data"
        ] == []

        path = f"/v1/divergences/{listed['id']}"
        decided = await client.post(f"{path}/decide", json=EXAMPLES["decideDivergence"])
        assert (decided.status_code, decided.json()["state"]) == (200, "fixing")
        shown = (await client.get(path)).json()
        assert shown["examples"][0]["differences"][0]["candidate"] == '"1"'
        assert shown["decisions"][0]["by"] == "test"
        assert shown["significance"]["is_beyond_noise"]

        silent = await client.post(f"{path}/decide", json={"choice": "accept", "why": " "})
        assert (silent.status_code, silent.json()["code"]) == (400, "decision_incomplete")
        missing = await client.get(f"/v1/divergences/{DIVERGENCE.text(new_id())}")
        assert (missing.status_code, missing.json()["code"]) == (404, "divergence_not_found")


async def test_a_report_is_taken_once_and_joins_the_others(
    database: Database, sandbox: UUID
) -> None:
    async with client_for(database, sandbox) as client:
        report = EXAMPLES["reportDivergences"]
        made = await client.post("/v1/divergence_reports", json=report)
        assert made.status_code == 201, made.text
        assert (made.json()["compared"], made.json()["diverged"]) == (42, 1)
        again = await client.post("/v1/divergence_reports", json=report | {"equal": 0})
        assert (again.json()["compared"], again.json()["repeated"]) == (0, 1)
        [one] = (await client.get(f"/v1/divergences?plan={made.json()['plan']}")).json()["data"]
        assert (one["route"], one["source"], one["title"]) == (
            "basket_total",
            "experiment",
            "total differs",
        )


async def test_another_marketplace_sees_nothing(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with client_for(database, sandbox) as client:
        await client.post("/v1/divergence_reports", json=EXAMPLES["reportDivergences"])
        [one] = (await client.get("/v1/divergences")).json()["data"]
    async with client_for(database, live) as client:
        assert (await client.get("/v1/divergences")).json()["data"] == []
        assert (await client.get(f"/v1/divergences/{one['id']}")).status_code == 404


async def test_reports_are_bounded(database: Database, sandbox: UUID) -> None:
    example = EXAMPLES["reportDivergences"]
    observation = example["observations"][0]
    async with client_for(database, sandbox) as client:
        for wrong in (
            example | {"experiment": "no spaces"},
            example | {"equal": -1},
            example | {"observations": [observation | {"differences": []}]},
            example | {"observations": [observation] * 201},
            example | {"plan": "mpl_nonsense"},
        ):
            assert (await client.post("/v1/divergence_reports", json=wrong)).status_code == 400
