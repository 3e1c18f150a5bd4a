"""Reading a large ledger: balances as of any instant in both times, statements, trial balances.

The legs are written by set-based SQL in the ledger's own layout: every one moves money between one
of 10,000 sellers and one hot account, spread over three years, a fifth of them dated back by up to
30 days. A small ledger made the same way is sealed and must pass ``ledger.verify`` before anything is
measured; the large ones get the sums that sealing makes, without the hashes, to save time.
``sum`` is what one writes without running balances: adding up the legs of the account, by the same
indexes.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from ledger_server import server
from rich.console import Console
from rich.table import Table

from banyan import ledger
from banyan.kernel import SystemClock
from banyan.runtime import Database, Transaction, apply_schema, create_marketplace

SELLERS = 10_000
START = datetime(2015, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=3 * 365)
HOT, SELLER = "platform:commission", "seller:17:pending"
MILLION = 1_000_000

Ask = Callable[[datetime], Awaitable[object]]


def load(url: str, marketplace_id: UUID, legs: int) -> None:
    """Write so many legs, with the accounts as they leave them; indexes are built afterwards."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "set maintenance_work_mem = '2GB'; set max_parallel_maintenance_workers = 2"
        )
        connection.execute("alter table ledger.transfers set unlogged")
        indexes = connection.execute(
            "select indexdef from pg_indexes where schemaname = 'ledger' and tablename = 'transfers'"
        ).fetchall()
        connection.execute(_DROP_INDEXES)
        names = {
            "marketplace_id": marketplace_id, "sellers": SELLERS, "start": START, "legs": legs,
            "step_us": SPAN // timedelta(microseconds=1) // legs,
        }  # fmt: skip
        connection.execute(_ACCOUNTS, names)
        for first in range(1, legs + 1, MILLION):
            connection.execute(
                _LEGS, {**names, "first": first, "last": min(legs, first + MILLION - 1)}
            )
        for (definition,) in indexes:
            connection.execute(definition)
        connection.execute(_BALANCES, names)
        connection.execute("select setval('ledger.positions', %s)", [legs])
        connection.execute("vacuum analyze ledger.transfers, ledger.accounts")


_DROP_INDEXES = """
do $$
declare v_name text;
begin
  alter table ledger.transfers drop constraint transfers_pkey;
  for v_name in select indexname from pg_indexes where schemaname = 'ledger' and tablename = 'transfers' loop
    execute format('drop index ledger.%I', v_name);
  end loop;
end $$
"""
_ACCOUNTS = """
insert into ledger.accounts (marketplace_id, account_id, path, currency, normal, opened_at, recorded_at)
overriding system value
select %(marketplace_id)s, n, case when n = 0 then 'platform:commission' else 'seller:' || n || ':pending' end,
  'EUR', 'credit', %(start)s, %(start)s
from generate_series(0, %(sellers)s::int) n
"""
_LEGS = """
insert into ledger.transfers (
  marketplace_id, position, transfer_id, leg, kind, debit_account_id, credit_account_id, amount_minor, code,
  subject, may_break_limits, effective_at, recorded_at, debit_version, debit_posted_minor, credit_version,
  credit_posted_minor)
select %(marketplace_id)s, i, lpad(to_hex(i), 32, '0')::uuid, 0, 'posted', (i - 1) %% %(sellers)s + 1, 0, 100,
  'commission', 'ord_' || i, false,
  case when (i + i / %(sellers)s) %% 5 = 0 then at - (i * 7919 %% 43200 + 1) * interval '1 minute' else at end, at,
  (i - 1) / %(sellers)s + 1, -100 * ((i - 1) / %(sellers)s + 1), i, 100 * i
from generate_series(%(first)s::bigint, %(last)s::bigint) i
cross join lateral (select %(start)s + i * %(step_us)s * interval '1 microsecond' as at) moment
"""
_BALANCES = """
update ledger.accounts a
set version = e.entries, posted_minor = e.posted, recorded_at = e.recorded_at
from (
  select 0 as account_id, %(legs)s::bigint as entries, 100 * %(legs)s::bigint as posted,
    %(start)s + %(legs)s::bigint * %(step_us)s::bigint * interval '1 microsecond' as recorded_at
  union all
  select n, (%(legs)s - n) / %(sellers)s + 1, -100 * ((%(legs)s - n) / %(sellers)s + 1),
    %(start)s + (n + (%(legs)s - n) / %(sellers)s * %(sellers)s) * %(step_us)s::bigint * interval '1 microsecond'
  from generate_series(1, %(sellers)s::bigint) n
  where n <= %(legs)s
) e
where a.marketplace_id = %(marketplace_id)s and a.account_id = e.account_id
"""


