"""Schema changes: one ordered sequence of SQL files, each applied once and never edited again.

Each file runs in a transaction of its own, with a lock timeout so that a change that waits for a
lock gives up in place of queueing every query behind it. An advisory lock lets only one process
apply changes; the others wait and find nothing to do.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import Connection
from psycopg.errors import LockNotAvailable, UndefinedTable
from psycopg.rows import TupleRow

from banyan.kernel import Conflict, Unavailable
from banyan.runtime.database import DatabaseUnavailable

_LOCK = 7_226_896_241
_CONNECT_TIMEOUT_S = 10
_RETRY_S = 0.2


class SchemaConflict(Conflict):
    code = "schema_conflict"
    title = "The database's schema is not ours"


class SchemaInUse(Unavailable):
    code = "schema_in_use"
    title = "The database is too busy for a schema change"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def schema_changes() -> list[SchemaChange]:
    """The changes that this version knows, in order."""
    files = resources.files("banyan.schema").iterdir()
    named = {file.name: file for file in files if file.name.endswith(".sql")}
    return [SchemaChange(name, named[name].read_text()) for name in sorted(named)]


def apply_schema(
    url: str, changes: Sequence[SchemaChange] | None = None, *, lock_timeout_s: float = 10
) -> list[str]:
    """Bring the database at ``url`` up to date; the names of the changes applied.

    ``changes`` are by default those that this version knows. ``SchemaConflict`` if one was edited
    after it had been applied, or if the database is ahead; ``SchemaInUse`` if a lock was not to be
    had for ``lock_timeout_s``: what was applied until then stays; ``DatabaseUnavailable``.
    """
    with _connect(url) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        try:
            connection.execute(f"set lock_timeout = {round(lock_timeout_s * 1000)}".encode())
            return _apply(connection, schema_changes() if changes is None else changes)
        except LockNotAvailable:
            raise SchemaInUse(
                f"A lock was not free within {lock_timeout_s} s; try again at a quieter time."
            ) from None
        finally:
            connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def check_schema(url: str, *, wait_s: float = 0) -> None:
    """``SchemaConflict`` if the database at ``url`` lacks changes that this version needs.

    ``DatabaseUnavailable`` if it can't be reached, after ``wait_s`` for a server that starts up.
    """
    with _connect(url, wait_s) as connection:
        try:
            rows = connection.execute("select name from runtime.schema_changes").fetchall()
        except UndefinedTable:
            rows = []
    missing = {change.name for change in schema_changes()} - {str(name) for (name,) in rows}
    if missing:
        raise SchemaConflict(
            f"The database lacks schema changes ({len(missing)}, from {min(missing)} on): "
            "run `banyan schema`, which applies them."
        )


def _connect(url: str, wait_s: float = 0) -> Connection[TupleRow]:
    give_up_s = time.monotonic() + wait_s
    while True:
        try:
            return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S)
        except psycopg.ProgrammingError as error:
            raise DatabaseUnavailable(
                f"That is no address of a database: {_first_line(error)}"
            ) from None
        except psycopg.OperationalError as error:
            if time.monotonic() >= give_up_s:
                said = _first_line(error)
                raise DatabaseUnavailable(f"The database can't be reached: {said}") from None
        time.sleep(_RETRY_S)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _apply(connection: Connection[TupleRow], changes: Sequence[SchemaChange]) -> list[str]:
    connection.execute("create schema if not exists runtime")
    connection.execute(
        """
        create table if not exists runtime.schema_changes (
          name       text primary key,
          checksum   text not null,
          applied_at timestamptz not null default now()
        )
        """
    )
    rows = connection.execute("select name, checksum from runtime.schema_changes").fetchall()
    applied = {str(name): str(checksum) for name, checksum in rows}
    _check(changes, applied)
    new = [change for change in changes if change.name not in applied]
    for change in new:
        with connection.transaction():
            connection.execute(change.sql.encode())
            connection.execute(
                "insert into runtime.schema_changes (name, checksum) values (%s, %s)",
                (change.name, change.checksum),
            )
    return [change.name for change in new]


def _check(changes: Sequence[SchemaChange], applied: dict[str, str]) -> None:
    known = {change.name: change.checksum for change in changes}
    for name, checksum in applied.items():
        if name not in known:
            raise SchemaConflict(
                f"The database has the schema change {name}, which this version does not know; "
                "run the newer version."
            )
        if known[name] != checksum:
            raise SchemaConflict(
                f"The schema change {name} was edited after it had been applied; "
                "put the file back and add a new change."
            )
