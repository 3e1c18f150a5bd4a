"""Data sets over HTTP and on the command line."""

import asyncio
from uuid import UUID

import pytest
from click.testing import CliRunner

from banyan.cli import cli
from banyan.kernel import NotFound
from banyan.movement import DATA_SET, set_id_of
from banyan.runtime import Database
from tests.conftest import client_for
from tests.movement.conftest import CUSTOMERS, PLAN, Move, customers

pytestmark = pytest.mark.parametrize("source", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def chosen(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANYAN_DATABASE_URL", database_url)


def say(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["migrate", "data", *arguments, "--marketplace", "sandbox"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


async def _in_thread(*arguments: str) -> tuple[int, str]:
    """Commands have an event loop of their own."""
    return await asyncio.to_thread(say, *arguments)


async def test_the_commands_tell_and_ask(move: Move, sandbox: UUID) -> None:
    move.marketplace_id = sandbox  # whose clock every process sees alike
    with pytest.raises(NotFound):
        await _in_thread("status")
    customers(move.source, move.target, 6)
    await move.declare(CUSTOMERS)
    code, said = await _in_thread("status")
    assert (code, "it hasn't begun" in said) == (1, True)
    assert "changes are caught" in (await _in_thread("install"))[1]
    mover = await move.mover()
    await move.settle(mover)
    code, said = await _in_thread("status", "--plan", "shop")
    assert code == 0
    assert "customers is verified: 6 rows alike" in said
    move.target.script(
        "alter table customers disable trigger user", "delete from customers where id = 2"
    )
    await _in_thread("verify", "--set", "customers")
    await move.settle(mover)
    code, said = await _in_thread("status", "--differences")
    assert (code, "missing [2]" in said) == (1, True)
    assert "repairs 1 row." in (await _in_thread("repair"))[1]
    await move.settle(mover)
    assert (await _in_thread("status"))[0] == 0
    await _in_thread("restart", "--set", "customers")
    assert "it hasn't begun" in (await _in_thread("status"))[1]
    assert "nothing of ours" in (await _in_thread("remove", "--yes"))[1]
    await move.declare({**CUSTOMERS, "name": "others"})
    with pytest.raises(NotFound, match="there are others"):
        await _in_thread("status", "--set", "customers")
    assert (
        "customers: nothing of ours"
        in (await _in_thread("remove", "--set", "customers", "--yes"))[1]
    )
    await move.declare(CUSTOMERS)
    with pytest.raises(NotFound, match="there are customers"):
        await _in_thread("status", "--set", "nosuch")


async def test_sets_are_read_over_http(move: Move, database: Database, live: UUID) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    move.target.script(
        "alter table customers disable trigger user", "delete from customers where id = 2"
    )
    await move.verify(mover)
    set_id = DATA_SET.text(set_id_of(PLAN, "customers"))
    async with client_for(database, live) as client:
        [listed] = (await client.get("/v1/data_sets")).json()["data"]
        fetched = (await client.get(f"/v1/data_sets/{set_id}")).json()
        [finding] = (await client.get(f"/v1/data_sets/{set_id}/findings")).json()["data"]
        unknown = await client.get(f"/v1/data_sets/{DATA_SET.text(PLAN)}")
    assert listed == fetched
    assert (fetched["id"], fetched["phase"], fetched["is_verified"]) == (set_id, "following", False)
    assert fetched["progress"]["rows_done"] == 5
    assert "1 row differs" in fetched["reason"]
    assert (finding["kind"], finding["key"]) == ("missing", [2])
    assert (unknown.status_code, unknown.json()["code"]) == (404, "data_set_not_found")
