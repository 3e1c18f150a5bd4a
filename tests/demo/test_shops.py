"""The demo's plan and ports."""

import socket
from datetime import date
from pathlib import Path

import pytest

from banyan.demo import shops
from banyan.demo.shops import Report, Shops
from banyan.migration import read_plan
from banyan.runtime.local import StartError

ROOT = Path(__file__).parents[2]
TODAY = date(2027, 2, 3)


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("checkout")
def test_the_plan_as_it_stands_is_sound() -> None:
    read = read_plan(shops.PLAN_FILE.read_text(), date(2026, 11, 25))
    assert read.faults == ()


@pytest.mark.usefixtures("checkout")
def test_the_plan_follows_ports_and_today(tmp_path: Path) -> None:
    source = Shops(tmp_path, 1001, 1002, 1003).plan(TODAY)
    read = read_plan(source, TODAY)
    assert read.faults == ()
    plan = read.plan
    assert plan is not None
    assert plan.gateway.listen == "127.0.0.1:1001"
    assert (plan.legacy, *plan.candidates.values()) == (
        "http://127.0.0.1:1002",
        "http://127.0.0.1:1003",
    )
    assert [milestone.on.year for milestone in plan.milestones] == [2027, 2027]
    assert all(TODAY < freeze.start.date() < freeze.end.date() for freeze in plan.freezes)


def test_a_port_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "left").touch()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", shops.LEGACY_PORT))
            taken.listen()
        except OSError:
            pass  # it is taken by somebody else
        chosen = shops.choose(folder)
    assert chosen.legacy_port != shops.LEGACY_PORT
    assert len({chosen.gateway_port, chosen.legacy_port, chosen.new_port}) == 3
    assert list(folder.iterdir()) == []


def test_outside_of_a_checkout_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StartError, match="the demo runs in a checkout"):
        shops.check_checkout()


def test_a_report_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert Shops(tmp_path, 1, 2, 3).report() == Report()
