"""The embedded server: who gets in, what it leaves alone, and what it says when it can't start."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from banyan.runtime.local import LocalServer, StartError, find_server, start
from banyan.runtime.local.user import LAUNCH

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: tries other users of the machine"
)
as_other = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an initialized cluster; each test that starts it leaves it stopped."""
    place = tmp_path_factory.mktemp("home")
    place.chmod(0o700)
    folder = place / "var" / "postgres"
    start(folder, durable=False).stop()
    yield folder
    if server := find_server(folder):
        server.stop()


@pytest.fixture
def server(cluster: Path) -> Iterator[LocalServer]:
    started = start(cluster, durable=False)
    yield started
    started.stop()


def test_a_server_answers_in_utc_and_utf8(server: LocalServer) -> None:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(
            "select current_database(), current_setting('timezone'),"
            " current_setting('server_encoding'), current_setting('listen_addresses')"
        ).fetchone()
    assert row == ("banyan", "UTC", "UTF8", "")


def test_a_running_server_is_adopted(server: LocalServer) -> None:
    assert start(server.folder) == server
    assert find_server(server.folder) == server


def test_a_stopped_server_is_gone_and_its_data_is_not(cluster: Path) -> None:
    server = start(cluster, durable=False)
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept as select 42 as answer")
    server.stop()
    assert not server.is_running()
    assert find_server(cluster) is None
    server = start(cluster, durable=False)
    with psycopg.connect(server.url) as connection:
        assert connection.execute("table kept").fetchone() == (42,)
        connection.execute("drop table kept")
    server.stop()


def test_a_server_outlives_the_killed_process_that_started_it(cluster: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from banyan.runtime.local import start;"
        "print(start(Path(sys.argv[1]), durable=False).pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, cluster], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()
    adopted = start(cluster)
    assert adopted.pid == pid
    adopted.stop()


def test_a_killed_server_is_started_again(cluster: Path) -> None:
    server = start(cluster, durable=False)
    os.kill(server.pid, signal.SIGKILL)
    again = start(cluster, durable=False)
    assert again.pid != server.pid
    again.stop()


def test_a_stale_pid_file_that_names_another_program_is_no_hindrance(cluster: Path) -> None:
    pid_file = cluster / "data" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"], user=cluster.stat().st_uid) as bystander:
        pid_file.write_text(f"{bystander.pid}\n{cluster / 'data'}\n1700000000\n5432\n")
        server = start(cluster, durable=False)
        server.stop()
        assert bystander.poll() is None
        bystander.kill()


def test_no_permission_outside_the_folder_changes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    outside = [tmp_path, home, *Path(sys.prefix).parents, Path(sys.prefix)]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in outside]
    server = start(home / "postgres", durable=False)
    server.stop()
    assert [(path.stat().st_mode, path.stat().st_uid) for path in outside] == before
    for place in (server.folder, server.folder / "data", server.socket):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user of the machine can come to."""
    with tempfile.TemporaryDirectory(prefix="banyan-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@as_root
def test_no_other_user_gets_in(public: Path) -> None:
    server = start(public / "postgres", durable=False)
    try:
        status = Path(f"/proc/{server.pid}/status").read_text()
        uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        assert "0" not in uids
        connect = (
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])",
            f"{server.socket}/.s.PGSQL.5432",
        )
        assert _run_as(0, *connect).returncode == 0
        refused = _run_as(65534, *connect)
        assert "PermissionError" in refused.stderr
    finally:
        server.stop()


@as_root
def test_a_server_has_no_privilege_where_it_needs_none(public: Path) -> None:
    """It reads past permissions only if its folder or its binaries are behind closed doors."""
    server = start(public / "postgres", durable=False)
    status = Path(f"/proc/{server.pid}/status").read_text()
    server.stop()
    held = next(line for line in status.splitlines() if line.startswith("CapPrm:"))
    doors = [*Path(sys.prefix).resolve().parents, *public.parents]
    is_open = all(door.stat().st_mode & 0o001 for door in doors)
    assert int(held.split()[1], 16) == (0 if is_open else 1 << 2)


def test_a_long_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / "postgres"
    server = start(folder, durable=False)
    try:
        assert len(str(server.socket)) < 40
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        with psycopg.connect(server.url) as connection:
            connection.execute("select 1")
        assert start(folder) == server
    finally:
        server.stop()
    assert start(folder, durable=False).socket == server.socket
    (found := find_server(folder)) and found.stop()
    server.socket.rmdir()


def test_data_of_another_version_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartError, match="PostgreSQL 15, and this Banyan brings PostgreSQL 18"):
        start(tmp_path / "postgres")


def test_a_damaged_cluster_is_told_in_one_sentence(cluster: Path) -> None:
    control = cluster / "data" / "global" / "pg_control"
    aside = control.with_name("aside")
    control.rename(aside)
    try:
        with pytest.raises(StartError, match=r"PostgreSQL did not start: .*log is"):
            start(cluster)
    finally:
        aside.rename(control)


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = start(tmp_path / "postgres", durable=False)
    server.stop()
    assert not half.exists()


@as_other
def test_an_unwritable_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartError, match="can't be used by this user"):
        start(tmp_path / "postgres")


def test_a_file_in_place_of_the_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("")
    with pytest.raises(StartError, match="can't be used by this user"):
        start(tmp_path / "postgres")


def _run_as(uid: int, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    python = ["/usr/bin/python3", "-c", program, *arguments]
    demoted = [sys.executable, "-I", "-S", LAUNCH, "as-user", str(uid), "-1", *python]
    return subprocess.run(demoted if uid else python, capture_output=True, text=True, check=False)
