"""Changes caught in other ways: polled, out of the write-ahead log, and for a query."""

from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from banyan.movement import FindingKind, TableUnfit, begin_return
from tests.conftest import _at, _make
from tests.movement.conftest import CUSTOMERS, PLAN, Move, alike, application, customers

POLLED = CUSTOMERS | {
    "changes": {"polling": "moved", "overlap": "5s", "every": "0s"},
    "reverse": {"columns": {name: name for name in ("id", "email", "balance", "note")}},
}


def polled(move: Move, rows: int) -> None:
    customers(move.source, move.target, rows)
    kind = "timestamp" if move.source.side.dialect == "postgresql" else "datetime"
    move.source.script(
        f"alter table customers add column moved {kind}",
        "update customers set moved = '2018-01-01 10:00:00'",
    )


async def test_a_growing_column_is_polled_with_an_overlap(move: Move) -> None:
    polled(move, 12)
    await move.declare(POLLED)
    mover = await move.mover()
    await move.settle(mover)
    move.source.run(
        "update customers set note = 'polled', moved = '2018-01-01 10:00:07' where id = 3"
    )
    await move.settle(mover)
    # It was committed late, with an earlier time than what was seen.
    move.source.run(
        "update customers set note = 'late', moved = '2018-01-01 10:00:03' where id = 4"
    )
    await move.settle(mover)
    notes = dict(move.target.run("select id, note from customers where id in (3, 4)"))
    assert notes == {3: "polled", 4: "late"}
    restarted = await move.mover()
    move.source.run(
        "update customers set note = 'after', moved = '2018-01-01 10:00:09' where id = 5"
    )
    await move.settle(restarted)
    assert dict(move.target.run("select id, note from customers where id = 5")) == {5: "after"}


async def test_a_second_change_within_the_same_tick_is_seen(move: Move) -> None:
    polled(move, 3)
    await move.declare(POLLED)
    mover = await move.mover()
    await move.settle(mover)
    for note in ("first", "second"):
        move.source.run(
            f"update customers set note = '{note}', moved = '2018-01-01 10:00:07' where id = 3"
        )
        await move.settle(mover)
    assert move.target.run("select note from customers where id = 3") == [("second",)]


async def test_what_polling_can_not_see_the_comparison_finds(move: Move) -> None:
    polled(move, 12)
    move.source.run("update customers set moved = '2018-01-01 10:00:09' where id = 12")
    await move.declare(POLLED)
    mover = await move.mover()
    await move.settle(mover)
    move.source.run("delete from customers where id = 7")
    standing = await move.verify(mover)
    assert standing.is_verified, standing.sentence
    assert move.target.run("select 1 from customers where id = 7") == []
    move.source.run("update customers set note = 'nobody sees' where id = 2")
    standing = await move.verify(mover)
    assert standing.differing == 1


async def test_polled_sets_are_cut_over_and_flow_back(move: Move) -> None:
    polled(move, 5)
    await move.declare(POLLED)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    move.target.script(
        "update customers set note = 'new' where id = 2", "delete from customers where id = 3"
    )
    move.clock.advance(timedelta(seconds=6))
    await move.settle(mover)
    standing = await move.standing()
    assert standing.is_verified, standing.sentence
    assert dict(move.source.run("select id, note from customers where id < 4 and id > 1")) == {
        2: "new"
    }


async def test_what_a_polled_source_writes_late_is_carried_before_anything_flows_back(
    move: Move,
) -> None:
    polled(move, 5)
    move.source.run("update customers set moved = '2018-01-01 10:00:01' where id = 5")
    await move.declare(POLLED)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    late = "moved = '2018-01-01 10:00:02'"
    move.source.script(
        f"update customers set note = 'late', {late} where id in (1, 2)",
        "insert into customers values (6, 'late@example.com', 1, 'late', '2018-01-01 10:00:02')",
    )
    move.target.run("update customers set note = 'new side' where id in (2, 4)")
    await move.settle(mover)
    notes = dict(move.target.run("select id, note from customers"))
    assert (notes[1], notes[2], notes[4], notes[6]) == ("late", "new side", "new side", "late")
    assert dict(move.source.run("select id, note from customers"))[4] != "new side"
    assert [(one.kind, one.key) for one in await move.findings()] == [(FindingKind.CONFLICT, [2])]
    move.clock.advance(timedelta(seconds=6))
    await move.settle(mover)
    notes = dict(move.source.run("select id, note from customers"))
    assert (notes[1], notes[2], notes[4], notes[6]) == ("late", "new side", "new side", "late")


