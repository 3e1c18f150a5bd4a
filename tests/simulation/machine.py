"""A machine of its own for `banyan up`: a folder, a free port, and the processes that run there."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from banyan.runtime import Settings, describe
from banyan.runtime.local import find_server

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
"""For anything to happen: many times what it takes on a quiet machine."""

_POLL_S = 0.02


def until(is_so: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait for another process to have done something."""
    give_up_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < give_up_s, f"not after {timeout_s:.0f} s: {what}"
        time.sleep(_POLL_S)


def is_alive(pid: int) -> bool:
    """Running, and not only waiting for somebody to ask for its exit code."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def copy_orders(folder: Path, count: int) -> None:
    """Put the first ``count`` orders of the example where `banyan up` looks for them."""
    source, target = ROOT / "examples/olist", folder / "examples/olist"
    shutil.copytree(source, target)
    lines = (source / "orders.csv").read_text().splitlines(keepends=True)
    (target / "orders.csv").write_text("".join(lines[: count + 1]))


@dataclass
class Machine:
    """`banyan up` in a folder: started, watched, stopped and killed as often as one likes."""

    folder: Path
    port: int = field(default_factory=free_port)
    starts: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """This process's, with no setting but the folder."""
        ours = {row.variable for row in describe(Settings())}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return {**kept, "BANYAN_STATE_FOLDER": str(self.folder / "var"), "COLUMNS": "100"}

    def start(self, *arguments: str) -> None:
        """Begin `banyan up` on the port; ``said`` is what it says from now on."""
        self.starts += 1
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "banyan", "up", "--port", str(self.port), *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        return self._log.read_text()

    def until_said(self, words: str, timeout_s: float = PATIENCE_S) -> str:
        """Wait for ``words``; all that was said by then."""
        process = self._running()
        until(
            lambda: words in self.said() or process.poll() is not None,
            f"{words!r} in {self.said()}",
            timeout_s,
        )
        assert words in self.said(), f"ended without {words!r}: {self.said()}"
        return self.said()

    def until_ready(self) -> str:
        return self.until_said("Ctrl-C stops everything")

    def stop(self, order: signal.Signals = signal.SIGINT, timeout_s: float = 60) -> int:
        """Ask it to end, and wait; its exit code."""
        process = self._running()
        process.send_signal(order)
        code = process.wait(timeout_s)
        self.process = None
        return code

    def run(self, command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a line of shell, as somebody in another terminal would."""
        return subprocess.run(
            command, shell=True, cwd=self.folder, env=self.environment, input=stdin,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def pid_of(self, name: str) -> int | None:
        """The process called supervisor, api, worker or postgres, if there is one now."""
        if name == "supervisor":
            return self._running().pid
        if name == "postgres":
            server = find_server(self.folder / "var/postgres")
            return server.pid if server else None
        command = {"api": "serve", "worker": "work"}[name]
        for child in _children(self._running().pid):
            if _words(child)[-1:] == [command]:
                return child
        return None

    def pids(self) -> dict[str, int]:
        """Every process of a machine that is ready; one that just execs is nameless for a moment."""
        names = ("supervisor", "api", "worker", "postgres")
        found: dict[str, int] = {}

        def are_there() -> bool:
            found.update({name: pid for name in names if (pid := self.pid_of(name)) is not None})
            return found.keys() == set(names)

        until(are_there, "every process runs")
        return found

    def kill(self, name: str) -> int:
        """`kill -9` a process, waiting for it to be there; the pid that it had."""
        until(lambda: self.pid_of(name) is not None, f"{name} runs")
        pid = self.pid_of(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        if name == "supervisor":
            self._running().wait(PATIENCE_S)
            self.process = None
        until(lambda: not is_alive(pid), f"{name} is dead")
        return pid

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says, asked as its owner."""
        server = find_server(self.folder / "var/postgres")
        assert server is not None, "no PostgreSQL runs"
        with psycopg.connect(server.url) as owner:
            return owner.execute(query.encode()).fetchall()

    def value(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def find(self, pattern: str) -> str:
        """The first group of a pattern in what was said."""
        found = re.search(pattern, self.said(), re.MULTILINE)
        assert found is not None, f"no {pattern} in {self.said()}"
        return found[1]

    @property
    def _log(self) -> Path:
        return self.folder / f"up-{self.starts}.out"

    def _running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None, "it is not running"
        return self.process


@contextmanager
def machine_in(folder: Path) -> Iterator[Machine]:
    """A machine of which nothing is left running at the end."""
    machine = Machine(folder)
    try:
        yield machine
    finally:
        if machine.process is not None:
            machine.process.kill()
            machine.process.wait(PATIENCE_S)
        if server := find_server(folder / "var/postgres"):
            server.stop()


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
