import time
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest

from banyan.kernel import FixedClock, new_id
from banyan.runtime import (
    Cause,
    Database,
    DatabaseUnavailable,
    Event,
    JobDraft,
    MarketplaceNotFound,
    events_of,
)

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@dataclass(frozen=True, slots=True)
class _Pair:
    name: str
    number: int


async def test_a_transaction_commits_at_its_end(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        await tx.record(Event("thing.done", "ord_1", {"number": 1}))
    async with database.transaction(sandbox) as tx:
        [event] = await events_of(tx, "ord_1")
    assert (event.type, event.payload) == ("thing.done", {"number": 1})


async def test_an_exception_rolls_everything_back(database: Database, sandbox: UUID) -> None:
    database.subscribe("thing.done", "on_thing")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(sandbox) as tx:
            await tx.record(Event("thing.done", "ord_1", {}))
            await tx.enqueue(JobDraft("greet", "x"))
            raise ZeroDivisionError
    async with database.transaction(sandbox) as tx:
        assert await events_of(tx, "ord_1") == []
        assert await tx.value("select count(*) from runtime.jobs") == 0


async def test_a_statement_that_fails_rolls_everything_back(
    database: Database, sandbox: UUID
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with database.transaction(sandbox) as tx:
            await tx.record(Event("thing.done", "ord_1", {}))
            await tx.value("select 1 / 0")
    async with database.transaction(sandbox) as tx:
        assert await events_of(tx, "ord_1") == []


async def test_connections_come_back_whatever_happens(database_url: str, sandbox: UUID) -> None:
    database = await Database.open(database_url, size=1, wait_s=5)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            async with database.transaction(sandbox):
                raise ZeroDivisionError
        with pytest.raises(psycopg.errors.SyntaxError):
            async with database.transaction(sandbox) as tx:
                await tx.execute("selekt")
    async with database.transaction(sandbox) as tx:
        assert await tx.value("select 1") == 1
    await database.close()


async def test_rows_become_records(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        one = await tx.one(_Pair, "select 'a' as name, %(n)s::int as number", n=1)
        none = await tx.one(_Pair, "select 'a' as name, 1 as number where false")
        several = await tx.all(
            _Pair, "select 'a' as name, n as number from generate_series(1, 2) as n"
        )
        assert await tx.rows("select 1, 'b'") == [(1, "b")]
        assert await tx.value("select 1 where false") is None
    assert one == _Pair("a", 1)
    assert none is None
    assert several == [_Pair("a", 1), _Pair("a", 2)]


async def test_instants_are_in_utc(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        at = await tx.value("select %(now)s::timestamptz", now=tx.now)
    assert at == tx.now
    assert str(at.tzinfo) == "UTC"


async def test_no_parameter_leads_to_another_marketplace(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        assert await tx.value("select %(marketplace_id)s::uuid", marketplace_id=live) == sandbox


async def test_a_cause_is_kept_with_the_event(database: Database, sandbox: UUID) -> None:
    cause = Cause("person", "usr_1", "ana@example.com")
    async with database.transaction(sandbox, cause) as tx:
        await tx.record(Event("thing.done", "ord_1", {}))
        [event] = await events_of(tx, "ord_1")
    assert event.cause == {"kind": "person", "id": "usr_1", "actor": "ana@example.com"}
    assert event.occurred_at == tx.now


async def test_a_job_is_not_added_twice_and_can_be_taken_back(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        await tx.enqueue_all([JobDraft("greet", "x"), JobDraft("greet", "x", {"second": True})])
        await tx.enqueue(JobDraft("greet", "x"))
        assert await tx.rows("select key, payload from runtime.jobs") == [("x", {})]
        await tx.cancel_job("greet", "x")
        assert await tx.value("select count(*) from runtime.jobs") == 0


async def test_an_unknown_marketplace_is_refused(database: Database) -> None:
    with pytest.raises(MarketplaceNotFound):
        async with database.transaction(new_id()):
            pytest.fail("there is no such marketplace")


async def test_a_server_that_is_not_there_is_a_quick_refusal() -> None:
    started_s = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as refused:
        await Database.open(NOWHERE, wait_s=0.2)
    assert refused.value.retryable
    assert time.monotonic() - started_s < 5


async def test_a_pool_without_a_free_connection_is_a_quick_refusal(
    database_url: str, sandbox: UUID
) -> None:
    database = await Database.open(database_url, size=1, wait_s=0.5)
    await database.marketplace(sandbox)
    async with database.transaction(sandbox):
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction(sandbox):
                pytest.fail("there is one connection only")
    await database.close()


async def test_a_connection_that_breaks_is_a_refusal_and_is_replaced(
    database_url: str, sandbox: UUID
) -> None:
    database = await Database.open(database_url, size=1, wait_s=5)
    with pytest.raises(DatabaseUnavailable):
        async with database.transaction(sandbox) as tx:
            await tx.record(Event("thing.done", "ord_1", {}))
            pid = await tx.value("select pg_backend_pid()")
            with psycopg.connect(database_url) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", (pid,))
            await tx.value("select 1")
    async with database.transaction(sandbox) as tx:
        assert await events_of(tx, "ord_1") == []
    await database.close()


async def test_a_live_marketplace_lives_in_the_time_of_the_clock(
    database: Database, live: UUID, clock: FixedClock
) -> None:
    async with database.transaction(live) as tx:
        assert tx.livemode
        assert tx.now == clock.now()


async def test_connections_that_died_at_rest_cost_nobody_an_error(
    database: Database, database_url: str, sandbox: UUID
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    for _ in range(20):
        async with database.transaction(sandbox) as tx:
            assert await tx.value("select 1") == 1


async def test_rows_come_one_by_one_also_from_two_statements_at_once(
    database: Database, sandbox: UUID
) -> None:
    numbers = "select 'n' as name, n as number from generate_series(1, 2500) as n"
    async with database.transaction(sandbox) as tx:
        first, second = tx.each(_Pair, numbers), tx.each(_Pair, numbers)
        assert await anext(first) == await anext(second) == _Pair("n", 1)
        assert [pair.number async for pair in first] == [*range(2, 2501)]
        assert [pair.number async for pair in second] == [*range(2, 2501)]


async def test_a_snapshot_stands_still_and_only_reads(database: Database, sandbox: UUID) -> None:
    async with database.snapshot(sandbox) as seen:
        assert await events_of(seen, "ord_1") == []
        async with database.transaction(sandbox) as tx:
            await tx.record(Event("thing.done", "ord_1", {}))
        assert await events_of(seen, "ord_1") == []
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with database.snapshot(sandbox) as tx:
            await tx.record(Event("thing.done", "ord_1", {}))
    async with database.snapshot(sandbox) as seen, database.transaction(sandbox) as tx:
        assert seen.now == tx.now
