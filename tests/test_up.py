"""`banyan up`, started for real: what it says, what it leaves behind, how it goes on."""

import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.simulation.machine import Machine, copy_orders, is_alive, machine_in, until

pytestmark = pytest.mark.slow

ORDERS = 40
PASSWORD = "correct horse battery"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with machine_in(tmp_path) as prepared:
        yield prepared


def _figures(said: str) -> dict[str, str]:
    """The summary's first column and the one beside it."""
    table = said[said.index("\nOrders in ") : said.index("\nHuman touches")]
    rows = [re.split(r" {2,}", line.strip()) for line in table.splitlines() if line.strip()]
    return {name: figure for name, figure, *_ in rows}


def test_an_empty_start_says_how_to_begin(machine: Machine) -> None:
    machine.start("--no-demo")
    said = machine.until_ready()
    assert f"Console   {machine.url}/console\n" in said
    assert f"API docs  {machine.url}/docs\n" in said
    assert "examples/olist" not in said
    assert httpx.get(f"{machine.url}/health/ready").json() == {"status": "ok"}
    assert httpx.get(f"{machine.url}/docs").status_code == 200
    assert "sign-in" in str(httpx.get(f"{machine.url}/console", follow_redirects=True).url)

    add_user = machine.find(r"^the first administrator +(.+)$")
    added = machine.run(add_user, f"{PASSWORD}\n")
    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout == f"you@example.com may sign in as admin at {machine.url}/console\n"

    made = machine.run(machine.find(r"^the first key +(.+)$"))
    assert (made.returncode, made.stderr) == (0, "")
    key = {"Authorization": f"Bearer {made.stdout.strip()}"}
    market = httpx.get(f"{machine.url}/v1/marketplace", headers=key)
    assert market.status_code == 200
    assert market.json()["livemode"] is False
    assert httpx.get(f"{machine.url}/v1/orders", headers=key).json()["data"] == []

    verified = machine.run(add_user.partition(" users ")[0] + " ledger verify")
    assert (verified.returncode, verified.stdout.count("sound")) == (0, 2)


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_and_leaves_no_process(machine: Machine, order: signal.Signals) -> None:
    machine.start("--no-demo")
    machine.until_ready()
    pids = machine.pids()
    assert sorted(pids) == ["api", "postgres", "supervisor", "worker"]
    assert machine.stop(order, timeout_s=30) == 0
    assert [name for name, pid in pids.items() if is_alive(pid)] == []
    assert "Traceback" not in machine.said()


def test_it_stops_in_the_middle_of_its_start(machine: Machine) -> None:
    machine.start("--no-demo")
    machine.until_said("PostgreSQL: embedded")
    postgres = machine.pid_of("postgres")
    assert postgres is not None
    assert machine.stop(timeout_s=30) == 0
    assert not is_alive(postgres)
    assert "Traceback" not in machine.said()


