"""Durable transfers per second: the ledger's group commit beside one transaction per transfer.

Both move money between the same kind of accounts in the same database, through tables of the same
shape. ``plain`` is what one would write by hand, and with care: prepared statements, accounts locked
in the order of their ids, two round trips a transfer, up to 16 connections. ``hot`` means that every
transfer touches one platform account, ``spread`` that both sides are among 10,000; ``orders`` are
whole orders, of a hold and a capture in five legs (see ``ledger_orders``). Rounds alternate;
medians are shown. ``cpu`` is the processor time of a transfer, of this process and of the server: where
other work shares the machine it is steadier than transfers per second.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import ledger_orders
import psycopg
from ledger_server import Meter, server
from rich.console import Console
from rich.table import Table

from banyan import ledger
from banyan.kernel import Money, SystemClock, new_id
from banyan.ledger import Account, GroupCommit, Leg, Outcome, Transfer
from banyan.runtime import Database, apply_schema, create_marketplace

ACCOUNTS = 10_000
HOT = Account("platform:commission", "EUR")
SPREAD = [Account(f"seller:{n}:available", "EUR", floor=-(10**12)) for n in range(1, ACCOUNTS + 1)]
AMOUNT = Money.of(100, "EUR")
CONNECTIONS_MAX = 16

Post = Callable[[Account, Account], Awaitable[None]]
Act = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Rounds:
    """Rounds of one way to post: transfers a second, processor time, how long callers waited."""

    per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.per_s)

    def cells(self) -> list[str]:
        waits = sorted(self.waits_ms)
        p50, p99 = (waits[len(waits) * percentile // 100] for percentile in (50, 99))
        cpu = statistics.median(self.cpu_us)
        return [f"{self.median:,.0f}", f"{p50:.1f}/{p99:.1f}", f"{cpu:.0f} µs"]


class Plain:
    """One database transaction per transfer, without the ledger's function."""

    def __init__(self, url: str, marketplace_id: UUID) -> None:
        self._url = url
        self._marketplace_id = marketplace_id
        self._free: asyncio.LifoQueue[psycopg.AsyncConnection] = asyncio.LifoQueue()
        self._numbers: dict[str, int] = {}

    async def open(self) -> None:
        """Tables of the ledger's shape, with its indexes, and the same accounts."""
        async with await psycopg.AsyncConnection.connect(self._url) as connection:
            await connection.execute(
                """
                create schema plain;
                create table plain.accounts (like ledger.accounts including all) with (fillfactor = 40);
                create table plain.transfers (like ledger.transfers including all);
                create table plain.holds (like ledger.holds including all);
                create sequence plain.positions;
                insert into plain.accounts overriding system value select * from ledger.accounts;
                """
            )
            cursor = await connection.execute("select path, account_id from plain.accounts")
            self._numbers = dict(await cursor.fetchall())
        for _ in range(CONNECTIONS_MAX):
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            connection.prepare_threshold = 0
            self._free.put_nowait(connection)

    async def close(self) -> None:
        while not self._free.empty():
            await self._free.get_nowait().close()

    def orders(self) -> ledger_orders.PlainOrders:
        """The same way for orders, over the same connections."""
        return ledger_orders.PlainOrders(
            self._marketplace_id, self._numbers, self._free.get, self._free.put_nowait
        )

    async def post(self, debit: Account, credit: Account) -> None:
        connection = await self._free.get()
        try:
            await self._post(connection, self._numbers[debit.path], self._numbers[credit.path])
        finally:
            self._free.put_nowait(connection)

    async def _post(self, connection: psycopg.AsyncConnection, debit: int, credit: int) -> None:
        names = {"marketplace_id": self._marketplace_id, "ids": [debit, credit]}
        async with connection.pipeline():
            await connection.execute("begin")
            cursor = await connection.execute(_LOCK, names)
            rows = {row[0]: row[1:] for row in await cursor.fetchall()}
        floor, posted, version = rows[debit]
        assert floor is None or posted - AMOUNT.minor >= floor
        leg = {
            "marketplace_id": self._marketplace_id,
            "transfer_id": new_id(),
            "debit": debit,
            "debit_version": version + 1,
            "debit_posted": posted - AMOUNT.minor,
            "credit": credit,
            "credit_version": rows[credit][2] + 1,
            "credit_posted": rows[credit][1] + AMOUNT.minor,
            "amount": AMOUNT.minor,
        }
        async with connection.pipeline():
            await connection.execute(_INSERT, leg)
            await connection.execute(_UPDATE_DEBIT, leg)
            await connection.execute(_UPDATE_CREDIT, leg)
            await connection.execute("commit")


_LOCK = """
select account_id, floor_minor, posted_minor, version from plain.accounts
where marketplace_id = %(marketplace_id)s and account_id = any(%(ids)s)
order by account_id for no key update
"""
_INSERT = """
insert into plain.transfers
  (marketplace_id, position, transfer_id, leg, kind, debit_account_id, credit_account_id, amount_minor,
   code, subject, may_break_limits, effective_at, recorded_at, debit_version, debit_posted_minor,
   credit_version, credit_posted_minor)
select %(marketplace_id)s, nextval('plain.positions'), %(transfer_id)s, 0, 'posted', %(debit)s, %(credit)s,
  %(amount)s, 'benchmark', 'ord_01h455vb4pex5vskknk084sn2q', false, now(), now(), %(debit_version)s,
  %(debit_posted)s, %(credit_version)s, %(credit_posted)s
"""
_UPDATE_DEBIT = """
update plain.accounts set posted_minor = %(debit_posted)s, version = %(debit_version)s, recorded_at = now()
where marketplace_id = %(marketplace_id)s and account_id = %(debit)s
"""
_UPDATE_CREDIT = """
update plain.accounts set posted_minor = %(credit_posted)s, version = %(credit_version)s, recorded_at = now()
where marketplace_id = %(marketplace_id)s and account_id = %(credit)s
"""