@dataclass(slots=True)
class Answers:
    """How long answers to one question took, the ledger's and those of adding up legs."""

    ledger_ms: list[float] = field(default_factory=list)
    sum_ms: list[float] = field(default_factory=list)

    def cells(self) -> tuple[str, str, str]:
        times = sorted(self.ledger_ms)
        p50, p99 = (times[len(times) * percentile // 100] for percentile in (50, 99))
        if not self.sum_ms:
            return f"{p50:,.2f} / {p99:,.2f}", "", ""
        plain = statistics.median(self.sum_ms)
        return f"{p50:,.2f} / {p99:,.2f}", f"{plain:,.1f}", f"{plain / p50:,.0f}"


async def timed(ask: Ask, times: int, instants: random.Random) -> list[float]:
    """Milliseconds of each of so many answers, as of random instants of the three years."""
    taken: list[float] = []
    for _ in range(times):
        at = START + instants.random() * SPAN
        started = time.perf_counter()
        await ask(at)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def plain_sum(tx: Transaction, account_id: int) -> dict[str, Ask]:
    """Adding up the legs of an account until an instant, by either time."""

    async def recorded(at: datetime) -> object:
        return await tx.value(_SUM_RECORDED, account_id=account_id, at=at)

    async def effective(at: datetime) -> object:
        return await tx.value(_SUM_EFFECTIVE, account_id=account_id, at=at)

    return {"recorded": recorded, "effective": effective}


_SUM_RECORDED = """
select
  (select coalesce(sum(amount_minor), 0) from ledger.transfers
   where marketplace_id = %(marketplace_id)s and credit_account_id = %(account_id)s
     and recorded_at <= %(at)s and kind <> 'pending')
  - (select coalesce(sum(amount_minor), 0) from ledger.transfers
     where marketplace_id = %(marketplace_id)s and debit_account_id = %(account_id)s
       and recorded_at <= %(at)s and kind <> 'pending')
"""
_SUM_EFFECTIVE = _SUM_RECORDED.replace("recorded_at <=", "effective_at <=")
_SUM_ALL = """
select account_id, sum(delta)
from (
  select debit_account_id as account_id, -amount_minor as delta from ledger.transfers
  where marketplace_id = %(marketplace_id)s and effective_at <= %(at)s and kind <> 'pending'
  union all
  select credit_account_id, amount_minor from ledger.transfers
  where marketplace_id = %(marketplace_id)s and effective_at <= %(at)s and kind <> 'pending'
) e
group by account_id
"""


async def ask_all(tx: Transaction) -> dict[str, Answers]:
    """Every question, often enough for a p99; adding up a few times, for it takes long."""
    instants = random.Random(42)
    answers: dict[str, Answers] = {}
    for name, path, account_id in (("hot account", HOT, 0), ("seller", SELLER, 17)):
        plain = plain_sum(tx, account_id)
        (state,) = await ledger.accounts_at(tx, [path])
        number = ledger.account_uuid(tx.marketplace_id, state.account_id)

        async def now(_: datetime, path: str = path) -> object:
            return await ledger.balances(tx, [path])

        async def recorded(at: datetime, path: str = path) -> object:
            return await ledger.balances(tx, [path], at=at)

        async def effective(at: datetime, path: str = path) -> object:
            return await ledger.balances(tx, [path], effective_at=at)

        async def page(at: datetime, number: UUID = number) -> object:
            return await ledger.statement(tx, number, at, at + timedelta(days=30), limit=100)

        answers[f"{name}: now"] = Answers(await timed(now, 300, instants))
        answers[f"{name}: as of, recorded"] = Answers(
            await timed(recorded, 300, instants), await timed(plain["recorded"], 5, instants)
        )
        answers[f"{name}: as of, effective"] = Answers(
            await timed(effective, 300, instants), await timed(plain["effective"], 5, instants)
        )
        answers[f"{name}: statement, 100 of a month"] = Answers(await timed(page, 100, instants))

    async def trial(at: datetime) -> object:
        return await ledger.trial_balance(tx, effective_at=at)

    async def sum_all(at: datetime) -> object:
        return await tx.rows(_SUM_ALL, at=at)

    answers["trial balance of 10,001 accounts"] = Answers(
        await timed(trial, 5, instants), await timed(sum_all, 2, instants)
    )
    return answers


async def seal_all(database: Database, marketplace_id: UUID) -> None:
    for _ in range(2):
        while True:
            async with database.transaction(marketplace_id) as tx:
                if not await ledger.seal(tx):
                    break


def sum_unsealed(url: str, marketplace_id: UUID, legs: int) -> None:
    """What sealing does for reading, all at once: the sums of dated legs, without the hashes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set work_mem = '256MB'")
        connection.execute("select ledger.sum_dated(%s, 0, %s)", [marketplace_id, legs])
        connection.execute(
            """
            insert into ledger.seals
              (marketplace_id, batch, last_position, legs, leaves, root, hash, sealed_at)
            values (%s, 1, %s, 1, '', '', '', now())
            """,
            [marketplace_id, legs],
        )


async def measure(url: str, legs: int, *, is_sample: bool) -> dict[str, Answers]:
    database = await Database.open(url, size=2)
    marketplace = await create_marketplace(
        database, name="Benchmark", livemode=True, currency="EUR", country="FR",
        now=SystemClock().now(),
    )  # fmt: skip
    marketplace_id = marketplace.marketplace_id
    started = time.perf_counter()
    load(url, marketplace_id, legs)
    loaded = time.perf_counter()
    if is_sample:
        await seal_all(database, marketplace_id)
    else:
        sum_unsealed(url, marketplace_id, legs)
    took_s = time.perf_counter() - loaded
    print(f"{legs:,} legs: loaded in {loaded - started:.0f} s,"
          f" {'sealed' if is_sample else 'summed'} in {took_s:.1f} s"
          f" ({legs / took_s:,.0f} legs/s)", flush=True)  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        size = connection.execute("select pg_database_size(current_database())").fetchone()
    answers: dict[str, Answers] = {}
    async with database.transaction(marketplace_id) as tx:
        if is_sample:
            report = await ledger.verify(tx)
            assert report.is_sound, report.findings
        else:
            answers = await ask_all(tx)
    assert size is not None
    print(f"{'verified' if is_sample else 'asked'}; {size[0] / legs:,.0f} bytes a leg with indexes", flush=True)  # fmt: skip
    await database.close()
    return answers


def show(results: dict[int, dict[str, Answers]]) -> None:
    table = Table(title="Milliseconds, p50 / p99")
    table.add_column("question")
    for legs in results:
        for column in (f"ledger, {legs / MILLION:g} M", "sum", "ratio"):
            table.add_column(column, justify="right")
    for question in next(iter(results.values())):
        cells = [cell for answers in results.values() for cell in answers[question].cells()]
        table.add_row(question, *cells)
    Console(width=160).print(table)


def run(arguments: argparse.Namespace) -> None:
    """Verify a sample, then ask ledgers of each size; the table grows by one size at a time."""
    results: dict[int, dict[str, Answers]] = {}
    for legs in (arguments.sample, *(round(millions * MILLION) for millions in arguments.millions)):
        is_sample = legs == arguments.sample
        with server(arguments.url) as (url, _):
            apply_schema(url)
            answers = asyncio.run(measure(url, legs, is_sample=is_sample))
        if not is_sample:
            results[legs] = answers
            show(results)
