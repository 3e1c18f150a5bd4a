"""Movement: rows filled per second beside plain COPY, and compared per second beside a full compare.

    PYTHONPATH=. python benchmarks/movement.py [--rows 200000] [--rounds 3]

*fill* is the backfill with its mapping (three expressions in eight columns), its progress written
down after every chunk, and triggers in place; beside it the same rows by COPY, read with one SELECT and
written with one COPY, nothing computed, nothing kept. *verify* is a whole comparison; beside it both
tables read at once and compared in a dictionary. SQLite to PostgreSQL, PostgreSQL to PostgreSQL. Rounds
alternate, medians are shown. It starts a PostgreSQL of its own.
"""

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from rich.console import Console
from rich.table import Table

from banyan import movement
from banyan.kernel import SystemClock
from banyan.movement import SetPhase
from banyan.movement.service.mover import Mover
from banyan.runtime import Database, apply_schema, create_marketplace, local

PLAN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
COLUMNS = ("id", "email", "name", "city", "total", "visits", "created", "note")
DDL = (
    "create table customers (id bigint primary key, email varchar(200), name varchar(200),"
    " city varchar(80), total numeric(12,2), visits integer, created timestamp, note text)"
)
SET: dict[str, Any] = {
    "name": "customers",
    "source": {"table": "customers", "key": ["id"]},
    "target": {"table": "customers", "key": ["id"]},
    "columns": {name: name for name in COLUMNS}
    | {
        "email": "lower(trim(email))",
        "name": "coalesce(name, '')",
        "city": "replace(city, '_', ' ')",
    },
    "chunk": 5_000,
    "reverse": "none",
    "throttle": {"latency_factor": 100.0},
}


def rows(count: int) -> list[tuple[Any, ...]]:
    return [
        (
            at, f"customer{at}@example.com", f"Name {at}", f"City {at % 97}", f"{at % 1000}.25",
            at % 40, f"2018-03-{1 + at % 28:02} 10:{at % 60:02}:00", None if at % 5 else "note " * 8,
        )
        for at in range(1, count + 1)
    ]  # fmt: skip


def fill_sqlite(path: Path, count: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(DDL)
        connection.executemany("insert into customers values (?,?,?,?,?,?,?,?)", rows(count))
    connection.close()


def fill_postgresql(url: str, count: int) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(DDL)
        with cursor.copy("copy customers from stdin") as copy:
            for row in rows(count):
                copy.write_row(row)
        cursor.execute("analyze customers")


def select_all(url: str) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            found = connection.execute("select * from customers order by id").fetchall()
        connection.close()
        return found
    with psycopg.connect(url) as connection:
        return connection.execute("select * from customers order by id").fetchall()


def plain_copy(source: str, target: str) -> None:
    with psycopg.connect(target) as connection, connection.cursor() as cursor:
        if source.startswith("sqlite"):
            with cursor.copy("copy customers from stdin") as copy:
                for row in select_all(source):
                    copy.write_row(row)
            return
        with (
            psycopg.connect(source) as other,
            other.cursor().copy("copy customers to stdout") as read,
            cursor.copy("copy customers from stdin") as copy,
        ):
            for block in read:
                copy.write(block)


def plain_compare(source: str, target: str) -> None:
    def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*row[:4], float(row[4]), row[5], str(row[6]), row[7])

    there = {row[0]: plain(row) for row in select_all(target)}
    differing = [row[0] for row in map(plain, select_all(source)) if there.pop(row[0], None) != row]
    assert not differing, differing[:3]
    assert not there


class Bench:
    def __init__(self, database: Database, marketplace_id: UUID, source: str, target: str) -> None:
        self.database = database
        self.marketplace_id = marketplace_id
        self.source = source
        self.target = target

    async def mover(self) -> Mover:
        os.environ["BENCH_SOURCE"], os.environ["BENCH_TARGET"] = self.source, self.target
        data = {
            "source": {"url_env": "BENCH_SOURCE"},
            "target": {"url_env": "BENCH_TARGET"},
            "sets": [SET],
        }
        async with self.database.transaction(self.marketplace_id) as tx:
            await movement.declare(tx, PLAN, "bench", data)
            await movement.restart(tx, PLAN, "customers")
        mover = Mover(self.database, self.marketplace_id, movement.set_id_of(PLAN, "customers"))
        await mover.open()
        return mover

    def empty(self) -> None:
        with psycopg.connect(self.target) as connection:
            connection.execute("truncate customers")

    async def once(self) -> dict[str, float]:
        """Seconds of each of the four."""
        took: dict[str, float] = {}

        def timed(name: str, work: Callable[[], object]) -> None:
            began_s = time.perf_counter()
            work()
            took[name] = time.perf_counter() - began_s

        self.empty()
        timed("COPY", lambda: plain_copy(self.source, self.target))
        self.empty()
        mover = await self.mover()
        began_s = time.perf_counter()
        while mover._set is None or mover.data_set.phase != SetPhase.FOLLOWING:
            await mover.round()
            await mover._reload()
        took["fill"] = time.perf_counter() - began_s
        began_s = time.perf_counter()
        while await mover.round():
            pass
        took["verify"] = time.perf_counter() - began_s
        async with self.database.transaction(self.marketplace_id) as tx:
            standing = await movement.standing(tx, PLAN, "customers")
        assert standing.is_verified, standing.sentence
        await mover.close()
        timed("compare", lambda: plain_compare(self.source, self.target))
        return took


async def measure(count: int, rounds: int, folder: Path) -> None:
    server = local.start(folder / "postgres")
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for name in ("bench_source", "bench_target"):
                connection.execute(f"create database {name}".encode())
        apply_schema(server.url)
        target = server.url_of("bench_target")
        with psycopg.connect(target) as connection:
            connection.execute(DDL)
        sqlite = folder / "legacy.db"
        fill_sqlite(sqlite, count)
        fill_postgresql(server.url_of("bench_source"), count)
        database = await Database.open(server.url, size=4)
        live = await create_marketplace(
            database, name="Bench", livemode=True, currency="EUR", country="DE",
            now=SystemClock().now(),
        )  # fmt: skip
        sources = {"SQLite": f"sqlite:///{sqlite}", "PostgreSQL": server.url_of("bench_source")}
        took: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for name, source in sources.items():
                once = await Bench(database, live.marketplace_id, source, target).once()
                for what, seconds in once.items():
                    took.setdefault((name, what), []).append(seconds)
        await database.close()
        show(count, took, list(sources))
    finally:
        server.stop()


def show(count: int, took: dict[tuple[str, str], list[float]], sources: list[str]) -> None:
    table = Table("from", "what", "rows/s", "of its peer")
    rate = {key: count / statistics.median(seconds) for key, seconds in took.items()}
    for name in sources:
        for what, peer in (("COPY", "COPY"), ("fill", "COPY"), ("compare", "compare"), ("verify", "compare")):  # fmt: skip
            share = rate[name, what] / rate[name, peer]
            table.add_row(name, what, f"{rate[name, what]:,.0f}", f"{share:.2f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(given.rows, given.rounds, Path(folder)))


if __name__ == "__main__":
    main()