def transfer(debit: Account, credit: Account) -> Transfer:
    legs = (Leg(debit, credit, AMOUNT, "benchmark"),)
    return Transfer(new_id(), legs, subject="ord_01h455vb4pex5vskknk084sn2q")


def grouped(database: Database, marketplace_id: UUID) -> Post:
    group = GroupCommit(database)

    async def post(debit: Account, credit: Account) -> None:
        assert await group.post(marketplace_id, transfer(debit, credit)) is Outcome.POSTED

    return post


def pair(mode: str) -> tuple[Account, Account]:
    debit = random.choice(SPREAD)
    credit = HOT
    while mode == "spread" and credit in (HOT, debit):
        credit = random.choice(SPREAD)
    return debit, credit


def moving(post: Post, mode: str) -> Act:
    """One transfer between accounts of this mode."""
    return lambda: post(*pair(mode))


async def one_round(rounds: Rounds, act: Act, callers: int, seconds: float, meter: Meter) -> None:
    cpu_s, started = meter.cpu_s(), time.perf_counter()
    done = 0

    async def call() -> None:
        nonlocal done
        while (sent := time.perf_counter()) < started + seconds:
            await act()
            rounds.waits_ms.append((time.perf_counter() - sent) * 1000)
            done += 1

    await asyncio.gather(*(call() for _ in range(callers)))
    rounds.per_s.append(done / (time.perf_counter() - started))
    rounds.cpu_us.append((meter.cpu_s() - cpu_s) / done * 1e6)


async def batch_round(
    rounds: Rounds, database: Database, marketplace_id: UUID, mode: str, size: int, seconds: float,
    meter: Meter,
) -> None:  # fmt: skip
    """One caller that posts whole batches."""
    cpu_s, started = meter.cpu_s(), time.perf_counter()
    done = 0
    while (sent := time.perf_counter()) < started + seconds:
        async with database.transaction(marketplace_id) as tx:
            outcomes = await ledger.post(tx, [transfer(*pair(mode)) for _ in range(size)])
        assert set(outcomes) == {Outcome.POSTED}
        rounds.waits_ms.append((time.perf_counter() - sent) * 1000)
        done += size
    rounds.per_s.append(done / (time.perf_counter() - started))
    rounds.cpu_us.append((meter.cpu_s() - cpu_s) / done * 1e6)


async def side_by_side(
    table: Table, title: str, acts: dict[str, Act], callers: Sequence[int],
    arguments: argparse.Namespace, meter: Meter,
) -> None:  # fmt: skip
    """A row for each number of callers: rounds of the two ways in turn, their medians, the ratio."""
    for count in callers:
        results = {way: Rounds() for way in acts}
        for _ in range(arguments.rounds):
            for way, act in acts.items():
                await one_round(results[way], act, count, arguments.seconds, meter)
        cells = [cell for rounds in results.values() for cell in rounds.cells()]
        ratio = results["ledger"].median / results["plain"].median
        table.add_row(title, str(count), *cells, f"{ratio:.1f}")


async def measure(url: str, meter: Meter, arguments: argparse.Namespace) -> None:
    database = await Database.open(url, size=4)
    marketplace = await create_marketplace(
        database, name="Benchmark", livemode=True, currency="EUR", country="FR",
        now=SystemClock().now(),
    )  # fmt: skip
    marketplace_id = marketplace.marketplace_id
    async with database.transaction(marketplace_id) as tx:
        await ledger.post_or_refuse(tx, [transfer(account, HOT) for account in SPREAD])
        for account in ledger_orders.ACCOUNTS:
            await ledger.open_account(tx, account)
    plain = Plain(url, marketplace_id)
    await plain.open()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    ways = {"plain": plain.post, "ledger": grouped(database, marketplace_id)}

    table = Table(title="Durable transfers per second")
    measures = ("/s", "p50/p99 ms", "cpu")
    for column in ("accounts", "callers", *(f"plain {each}" for each in measures),
                   *(f"ledger {each}" for each in measures), "ratio"):  # fmt: skip
        table.add_column(column, justify="right")
    for mode in ("hot", "spread"):
        acts = {way: moving(post, mode) for way, post in ways.items()}
        await side_by_side(table, mode, acts, arguments.callers, arguments, meter)
        for size in arguments.batches:
            rounds = Rounds()
            for _ in range(arguments.rounds):
                await batch_round(
                    rounds, database, marketplace_id, mode, size, arguments.seconds, meter
                )
            table.add_row(mode, f"1 batch of {size:,}", "", "", "", *rounds.cells(), "")
    orders = {
        "plain": plain.orders().book,
        "ledger": ledger_orders.grouped(database, marketplace_id),
    }
    await side_by_side(table, "orders", orders, arguments.orders, arguments, meter)
    async with database.transaction(marketplace_id) as tx:
        report = await ledger.verify(tx)
    Console(width=120).print(table)
    print(f"{report.legs:,} legs; every invariant holds: {'yes' if report.is_sound else 'NO'}")
    await plain.close()
    await database.close()


def run(arguments: argparse.Namespace) -> None:
    with server(arguments.url) as (url, meter):
        apply_schema(url)
        asyncio.run(measure(url, meter, arguments))
