"""A database of one side, whatever it is: statements run, rows as plain tuples.

The statements are made of the plan's tables. Values are never typed by SQLAlchemy: what the driver
gives is what the mapping sees.
"""

import re
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    SAWarning,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool, QueuePool

from banyan.movement.errors import SideUnavailable
from banyan.movement.model import Address, Row

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_BUSY_TIMEOUT_S = 30


class Refused(Exception):
    """A database has answered, and the answer is no: a constraint, a type, a right."""


class Session:
    """One transaction in a database of one side."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fetch(self, statement: Executable) -> list[Row]:
        return [tuple(row) for row in self._connection.execute(statement)]

    def columns_of(self, statement: Executable) -> list[str]:
        """The names of what a statement gives."""
        return list(self._connection.execute(statement).keys())

    def change(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run a statement, once for each of ``rows`` if given; how many rows it touched."""
        if rows is not None and not rows:
            return 0
        result = (
            self._connection.execute(statement)
            if rows is None
            else self._connection.execute(statement, rows)
        )
        return result.rowcount

    def query(self, text: str, parameters: tuple[Any, ...]) -> list[Row]:
        """Run a statement in the driver's own words."""
        result = self._connection.exec_driver_sql(text, parameters)
        return [tuple(row) for row in result] if result.returns_rows else []

    def command(self, text: str) -> None:
        """Run a statement as it is written, without parameters."""
        self._connection.exec_driver_sql(text, execution_options={"no_parameters": True})

    @property
    def driver(self) -> Any:
        """The driver's own connection, for what SQLAlchemy has no words for."""
        return self._connection.connection.driver_connection


class Side:
    """The database of one side. ``name`` is what people call it: source or target."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self.engine = engine

    @property
    def dialect(self) -> str:
        """``postgresql``, ``mysql`` (MariaDB too), ``sqlite``, or another of SQLAlchemy's."""
        return self.engine.dialect.name

    def quote(self, *names: str | None) -> str:
        """A name, with its schema before it, as the database wants it."""
        preparer = self.engine.dialect.identifier_preparer
        return ".".join(preparer.quote_identifier(name) for name in names if name)

    @contextmanager
    def reading(self) -> Generator[Session]:
        """A transaction that reads; it sees what was committed before it began, at least."""
        with _refusals(self.name), self.engine.connect() as connection:
            yield Session(connection)
            connection.rollback()

    @contextmanager
    def writing(self) -> Generator[Session]:
        with _refusals(self.name), self.engine.connect() as connection:
            if self.dialect == "sqlite":
                with _immediate(connection):
                    yield Session(connection)
            else:
                with connection.begin():
                    yield Session(connection)

    def inspect(self) -> Any:
        return inspect(self.engine)

    def close(self) -> None:
        self.engine.dispose()


def url_of(address: Address, environment: Mapping[str, str], side: str) -> str:
    """The URL that an address leads to; ``SideUnavailable`` if it isn't there."""
    if address.url_env is not None:
        url = environment.get(address.url_env, "").strip()
        if not url:
            raise SideUnavailable(f"Set {address.url_env} to the URL of the {side}'s database.")
        return url
    path = Path(address.url_file or "")
    try:
        return path.read_text().strip()
    except OSError as error:
        raise SideUnavailable(f"{path} can't be read: {error.strerror}.") from None


def open_side(name: str, url: str) -> Side:
    """A side by its URL; nothing is connected yet. ``SideUnavailable`` if that is no URL."""
    try:
        parsed = make_url(url)
        driver = _DRIVERS.get(parsed.drivername)
        if driver is not None:
            parsed = parsed.set(drivername=driver)
        backend = parsed.get_backend_name()
        engine = create_engine(
            parsed,
            pool_pre_ping=backend != "sqlite",
            poolclass=NullPool if backend == "sqlite" else QueuePool,
            **_options(backend),
        )
    except (ArgumentError, NoSuchModuleError):
        raise SideUnavailable(f"The address of the {name}'s database is no URL.") from None
    except ModuleNotFoundError as error:
        raise SideUnavailable(
            f"The {name}'s database needs the Python package {error.name}: install it."
        ) from None
    _listen(engine, backend)
    return Side(name, engine)


