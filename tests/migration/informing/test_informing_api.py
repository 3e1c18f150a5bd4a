"""Informing over HTTP."""

from pathlib import Path
from uuid import UUID

from banyan.migration import informing
from banyan.runtime import Database, Settings
from tests.http_client import client_of
from tests.migration.informing.samples import applied, handlers, worker_of

AT = "/v1/migration_status/shop"


async def test_a_link_is_shown_once_listed_and_revoked(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    await applied(database, sandbox)
    settings = Settings(state_folder=tmp_path, public_url="https://shop.example")
    async with client_of(database, sandbox, informing.operations(settings)) as client:
        made = await client.post(f"{AT}/links", json={"team": "web", "title": "Web"})
        assert made.status_code == 201
        url = made.json()["url"]
        assert url.startswith("https://shop.example/status/msl_")
        listed = (await client.get(f"{AT}/links")).json()["data"]
        assert [(one["id"], one["url"]) for one in listed] == [(made.json()["id"], None)]
        gone = await client.post(f"{AT}/links/{made.json()['id']}/revoke")
        assert gone.json()["revoked_at"] is not None
        refused = await client.post(f"{AT}/links", json={"team": "nobody"})
        assert (refused.status_code, refused.json()["code"]) == (404, "team_not_found")


async def test_the_status_reads_as_the_page_does(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    await applied(database, sandbox)
    made = informing.operations(Settings(state_folder=tmp_path))
    async with client_of(database, sandbox, made) as client:
        shown = (await client.get(AT, params={"team": "search"})).json()
        assert [route["route"] for route in shown["routes"]] == ["product"]
        assert shown["milestones"][0]["standing"] == "on_time"
        missing = await client.get("/v1/migration_status/other")
        assert missing.json()["code"] == "plan_not_found"


async def test_notices_are_listed_with_each_try(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    worker = worker_of(database, handlers(tmp_path))
    await applied(database, sandbox)
    await worker.run_due()
    made = informing.operations(Settings(state_folder=tmp_path))
    async with client_of(database, sandbox, made) as client:
        listed = (await client.get(f"{AT}/notices", params={"limit": 2})).json()
        assert listed["has_more"]
        rest = await client.get(f"{AT}/notices", params={"cursor": listed["next_cursor"]})
        every = [*listed["data"], *rest.json()["data"]]
        assert sorted(one["team"] for one in every) == ["pay", "search", "web"]
        [mail] = next(one for one in every if one["team"] == "web")["deliveries"]
        assert mail["state"] == "not_sent"
        [hook] = next(one for one in every if one["team"] == "search")["deliveries"]
        assert [one["is_delivered"] for one in hook["attempts"]] == [False]
        web = next(one for one in every if one["team"] == "web")
        again = await client.post(f"{AT}/notices/{web['id']}/send_again")
        assert again.json()["deliveries"][0]["state"] == "waiting"


async def test_a_secret_is_revealed_and_changed(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    await applied(database, sandbox)
    made = informing.operations(Settings(state_folder=tmp_path))
    async with client_of(database, sandbox, made) as client:
        path = f"{AT}/teams/search/secret"
        first = (await client.post(path, json={})).json()["secret"]
        assert first.startswith("whsec_")
        assert (await client.post(path, json={})).json()["secret"] == first
        changed = (await client.post(path, json={"rotate": True})).json()["secret"]
        assert changed != first
    async with database.transaction(sandbox) as tx:
        kept = await tx.value(
            "select sealed from migration.team_secrets where marketplace_id = %(marketplace_id)s"
        )
    assert changed.removeprefix("whsec_").encode() not in bytes(kept)


async def test_boxes_are_ticked(database: Database, sandbox: UUID, tmp_path: Path) -> None:
    await applied(database, sandbox)
    made = informing.operations(Settings(state_folder=tmp_path))
    async with client_of(database, sandbox, made) as client:
        path = f"{AT}/routes/product/documents/rollback"
        [box] = (await client.get(path)).json()["items"]
        assert (box["text"], box["is_done"]) == ("Say so in the channel", False)
        ticked = await client.post(f"{path}/ticks", json={"item": 0, "text": box["text"]})
        assert ticked.json()["items"][0]["is_done"]
        refused = await client.post(f"{path}/ticks", json={"item": 0, "text": "Other"})
        assert refused.json()["code"] == "checklist_item_not_found"
        missing = await client.get(f"{AT}/routes/product/documents/poem")
        assert missing.status_code == 404