def test_a_busy_port_is_one_sentence(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        machine.start("--no-demo")
        assert machine.process is not None
        assert machine.process.wait(60) == 2
    assert machine.said() == (
        f"banyan: Port {machine.port} is in use by another program: "
        "choose another with `make up PORT=9000`.\n"
    )
    assert machine.pid_of("postgres") is None


def test_a_folder_that_can_not_be_is_one_sentence(machine: Machine) -> None:
    (machine.folder / "var").write_text("not a folder")
    machine.start("--no-demo")
    assert machine.process is not None
    assert machine.process.wait(60) == 2
    assert machine.said() == (
        f"banyan: The folder {machine.folder / 'var'} can't be made: File exists.\n"
    )


def test_a_second_start_in_the_same_folder_says_who_runs(machine: Machine) -> None:
    machine.start("--no-demo")
    machine.until_ready()
    second = machine.run(f"'{sys.executable}' -m banyan up --no-demo --port 1")
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.count("\n") == 1
    assert f"already running in {machine.folder / 'var'}" in second.stderr
    assert f"process {machine.pids()['supervisor']}" in second.stderr
    assert httpx.get(f"{machine.url}/health/ready").is_success


def test_the_next_start_goes_on_with_the_same_data(machine: Machine) -> None:
    machine.start("--no-demo")
    machine.until_ready()
    key = machine.run(machine.find(r"^the first key +(.+)$")).stdout.strip()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one"}
    seller = httpx.post(
        f"{machine.url}/v1/sellers",
        headers=headers,
        json={"name": "Ann", "country": "DE", "region": "BE", "currency": "EUR"},
    )
    assert seller.status_code == 201, seller.text
    assert machine.stop() == 0

    machine.start("--no-demo")
    assert "Schema: current." in machine.until_ready()
    found = httpx.get(f"{machine.url}/v1/sellers", headers=headers).json()["data"]
    assert [row["id"] for row in found] == [seller.json()["id"]]
    assert machine.value("select count(*) from runtime.marketplaces") == 2


def test_after_kill_9_the_next_start_adopts_postgresql(machine: Machine) -> None:
    machine.start("--no-demo")
    machine.until_ready()
    before = machine.pids()
    machine.kill("supervisor")
    until(lambda: not is_alive(before["api"]), "the API has died with the supervisor")
    until(lambda: not is_alive(before["worker"]), "the worker has died with the supervisor")
    assert is_alive(before["postgres"])

    machine.start("--no-demo")
    machine.until_ready()
    after = machine.pids()
    assert after["postgres"] == before["postgres"]
    assert not {after["api"], after["worker"]} & set(before.values())
    assert machine.stop() == 0
    assert not is_alive(after["postgres"])


def test_a_process_that_dies_is_started_again(machine: Machine) -> None:
    machine.start("--no-demo")
    machine.until_ready()
    for name in ("worker", "api"):
        old = machine.kill(name)
        until(lambda name=name, old=old: machine.pid_of(name) not in (None, old), f"a new {name}")
        assert f"{name} ended (SIGKILL); starting it again." in machine.said()
    until(lambda: _answers(machine), "the new API answers")


def test_the_demo_tells_the_same_story_twice(machine: Machine) -> None:
    copy_orders(machine.folder, ORDERS)
    machine.start()
    said = machine.until_ready()
    figures = _figures(said)
    assert figures["Ledger balanced"] == "yes"
    assert figures["Orders in"] == str(ORDERS)
    assert figures["Money taken"].startswith("R$")
    assert "calls were refused" not in said
    assert "jobs failed" not in said

    curl = machine.run(machine.find(r"^Try it +(.+)$"))
    assert curl.returncode == 0, curl.stderr
    assert '"object":"order"' in curl.stdout
    link = machine.find(r"^Console +(\S+)$")
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(link).status_code == 200
    entries = machine.value("select count(*) from ledger.transfers")
    assert machine.stop() == 0

    machine.start()
    again = machine.until_ready()
    assert _figures(again) == figures
    assert f"0 placed now, {ORDERS} before" in again
    assert machine.value("select count(*) from ledger.transfers") == entries
    assert machine.value("select count(*) from orders.orders") == ORDERS
    key = r"^API key +(\S+)$"
    assert machine.find(key) in said, "the same key as before"


def test_a_demo_key_of_another_database_is_made_anew(machine: Machine) -> None:
    """As after moving var/postgres away, to start anew."""
    (machine.folder / "var").mkdir()
    (machine.folder / "var/demo-key.json").write_text('{"api_key": "bk_test_of_another_time"}')
    machine.start()
    said = machine.until_ready()
    assert "bk_test_of_another_time" not in said
    assert "examples/olist is not here, so there is nothing to replay." in said
    headers = {"Authorization": f"Bearer {machine.find(r'^API key +(.+)$')}"}
    assert httpx.get(f"{machine.url}/v1/marketplace", headers=headers).status_code == 200


def _answers(machine: Machine) -> bool:
    try:
        return httpx.get(f"{machine.url}/health/ready").is_success
    except httpx.TransportError:
        return False