def _options(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        # Transactions are begun by hand, below.
        return {"connect_args": {"timeout": _BUSY_TIMEOUT_S, "isolation_level": None}}
    if backend == "mysql":
        # A snapshot that begins with the first read is all that is asked for.
        return {"connect_args": {"connect_timeout": 10, "charset": "utf8mb4"}}
    if backend == "postgresql":
        return {"connect_args": {"connect_timeout": 10, "application_name": "banyan_mover"}}
    return {}


class _Date(DateLoader):
    """A day; as it is written where Python has none like it (infinity, BC)."""

    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


class _Timestamp(TimestampLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


_LOADERS: Mapping[str, type[Loader]] = {
    "date": _Date,
    "timestamp": _Timestamp,
    "timestamptz": _Timestamptz,
}


def _listen(engine: Engine, backend: str) -> None:
    statements = {
        "mysql": (
            "set time_zone = '+00:00'",
            # Nothing is cut to fit in silence, and an id of 0 stays one.
            "set sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO')",
            "set @banyan_origin = 1",
            # What was committed meanwhile is seen by the next statement.
            "set session transaction isolation level read committed",
        ),
        "postgresql": ("set timezone = 'UTC'",),
    }.get(backend, ())

    def set_up(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        if backend == "postgresql":
            connection.commit()
            for name, loader in _LOADERS.items():
                connection.adapters.register_loader(name, loader)

    if statements:
        event.listen(engine, "connect", set_up)


@contextmanager
def _immediate(connection: Connection) -> Generator[None]:
    """SQLite takes its one lock for writing at once, or two who read first would block each other."""
    connection.exec_driver_sql("begin immediate")
    try:
        yield
        connection.exec_driver_sql("commit")
    except BaseException:
        connection.exec_driver_sql("rollback")
        raise


@contextmanager
def _refusals(name: str) -> Generator[None]:
    """Tell a database that can't be reached from one that refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            yield
    except (DBAPIError, psycopg.Error) as error:
        what = said(error)
        if _is_refused(error):
            raise Refused(what) from error
        raise SideUnavailable(f"The {name}'s database: {what}.") from error
    except SQLAlchemyError as error:
        raise Refused(said(error)) from error


_LOST_STATES = ("08", "57P", "53", "40", "55")
_LOST_NUMBERS = (0, 1040, 1053, 1129, 1205, 1213)
"""MySQL: closed, too many, shutting down, blocked, lock waits, deadlocks; from 2000 on, lost."""
_LOST_WORDS = ("locked", "busy", "unable to open", "disk I/O")


def _is_refused(error: DBAPIError | psycopg.Error) -> bool:
    """Whether the database answered, and what it answered is about the statement."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return False
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, psycopg.Error):
        state = original.sqlstate
        lost = isinstance(original, psycopg.OperationalError | psycopg.InterfaceError)
        return not lost if state is None else not state.startswith(_LOST_STATES)
    match getattr(original, "args", ()):
        case (int(number), *_):
            return number not in _LOST_NUMBERS and number < 2000
        case (str(text), *_):
            return not any(word in text for word in _LOST_WORDS)
        case _:
            return False


def said(error: BaseException) -> str:
    """What a database said, as far as it names columns and constraints, and no value of a row.

    Databases put values into their sentences, in quotes or behind colons, as they like.
    """
    original = getattr(error, "orig", None) or error
    if isinstance(original, psycopg.Error):
        return _said_by_postgresql(original)
    match getattr(original, "args", ()):
        case (int(number), str(text), *_):
            first = _first(text)
            if number in _OF_NAMES:
                return f"{first} ({number})"
            key = _KEY.search(first)
            return f"{_unquoted(first)} ({number})" + (f", key {key[1]}" if key else "")
        case (str(text), *_):
            return _unquoted(_first(text))
        case _:
            return type(original).__name__


def _said_by_postgresql(error: psycopg.Error) -> str:
    if error.sqlstate is None:
        is_lost = isinstance(error, psycopg.OperationalError)
        return _first(str(error)) if is_lost else _words(type(error).__name__)
    named = {
        "table": error.diag.table_name,
        "column": error.diag.column_name,
        "constraint": error.diag.constraint_name,
        "type": error.diag.datatype_name,
    }
    names = "".join(f", {what} {name}" for what, name in named.items() if name)
    if error.sqlstate.startswith(_OF_VALUES):
        return f"{_words(type(error).__name__)} ({error.sqlstate}){names}"
    # What isn't about a value names tables, roles and rights: people need it.
    return f"{_first(error.diag.message_primary or type(error).__name__)} ({error.sqlstate})"


_OF_VALUES = ("21", "22", "23", "2F", "38", "39", "44", "P0")
"""SQLSTATE classes whose sentences quote what rows hold, or what the shop's own functions say."""
_OF_NAMES = frozenset(
    (1044, 1045, 1048, 1049, 1054, 1142, 1143, 1146, 1264, 1364, 1406, 1451, 1452, 3819, 4025)
)
"""MySQL's errors whose sentences quote nothing but names."""
_QUOTED = re.compile(r"""['"].*['"]""")
"""From the first quote to the last: a value may have some of its own."""
_KEY = re.compile(r"for key '([\w.$-]+)'$")


def _words(name: str) -> str:
    """CheckViolation: check violation."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _first(text: str) -> str:
    return text.partition("\n")[0].strip().rstrip(".")[:200]


def _unquoted(text: str) -> str:
    return _QUOTED.sub("\N{HORIZONTAL ELLIPSIS}", text)
