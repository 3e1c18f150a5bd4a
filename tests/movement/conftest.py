"""Two shops: a legacy one in SQLite, PostgreSQL or MariaDB, and a new one in PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, text

from banyan import movement
from banyan.kernel import FixedClock
from banyan.movement import DataSet, DataStanding, SetPhase
from banyan.movement.service import mover as mover_module
from banyan.movement.service.mover import Mover
from banyan.movement.sources.connection import Side, open_side
from banyan.runtime import Database
from banyan.runtime import local as local_server
from tests.conftest import _at, _drop, _make

PLAN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
MARIADB = shutil.which("mariadbd") or shutil.which("mysqld")


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """A MariaDB server of our own on a Unix socket; the URL of no database in particular."""
    installer = shutil.which("mariadb-install-db")
    if MARIADB is None or installer is None:
        pytest.skip("no mariadbd on the PATH: install mariadb-server to run these")
    folder = Path(tempfile.mkdtemp(prefix="banyan-mariadb-", dir="/tmp"))
    try:
        yield from _serve(folder, MARIADB, installer)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, server: str, installer: str) -> Iterator[str]:
    data, socket = folder / "data", folder / "socket"
    user = "mysql" if os.getuid() == 0 else os.environ.get("USER", "nobody")
    if os.getuid() == 0:
        shutil.chown(folder, "mysql")
    common = ["--no-defaults", f"--datadir={data}", f"--user={user}"]
    subprocess.run(
        [installer, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    process = subprocess.Popen(
        [server, *common, f"--socket={socket}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0",
         f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=32M", "--default-time-zone=+05:00"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"mysql+pymysql://root@localhost/?unix_socket={quote(str(socket))}&charset=utf8mb4"
    try:
        _until(lambda: socket.exists() and _answers(url), process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def logical_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL that writes what logical replication needs."""
    folder: Path = tmp_path_factory.mktemp("logical")
    local_server.start(folder).stop()
    with (folder / "data" / "postgresql.auto.conf").open("a") as settings:
        settings.write("wal_level = logical\nmax_replication_slots = 20\n")
    server = local_server.start(folder)  # durable: what isn't on disk yet isn't decoded either
    yield server.url
    server.stop()


