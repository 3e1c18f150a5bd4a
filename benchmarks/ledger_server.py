"""A database for the benchmarks of the ledger: on a server that is named, or on one of its own."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from banyan.runtime import local


@dataclass(frozen=True, slots=True)
class Meter:
    """Processor time of this process, and of the server and its children if its id is known."""

    server_pid: int | None

    def cpu_s(self) -> float:
        total = time.process_time()
        if self.server_pid is not None:
            server = psutil.Process(self.server_pid)
            for process in (server, *server.children()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    total += times.user + times.system
        return total


@contextlib.contextmanager
def server(url: str | None) -> Iterator[tuple[str, Meter]]:
    """A new database on the given server, or on one that is started for it in a temporary folder."""
    if url is None:
        with tempfile.TemporaryDirectory() as folder:
            started = local.start(Path(folder) / "postgres", durable=True)
            try:
                yield started.url, Meter(started.pid)
            finally:
                started.stop()
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop database if exists banyan_benchmark with (force)")
        connection.execute("create database banyan_benchmark")
    yield urlunsplit(urlsplit(url)._replace(path="/banyan_benchmark")), Meter(None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop database banyan_benchmark with (force)")
