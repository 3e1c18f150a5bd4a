"""`banyan migrate` as people call it."""

import socket
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest

from banyan.kernel import SystemClock
from banyan.migration import ControlFolder, Phase, RouteStanding
from banyan.migration.control import Remembered
from tests.migration.plans import plan_text, route
from tests.test_cli import Banyan, assert_refused, banyan, market

__all__ = ["banyan", "market"]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "migration.yaml"
    path.write_text(plan_text())
    return path


def test_a_plan_is_checked_without_a_database(banyan: Banyan, plan: Path) -> None:
    said = banyan("migrate", "validate", str(plan))
    assert (said.code, said.err) == (0, "")
    assert said.out == f"{plan}: shop is sound: 2 routes.\n"


def test_every_fault_is_a_line_that_an_editor_can_jump_to(banyan: Banyan, plan: Path) -> None:
    plan.write_text(plan_text(routes=[route(owner="x", dependents=["y"])]))
    said = banyan("migrate", "validate", str(plan))
    assert (said.code, said.out) == (2, "")
    first, second, last = said.err.splitlines()
    assert first.startswith(f"{plan}:")
    assert "routes[0].owner: There is no team x" in first
    assert "routes[0].dependents[0]: There is no team y" in second
    assert last == f"banyan: {plan} has 2 faults."


def test_what_only_envoy_can_refuse_is_told_with_its_route(market: Banyan, plan: Path) -> None:
    odd = route(name="odd", path=None, regex="/x/[0-9]+\\Z")  # Python's, and not RE2's
    plan.write_text(plan_text(routes=[route(), odd, route(name="last", path="/last")]))
    for words in (["validate"], ["plan"], ["apply", "--why", "Begin", "--yes"]):
        said = market("migrate", words[0], str(plan), *words[1:])
        assert_refused(said, "Envoy would refuse the route 'odd': ", "\\Z")
    assert_refused(market("migrate", "status"), "No plan was applied")


def test_a_plan_is_compared_applied_once_and_shown(market: Banyan, plan: Path) -> None:
    said = market("migrate", "plan", str(plan))
    assert "+ route catalogue: GET /product/{id} → candidate, owner web" in said.out
    assert_refused(market("migrate", "status"), "No plan was applied", "`banyan migrate apply`")
    said = market("migrate", "apply", str(plan), "--why", "Begin", "--yes")
    assert said.out.endswith("Version 1 of shop holds from now on.\n")
    said = market("migrate", "apply", str(plan), "--why", "Begin", "--yes")
    assert said.out == "shop: nothing would change.\nVersion 1 of shop holds already.\n"
    said = market("migrate", "status")
    assert "No control plane has led it yet" in said.out
    shown = msgspec.json.decode(market("migrate", "status", "--json").out)
    assert [(each["route"], each["phase"]) for each in shown["routes"]] == [
        ("catalogue", "legacy"),
        ("rest", "legacy"),
    ]


def test_the_status_names_sides_that_can_not_be_reached(
    market: Banyan, plan: Path, database_url: str
) -> None:
    market("migrate", "apply", str(plan), "--why", "Begin", "--yes")
    down = "legacy can't be reached at 10.0.0.5:8080: Connection refused."
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            insert into migration.controllers
              (marketplace_id, plan_id, holder, beat_at, version, data_plane, says)
            select marketplace_id, plan_id, 'host/1', now(), 1,
              jsonb_build_object('listen', '127.0.0.1:8080', 'unreached', jsonb_build_array(%s::text)),
              ''
            from migration.plans
            """,
            [down],
        )
    assert down in market("migrate", "status").out
    said = market("migrate", "advance", "catalogue", "--why", "Go", "--by", "ana").out
    assert "The control plane host/1 hasn't said within" in said


def test_applying_asks_and_takes_no_for_an_answer(market: Banyan, plan: Path) -> None:
    said = market("migrate", "apply", str(plan), "--why", "Begin", stdin="n\n")
    assert said.code == 130
    assert_refused(market("migrate", "status"), "No plan was applied")


def test_a_rollback_that_nobody_carries_out_says_so(market: Banyan, plan: Path) -> None:
    market("migrate", "apply", str(plan), "--why", "Begin", "--yes")
    said = market("migrate", "advance", "catalogue", "--why", "Go", "--by", "ana")
    assert said.out.startswith("catalogue is in shadow.\nIt takes effect once a control plane")
    said = market("migrate", "advance", "catalogue", "--why", "Go")
    assert_refused(said, "nobody has judged it", "banyan gateway")
    market("migrate", "advance", "catalogue", "--why", "Go", "--force")
    said = market("migrate", "rollback", "catalogue", "--why", "Bad", "--by", "ana")
    assert (said.code, said.out) == (1, "")
    assert "NOT IN EFFECT" in said.err
    said = market("migrate", "rollback", "catalogue", "--why", "Bad")
    assert said.out == "catalogue is rolled back already, and held.\n"
    said = market("migrate", "history", "--route", "catalogue", "--limit", "1")
    assert "catalogue rolled_back canary 1 % → shadow 0 %, by ana: Bad (not in effect" in said.out
    assert market("migrate", "release", "catalogue", "--why", "Ok").out == (
        "catalogue is released.\n"
    )


def test_without_a_database_and_a_data_plane_here_a_rollback_says_what_is_missing(
    banyan: Banyan,
) -> None:
    assert_refused(banyan("migrate", "rollback", "catalogue", "--why", "Bad"), "No database runs")


def test_a_rollback_does_not_wait_for_a_database_that_says_nothing(
    banyan: Banyan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("BANYAN_DATABASE_URL", f"postgresql://a@127.0.0.1:{port}/b")
        said = banyan("migrate", "rollback", "catalogue", "--why", "Bad")
    assert_refused(said, "has not answered within 3 s")


def test_a_rollback_does_not_wait_for_a_database_that_hangs(
    market: Banyan, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("lock table runtime.marketplaces in access exclusive mode")
        said = market("migrate", "rollback", "catalogue", "--why", "Bad")
        assert_refused(said, "has not answered within 3 s")


def test_what_the_database_says_holds_over_what_is_known_here(
    market: Banyan, tmp_path: Path
) -> None:
    kept = ControlFolder(tmp_path / "var" / "gateway" / "shop-1")
    kept.prepare()
    standing = RouteStanding(
        uuid4(), "catalogue", Phase.RAMP, 5_000, "legacy", 0, 4, 4, SystemClock().now()
    )
    kept.remember(
        Remembered(
            marketplace_id=uuid4(),
            plan_id=standing.plan_id,
            version=1,
            document={"plan": "shop"},
            standings={"catalogue": standing},
        )
    )
    assert_refused(
        market("migrate", "rollback", "catalogue", "--why", "Bad"), "No plan was applied"
    )
    assert kept.orders() == []


def test_the_gateway_says_what_it_lacks(market: Banyan) -> None:
    assert_refused(market("gateway"), "No plan was applied")
    assert_refused(market("gateway", "--stop"), "no one data plane to end: none runs here")