def _answers(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except Exception:
        return False
    finally:
        engine.dispose()


def _until(holds: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if holds():
            return
        assert process.poll() is None, "the server has ended"
        time.sleep(0.05)
    raise AssertionError("the server does not come up")


@dataclass
class Shop:
    """A database of one side, as its own application sees it."""

    url: str
    side: Side

    def run(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.side.engine.connect() as connection:
            result = connection.execute(text(statement), values)
            rows = [tuple(row) for row in result] if result.returns_rows else []
            connection.commit()
        return rows

    def script(self, *statements: str) -> None:
        for statement in statements:
            self.run(statement)

    def close(self) -> None:
        self.side.close()


def application(url: str) -> Shop:
    """The shop's own way in: without the mover's mark."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    return Shop(url, Side("shop", engine))


@pytest.fixture
def make_postgres(server_url: str) -> Iterator[Callable[[], str]]:
    names: list[str] = []

    def make() -> str:
        name = f"banyan_side_{uuid4().hex[:12]}"
        _make(server_url, name)
        names.append(name)
        return _at(server_url, name)

    yield make
    for name in names:
        _drop(server_url, name)


@pytest.fixture
def target(make_postgres: Callable[[], str]) -> Iterator[Shop]:
    shop = application(make_postgres())
    yield shop
    shop.close()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def source(
    request: pytest.FixtureRequest, tmp_path: Path, make_postgres: Callable[[], str]
) -> Iterator[Shop]:
    """A legacy shop in each kind of database."""
    kind = request.param
    if kind == "sqlite":
        shop = application(f"sqlite:///{tmp_path / 'legacy.db'}")
    elif kind == "postgresql":
        shop = application(make_postgres())
    else:
        url = request.getfixturevalue("mariadb")
        name = f"legacy_{uuid4().hex[:10]}"
        root = application(url)
        root.run(f"create database {name} character set utf8mb4")
        root.close()
        shop = application(url.replace("localhost/", f"localhost/{name}"))
    yield shop
    shop.close()


CUSTOMERS = {
    "name": "customers",
    "source": {"table": "customers", "key": ["id"]},
    "target": {"table": "customers", "key": ["id"]},
    "columns": {"id": "id", "email": "email", "balance": "balance", "note": "note"},
    "chunk": 7,
}


@dataclass
class Move:
    """One set that moves between two shops."""

    database: Database
    marketplace_id: UUID
    source: Shop
    target: Shop
    clock: FixedClock
    movers: list[Mover] = field(default_factory=list[Mover])

    async def declare(self, *sets: Mapping[str, Any]) -> list[DataSet]:
        data = {
            "source": {"url_env": "LEGACY_TEST_SOURCE"},
            "target": {"url_env": "LEGACY_TEST_TARGET"},
            "sets": list(sets),
        }
        async with self.database.transaction(self.marketplace_id) as tx:
            return await movement.declare(tx, PLAN, "shop", data)

    async def mover(self, name: str = "customers") -> Mover:
        mover = Mover(self.database, self.marketplace_id, movement.set_id_of(PLAN, name))
        self.movers.append(mover)
        await mover.open()
        return mover

    async def settle(self, mover: Mover, *, rounds: int = 2_000) -> None:
        """Rounds until there is nothing left to do."""
        mover._due.stuck = mover._due.sequences = -1e9
        for _ in range(rounds):
            if not await mover.round():
                await mover._save(force=True)
                return
        raise AssertionError("the mover never comes to rest")

    async def standing(self, name: str = "customers") -> DataStanding:
        async with self.database.transaction(self.marketplace_id) as tx:
            return await movement.standing(tx, PLAN, name)

    async def verify(self, mover: Mover, name: str = "customers") -> DataStanding:
        async with self.database.transaction(self.marketplace_id) as tx:
            await movement.want_verification(tx, PLAN, name)
        await self.settle(mover)
        return await self.standing(name)

    async def turn(self, name: str = "customers") -> None:
        async with self.database.transaction(self.marketplace_id) as tx:
            await movement.begin_reverse(tx, PLAN, name)

    async def findings(self, name: str = "customers") -> list[movement.Finding]:
        async with self.database.transaction(self.marketplace_id) as tx:
            page = await movement.page_findings(tx, movement.set_id_of(PLAN, name), limit=100)
        return page.data

    async def events(self) -> list[str]:
        async with self.database.across_marketplaces() as queries:
            rows = await queries.rows(
                "select type from runtime.events where type like 'data.%%' order by position"
            )
        return [row[0] for row in rows]


@pytest.fixture
async def move(
    database: Database,
    live: UUID,
    source: Shop,
    target: Shop,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Move]:
    monkeypatch.setenv("LEGACY_TEST_SOURCE", source.url)
    monkeypatch.setenv("LEGACY_TEST_TARGET", target.url)
    made = Move(database, live, source, target, clock)
    yield made
    for mover in made.movers:
        await mover.close()


def customers(source: Shop, target: Shop, rows: int) -> None:
    """The same table on both sides, filled at the source."""
    decimal = "numeric(12,2)"
    source.script(
        f"create table customers (id integer primary key, email varchar(80), balance {decimal}, note text)"
    )
    target.script(
        f"create table customers (id integer primary key, email text, balance {decimal}, note text)"
    )
    for at in range(1, rows + 1):
        source.run(
            "insert into customers values (:id, :email, :balance, :note)",
            id=at, email=f"c{at}@example.com", balance=str(at * 1.25), note=None if at % 3 else "é ü",
        )  # fmt: skip


def rows_of(shop: Shop, table: str = "customers", columns: str = "*") -> list[tuple[Any, ...]]:
    return shop.run(f"select {columns} from {table} order by id")


def alike(source: Shop, target: Shop) -> bool:
    def plain(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return [(row[0], row[1], float(row[2] or 0), row[3]) for row in rows]

    return plain(rows_of(source)) == plain(rows_of(target))


__all__ = ["SetPhase", "mover_module", "open_side", "psycopg"]