async def test_a_return_does_not_wait_for_what_a_polled_source_writes_late(move: Move) -> None:
    polled(move, 5)
    await move.declare(POLLED)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    move.target.run("update customers set note = 'new side' where id = 4")
    await move.settle(mover)
    assert dict(move.source.run("select id, note from customers"))[4] != "new side"
    async with move.database.transaction(move.marketplace_id) as tx:
        await begin_return(tx, PLAN, "customers")
    await move.settle(mover)
    assert dict(move.source.run("select id, note from customers"))[4] == "new side"


QUERY: dict[str, Any] = {
    "name": "totals",
    "source": {
        "query": (
            "select c.id as id, c.email as email, coalesce(sum(p.amount), 0) as spent"
            " from customers c left join paid p on p.customer = c.id group by c.id, c.email"
        ),
        "key": ["id"],
        "watch": {"customers": ["id"], "paid": ["customer"]},
    },
    "target": {"table": "totals", "key": ["id"]},
    "columns": {"id": "id", "email": "email", "spent": "spent"},
    "chunk": 4,
}


async def test_a_query_over_two_tables_follows_both(move: Move) -> None:
    customers(move.source, move.target, 9)
    move.source.run("create table paid (id integer primary key, customer integer, amount integer)")
    move.target.run("create table totals (id integer primary key, email text, spent numeric(12,2))")
    for at in range(1, 20):
        move.source.run(f"insert into paid values ({at}, {1 + at % 9}, {at})")
    await move.declare(QUERY)
    mover = await move.mover("totals")
    await move.settle(mover)
    move.source.script(
        "insert into paid values (100, 1, 500)",
        "update paid set customer = 3 where id = 2",
        "delete from customers where id = 5",
    )
    await move.settle(mover)
    wanted = move.source.run(QUERY["source"]["query"] + " order by id")
    found = move.target.run("select id, email, spent from totals order by id")
    assert [(r[0], r[1], float(r[2])) for r in found] == [(r[0], r[1], float(r[2])) for r in wanted]
    standing = await move.verify(mover, "totals")
    assert standing.is_verified, standing.sentence


SOFT = CUSTOMERS | {
    "soft_delete": "note == 'deleted'",
    "target": {
        "table": "customers",
        "key": ["id"],
        "deletes": {"column": "note", "set": "'gone'"},
    },
    "columns": CUSTOMERS["columns"] | {"note": "None"},
    "reverse": "none",
}


async def test_rows_that_count_as_deleted_are_marked_and_come_back(move: Move) -> None:
    customers(move.source, move.target, 6)
    await move.declare(SOFT)
    mover = await move.mover()
    await move.settle(mover)
    move.source.script(
        "update customers set note = 'deleted' where id = 2", "delete from customers where id = 4"
    )
    await move.settle(mover)
    marked = "select id from customers where note = 'gone' order by id"
    assert move.target.run(marked) == [(2,), (4,)]
    standing = await move.verify(mover)
    assert standing.is_verified, standing.sentence
    move.source.run("update customers set note = 'alive' where id = 2")
    await move.settle(mover)
    assert move.target.run(marked) == [(4,)]


async def test_ids_that_the_target_gives_out_begin_behind_those_that_came(move: Move) -> None:
    customers(move.source, move.target, 4)
    move.target.run("alter table customers alter id add generated always as identity")
    await move.declare(CUSTOMERS | {"sequence_margin": 10})
    mover = await move.mover()
    await move.settle(mover)
    move.source.run("insert into customers values (50, 'x', 1, null)")
    await move.settle(mover)
    ((made,),) = move.target.run(
        "insert into customers (email, balance) values ('new side', 1) returning id"
    )
    assert made > 50


