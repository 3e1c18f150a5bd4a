"""Keeps one Envoy running, whatever becomes of those who configure it: run as a script.

``keeper.py FOLDER DRAIN_S PROGRAM ARGUMENT…``

In FOLDER it keeps ``keeper.lock`` (held while it lives, with its pid), ``envoy.lock`` (held by Envoy
itself while that lives, with its pid), ``envoy.log`` and ``keeper.log``. SIGTERM drains Envoy, ends
it and ends the keeper; SIGHUP does so and starts Envoy anew.

Envoy asks the kernel to be killed with its parent. So it is started by a process that ends at once,
and outlives the keeper too: a new one adopts it. Whether it lives is told by the lock that it
inherited, which no other process's pid can be mistaken for.

A script of the standard library only, run with ``-I -S``: it stays small, and nothing of Banyan that
is broken or being upgraded can keep it from working.
"""

import contextlib
import fcntl
import os
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path

LOG_BYTES_MAX = 10_000_000
PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 5.0
STEADY_S = 10.0
CHECK_S = 0.2
CHECK_SURE_S = 2.0
"""Where the kernel tells of Envoy's end."""
TERM_WAIT_S = 10.0
BUSY = 75
"""Exit code: another keeper has this folder (EX_TEMPFAIL)."""


class Keeper:
    """The loop of one folder; ``stopping`` and ``restarting`` are set by signals."""

    def __init__(self, folder: Path, drain_s: float, command: list[str]) -> None:
        self.folder = folder
        self.drain_s = drain_s
        self.command = command
        self.stopping = False
        self.restarting = False
        self.wake_read, self.wake_write = os.pipe()
        os.set_blocking(self.wake_write, False)
        os.set_blocking(self.wake_read, False)
        signal.set_wakeup_fd(self.wake_write)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_restart)

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def _on_restart(self, *_: object) -> None:
        self.restarting = True

    def run(self) -> None:
        pause = PAUSE_FIRST_S
        while not self.stopping:
            pid = running(self.folder)
            began = time.monotonic()
            if pid is None:
                self._bound_log()
                pid = launch(self.folder, self.command)
                self.say(f"started Envoy {pid}")
            else:
                self.say(f"adopted Envoy {pid}")
            self._watch()
            if self.stopping or self.restarting:
                self.restarting = False
                self._end()
                continue
            if time.monotonic() - began > STEADY_S:
                pause = PAUSE_FIRST_S
            self.say(f"Envoy {pid} ended by itself; starting it again in {pause:.1f} s")
            self._sleep(pause)
            pause = min(pause * 2, PAUSE_MAX_S)

    def say(self, words: str) -> None:
        log = self.folder / "keeper.log"
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX // 10:
            log.replace(self.folder / "keeper.log.1")
        with log.open("a") as out:
            out.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {words}\n")

    def _watch(self) -> None:
        """Until Envoy ends or a signal comes."""
        ended = end_of(running(self.folder))
        try:
            while running(self.folder) is not None and not self.stopping and not self.restarting:
                self._sleep(CHECK_S if ended is None else CHECK_SURE_S, ended)
                self._bound_log()
        finally:
            if ended is not None:
                os.close(ended)

    def _sleep(self, at_most_s: float, ended: int | None = None) -> None:
        watched = [self.wake_read] if ended is None else [self.wake_read, ended]
        if self.wake_read in select.select(watched, [], [], at_most_s)[0]:
            os.read(self.wake_read, 1024)

    def _bound_log(self) -> None:
        """Keep Envoy's log from growing for ever; Envoy appends, so it goes on at the new end."""
        log = self.folder / "envoy.log"
        with contextlib.suppress(FileNotFoundError):
            if log.stat().st_size > LOG_BYTES_MAX:
                with log.open("rb+") as file:
                    file.seek(-LOG_BYTES_MAX // 2, os.SEEK_END)
                    (self.folder / "envoy.log.1").write_bytes(file.read())
                    file.truncate(0)

    def _end(self) -> None:
        pid = running(self.folder)
        if pid is None:
            return
        self._drain()
        for number, patience_s in ((signal.SIGTERM, TERM_WAIT_S), (signal.SIGKILL, TERM_WAIT_S)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            until = time.monotonic() + patience_s
            while running(self.folder) == pid and time.monotonic() < until:
                time.sleep(0.02)
            if running(self.folder) != pid:
                self.say(f"ended Envoy {pid}")
                return

    def _drain(self) -> None:
        """Let requests under way end, for as long as was said."""
        until = time.monotonic() + self.drain_s
        try:
            self._ask("POST", "/healthcheck/fail")
            self._ask("POST", "/drain_listeners?graceful&skip_exit")
            name = "http.edge.downstream_rq_active"
            while time.monotonic() < until:
                told = self._ask("GET", f"/stats?filter=^{name}$")
                if f"{name}: 0" in told:
                    return
                time.sleep(0.05)
        except OSError:
            return

    def _ask(self, method: str, path: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect((self.folder / "sockets" / "admin.sock").as_posix())
            head = f"{method} {path} HTTP/1.1\r\nHost: envoy\r\nConnection: close\r\n"
            connection.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())
            told = b""
            while part := connection.recv(65536):
                told += part
            return told.decode(errors="replace")


def running(folder: Path) -> int | None:
    """The pid of the Envoy that holds this folder's lock."""
    return holder(folder / "envoy.lock")


def end_of(pid: int | None) -> int | None:
    """A descriptor that can be read once the process has ended, where the kernel has such (Linux)."""
    if not pid or not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def holder(lock: Path) -> int | None:
    """The pid that holders write into their lock, if one holds it."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        words = os.read(descriptor, 100).split()
        return int(words[0]) if words else 0
    finally:
        os.close(descriptor)
    return None


def take(lock: Path, *, wait_s: float) -> int | None:
    """Hold a lock for as long as this process, and those that inherit it, live."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # perhaps only somebody who looks whether it is held
            if time.monotonic() > until:
                os.close(descriptor)
                return None
            time.sleep(0.01)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {time.monotonic_ns()}\n".encode(), 0)
            return descriptor


def launch(folder: Path, command: list[str]) -> int:
    """Start Envoy as nobody's child; returns its pid."""
    read, write = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(read)
        os.setsid()
        parent = os.getpid()
        if os.fork() == 0:
            _become(folder, command, parent, write)
        os._exit(0)
    os.close(write)
    os.waitpid(middle, 0)
    told = b""
    while part := os.read(read, 64):
        told += part
    os.close(read)
    return int(told or b"0")


def _become(folder: Path, command: list[str], parent: int, write: int) -> None:
    try:
        # The kernel's order to die with the parent must find the parent already gone.
        while os.getppid() == parent:
            time.sleep(0.001)
        lock = take(folder / "envoy.lock", wait_s=5)
        if lock is None:
            os._exit(BUSY)
        os.set_inheritable(lock, True)
        log = os.open(folder / "envoy.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        os.write(write, str(os.getpid()).encode())
        os.close(write)
        os.execv(command[0], command)  # noqa: S606 - the words are our own
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def main() -> int:
    """Become a keeper that is nobody's child; returns in whoever started it, once that stands."""
    folder = Path(sys.argv[1]).absolute()
    os.umask(0o077)
    os.chdir(folder)
    read, write = os.pipe()
    if os.fork() != 0:
        os.close(write)
        told = os.read(read, 1)
        return {b"+": 0, b"-": BUSY}.get(told, 1)
    os.close(read)
    os.setsid()
    is_ours = take(folder / "keeper.lock", wait_s=1) is not None
    os.write(write, b"+" if is_ours else b"-")
    os.close(write)
    if is_ours:
        Keeper(folder, float(sys.argv[2]), sys.argv[3:]).run()
        os.truncate(folder / "keeper.lock", 0)  # what is left of one that was killed tells it apart
    return 0


if __name__ == "__main__":
    sys.exit(main())
