"""The shop's way to its database: a connection a thread, a query at a time."""

import sqlite3
import threading
import time
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_BUSY_S = 20


class Database:
    """Runs queries; each waits ``delay_s`` first, as if the database stood in another rack."""

    def __init__(self, path: Path, delay_s: float = 0.0) -> None:
        self._path = path
        self._delay_s = delay_s
        self._local = threading.local()
        self._opened: set[sqlite3.Connection] = set()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._opened)

    @property
    def queries(self) -> int:
        """How many this thread has run."""
        return getattr(self._local, "queries", 0)

    def all(self, query: str, *values: Any) -> list[Row]:
        self._local.queries = self.queries + 1
        if self._delay_s:
            time.sleep(self._delay_s)
        return [dict(row) for row in self._connection().execute(query, values)]

    def one(self, query: str, *values: Any) -> Row | None:
        return next(iter(self.all(query, *values)), None)

    def the(self, query: str, *values: Any) -> Row:
        """The one row that is always there."""
        [row] = self.all(query, *values)
        return row

    def run(self, query: str, *values: Any) -> int:
        """The id of what was inserted, where something was."""
        self._local.queries = self.queries + 1
        if self._delay_s:
            time.sleep(self._delay_s)
        return self._connection().execute(query, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Generator[None]:
        connection = self._connection()
        connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")

    def close_all(self) -> None:
        for connection in [*self._opened]:
            self._close(connection)

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(
                self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            found.row_factory = sqlite3.Row
            found.execute("pragma synchronous = normal")
            self._local.connection = found
            self._opened.add(found)
            weakref.finalize(threading.current_thread(), self._close, found)
        return found

    def _close(self, connection: sqlite3.Connection) -> None:
        self._opened.discard(connection)
        connection.close()