async def test_ids_are_apart_before_a_burst_is_over(move: Move) -> None:
    """The cutover may be any moment: of a table that was empty, and while very many rows come."""
    customers(move.source, move.target, 0)
    move.target.run("alter table customers alter id add generated always as identity")
    await move.declare(CUSTOMERS | {"sequence_margin": 20})
    mover = await move.mover()
    await move.settle(mover)
    insert = "insert into customers (email, balance) values ('new side', 1) returning id"
    assert move.target.run(insert) == [(21,)]
    mover._due.sequences = monotonic() + 3_600  # by time it isn't due
    for id_ in range(1, 91):
        if id_ != 21:
            move.source.run(f"insert into customers values ({id_}, 'x', 1, null)")
    while await mover.round():
        pass
    ((made,),) = move.target.run(insert)
    assert made > 90


async def test_an_old_comparison_proves_nothing(move: Move) -> None:
    customers(move.source, move.target, 4)
    await move.declare(CUSTOMERS | {"verify": {"age_max": "1m", "every": "1h"}})
    mover = await move.mover()
    await move.settle(mover)
    assert (await move.standing()).is_verified
    move.clock.advance(timedelta(minutes=2))
    assert "its mover isn't running" in (await move.standing()).sentence
    await move.settle(mover)
    assert "the last comparison is 120 s old" in (await move.standing()).sentence


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_a_server_without_logical_decoding_says_so(move: Move) -> None:
    customers(move.source, move.target, 1)
    await move.declare(CUSTOMERS | {"changes": "logical"})
    with pytest.raises(TableUnfit, match="wal_level"):
        await move.mover()


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_the_write_ahead_log_is_followed(
    move: Move, logical_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"logical_{uuid4().hex[:8]}"
    _make(logical_server, name)
    source = application(_at(logical_server, name))
    monkeypatch.setenv("LEGACY_TEST_SOURCE", source.url)
    move.source = source
    try:
        customers(source, move.target, 12)
        await move.declare(CUSTOMERS | {"changes": "logical"})
        mover = await move.mover()
        await move.settle(mover)
        source.script(
            "update customers set note = 'wal' where id = 3",
            "update customers set id = 77 where id = 4",
            "delete from customers where id = 5",
            "insert into customers values (100, 'x', 2, null)",
        )
        assert mover.moving.forward.capture.lag().rows == 5
        restarted = await move.mover()  # nothing was confirmed: it is all given again
        await move.settle(restarted)
        assert alike(source, move.target)
        standing = await move.verify(restarted)
        assert standing.is_verified, standing.sentence
        await move.turn()
        move.target.run("update customers set note = 'back' where id = 3")
        await move.settle(restarted)
        assert alike(source, move.target)
        assert restarted.moving.forward.capture.take(10).keys == []  # ours is passed over
        restarted.moving.remove()
        assert source.run("select * from pg_replication_slots") == []
    finally:
        for mover in move.movers:
            await mover.close()
        source.close()


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_a_table_that_publishing_would_lock_is_refused(
    move: Move, logical_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"logical_{uuid4().hex[:8]}"
    _make(logical_server, name)
    source = application(_at(logical_server, name))
    monkeypatch.setenv("LEGACY_TEST_SOURCE", source.url)
    try:
        customers(source, move.target, 2)
        source.script(
            "alter table customers drop constraint customers_pkey",
            "create unique index on customers (id)",
        )
        await move.declare(CUSTOMERS | {"changes": "logical"})
        with pytest.raises(TableUnfit, match="replica identity"):
            await move.mover()
        source.run("update customers set note = 'still works'")
        source.run("alter table customers replica identity full")
        await move.mover()
        source.run("update customers set note = 'still works'")
        move.movers[-1].moving.remove()
    finally:
        for mover in move.movers:
            await mover.close()
        source.close()


@pytest.mark.parametrize("source", ["postgresql"], indirect=True)
async def test_a_day_that_python_does_not_know_holds_up_no_other_row(move: Move) -> None:
    move.source.run("create table customers (id integer primary key, until timestamptz, day date)")
    move.target.run("create table customers (id integer primary key, until timestamptz, day date)")
    move.source.run(
        "insert into customers values (1, 'infinity', '2018-01-01'), (2, now(), '0044-03-15 BC'),"
        " (3, now(), '2018-01-01')"
    )
    columns = {name: name for name in ("id", "until", "day")}
    await move.declare(CUSTOMERS | {"columns": columns})
    mover = await move.mover()
    await move.settle(mover)
    assert move.target.run("select id from customers") == [(3,)]
    assert {one.key[0] for one in await move.findings()} == {1, 2}
