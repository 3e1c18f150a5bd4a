"""A table filled, followed, compared, cut over and given back."""

import asyncio
from typing import Any

import pytest

from banyan.movement import (
    DataSetNotVerified,
    FindingKind,
    MoverReplaced,
    NotReversible,
    SetPhase,
    TableUnfit,
    begin_return,
    begin_reverse,
    can_return,
    want_repair,
    want_verification,
)
from banyan.movement.service import checking
from banyan.movement.service.verifying import Confirmed
from tests.movement.conftest import CUSTOMERS, PLAN, Move, alike, customers, rows_of


async def test_a_table_is_filled_and_followed_and_verified(move: Move) -> None:
    customers(move.source, move.target, 30)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    assert alike(move.source, move.target)
    move.source.script(
        "update customers set email = 'new@example.com' where id = 3",
        "delete from customers where id = 4",
        "insert into customers values (31, 'x@example.com', 7, null)",
        "update customers set id = 99 where id = 5",
    )
    assert not alike(move.source, move.target)
    await move.settle(mover)
    assert alike(move.source, move.target)
    standing = await move.verify(mover)
    assert standing.is_verified, standing.sentence
    assert (standing.rows, standing.lag_rows, standing.differing) == (30, 0, 0)
    assert await move.events() == [
        "data.declared",
        "data.backfilled",
        "data.verified",
        "data.verified",
    ]


async def test_what_the_application_rolls_back_leaves_no_notice(move: Move) -> None:
    customers(move.source, move.target, 3)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    with move.source.side.engine.connect() as connection:
        connection.exec_driver_sql("update customers set note = 'never'")
        connection.rollback()
    assert not mover.moving.forward.capture.take(10).keys
    await move.settle(mover)
    assert alike(move.source, move.target)


async def test_differences_are_found_told_without_their_values_and_repaired(move: Move) -> None:
    customers(move.source, move.target, 20)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    move.target.script(
        "alter table customers disable trigger user",
        "update customers set email = 'wrong@example.com' where id = 3",
        "delete from customers where id = 8",
        "insert into customers values (500, 'extra', 1, null)",
        "alter table customers enable trigger user",
    )
    standing = await move.verify(mover)
    assert not standing.is_verified
    assert standing.differing == 3
    assert "3 rows differ" in standing.sentence
    found = {one.kind: one for one in await move.findings()}
    assert {kind: one.key for kind, one in found.items()} == {
        FindingKind.DIFFERS: [3],
        FindingKind.MISSING: [8],
        FindingKind.EXTRA: [500],
    }
    assert found[FindingKind.DIFFERS].columns == ["email"]
    assert "wrong" not in str(found[FindingKind.DIFFERS].detail)
    async with move.database.transaction(move.marketplace_id) as tx:
        assert await want_repair(tx, PLAN, "customers") == 3
    await move.settle(mover)
    assert alike(move.source, move.target)
    standing = await move.verify(mover)
    assert standing.is_verified, standing.sentence
    assert await move.findings() == []
    assert "data.repaired" in await move.events()


async def test_what_others_write_at_the_target_is_found_and_never_goes_back(move: Move) -> None:
    customers(move.source, move.target, 20)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    before = rows_of(move.source)
    move.target.script(
        "update customers set email = 'wrong@example.com' where id = 3",
        "delete from customers where id = 8",
        "insert into customers values (500, 'extra', 1, null)",
    )
    await move.settle(mover)
    assert {one.kind: one.key for one in await move.findings()} == {
        FindingKind.DIFFERS: [3],
        FindingKind.MISSING: [8],
        FindingKind.EXTRA: [500],
    }
    with pytest.raises(DataSetNotVerified, match="3 rows differ"):
        await move.turn()
    async with move.database.transaction(move.marketplace_id) as tx:
        await want_repair(tx, PLAN, "customers")
    await move.settle(mover)
    await move.turn()
    await move.settle(mover)
    assert rows_of(move.source) == before
    assert alike(move.source, move.target)


async def test_no_cutover_while_others_writes_at_the_target_are_not_judged(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    move.target.run("update customers set email = 'wrong@example.com' where id = 3")
    await mover._save(force=True)
    with pytest.raises(DataSetNotVerified, match="not judged yet"):
        await move.turn()


async def test_a_set_without_a_way_back_lets_the_target_alone_after_its_cutover(move: Move) -> None:
    customers(move.source, move.target, 10)
    await move.declare(CUSTOMERS | {"reverse": "none"})
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    move.target.script(
        "update customers set note = 'new side' where id = 2",
        "insert into customers values (700, 'new side', 1, null)",
    )
    before = rows_of(move.target)
    move.source.script(
        "update customers set note = 'late' where id = 2",
        "delete from customers where id = 3",
    )
    await move.verify(mover)
    async with move.database.transaction(move.marketplace_id) as tx:
        await want_repair(tx, PLAN, "customers")
        assert not (await can_return(tx, PLAN, ["customers"])).is_safe
    await move.settle(mover)
    assert rows_of(move.target) == before
    assert (await move.standing()).phase == SetPhase.REVERSING


async def test_a_way_back_taken_for_granted_that_is_none_is_refused_unless_forced(
    move: Move,
) -> None:
    customers(move.source, move.target, 3)
    await move.declare(CUSTOMERS | {"columns": CUSTOMERS["columns"] | {"email": "lower(email)"}})
    mover = await move.mover()
    await move.settle(mover)
    with pytest.raises(NotReversible, match="declare a reverse mapping"):
        await move.turn()
    async with move.database.transaction(move.marketplace_id) as tx:
        turned = await begin_reverse(tx, PLAN, "customers", is_forced=True)
    assert turned.phase == SetPhase.REVERSING


async def test_after_the_cutover_writes_flow_back_and_nothing_goes_round(move: Move) -> None:
    customers(move.source, move.target, 10)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    move.target.script(
        "update customers set balance = 1000 where id = 2",
        "delete from customers where id = 3",
        "insert into customers values (2000, 'new side', 1, 'é')",
    )
    move.source.run("update customers set note = 'late' where id = 9")
    await move.settle(mover)
    assert alike(move.source, move.target)
    assert rows_of(move.target, columns="note, id")[7][0] == "late"
    back, there = mover.moving.back, mover.moving.forward
    assert back is not None
    assert not back.capture.take(10).keys
    assert not there.capture.take(10).keys
    async with move.database.transaction(move.marketplace_id) as tx:
        verdict = await can_return(tx, PLAN, ["customers"])
        assert verdict.is_safe, verdict.sentence
        data_set = await begin_return(tx, PLAN, "customers")
    assert data_set.phase == SetPhase.FOLLOWING
    move.source.run("update customers set note = 'back again' where id = 1")
    await move.settle(mover)
    assert alike(move.source, move.target)


async def test_a_row_that_both_sides_changed_stays_the_truths_and_is_told(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    move.source.run("update customers set note = 'legacy' where id = 2")
    move.target.run("update customers set note = 'candidate' where id = 2")
    await move.settle(mover)
    assert alike(move.source, move.target)
    assert rows_of(move.source)[1][3] == "candidate"
    [found] = await move.findings()
    assert (found.kind, found.key) == (FindingKind.CONFLICT, [2])
    assert "changed on both sides" in (await move.standing()).sentence
    assert "data.conflicted" in await move.events()


async def test_rows_that_move_too_fast_to_be_judged_hold_up_the_comparison(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    move.target.script(
        "alter table customers disable trigger user",
        "update customers set email = 'wrong@example.com' where id = 3",
        "alter table customers enable trigger user",
    )
    real, moves = checking.confirm, list[int]()

    def restless(flow: Any, suspects: Any, telling: Any) -> Any:
        moves.append(1)
        return real(flow, suspects, telling) if len(moves) > 12 else Confirmed(unsettled=suspects)

    monkeypatch.setattr(checking, "confirm", restless)
    standing = await move.verify(mover)
    assert len(moves) <= 12
    assert standing.verified_at is None
    while len(moves) <= 12:
        await mover.round()
    await move.settle(mover)
    standing = await move.standing()
    assert standing.verified_at is not None
    assert standing.differing == 1


async def test_a_comparison_that_is_asked_for_anew_begins_at_the_first_row(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers(move.source, move.target, 30)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    real, calls = checking.compare_chunk, list[object]()

    def slow(flow: Any, after: Any, limit: int) -> Any:
        calls.append(after)
        if len(calls) == 3:  # asked for in the middle of a pass, while a stretch is compared
            asyncio.run_coroutine_threadsafe(wanted(), loop).result(10)
        return real(flow, after, limit)

    async def wanted() -> None:
        async with move.database.transaction(move.marketplace_id) as tx:
            await want_verification(tx, PLAN, "customers")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(checking, "compare_chunk", slow)
    standing = await move.verify(mover)
    assert standing.rows == 30
    assert calls.count(None) == 2


async def test_nothing_is_cut_over_that_is_not_verified(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    with pytest.raises(DataSetNotVerified, match="hasn't begun"):
        await move.turn()


async def test_a_row_that_does_not_fit_holds_up_no_other(move: Move) -> None:
    customers(move.source, move.target, 20)
    move.target.run("alter table customers add check (email <> 'c9@example.com')")
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    assert len(rows_of(move.target)) == 19
    [found] = await move.findings()
    assert (found.kind, found.key) == (FindingKind.STUCK, [9])
    assert "check" in found.detail["why"]
    assert not (await move.verify(mover)).is_verified
    move.source.run("update customers set email = 'better@example.com' where id = 9")
    await move.settle(mover)
    assert alike(move.source, move.target)
    assert [one for one in await move.findings() if one.kind == FindingKind.STUCK] == []


async def test_a_late_row_that_is_stuck_after_the_cutover_is_tried_again(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    move.target.run("alter table customers add constraint no_late check (note <> 'late')")
    move.source.run("update customers set note = 'late' where id = 2")
    await move.settle(mover)
    assert [one.kind for one in await move.findings()] == [FindingKind.STUCK]
    move.target.run("alter table customers drop constraint no_late")
    await move.settle(mover)
    assert await move.findings() == []
    assert alike(move.source, move.target)


async def test_what_a_database_or_an_expression_says_of_a_row_has_no_value_of_it(
    move: Move,
) -> None:
    customers(move.source, move.target, 9)
    move.target.script(
        "create unique index on customers (email)",
        "create function loud() returns trigger language plpgsql as $$ begin"
        " raise exception 'no %', new.email; end $$",
        "create trigger loud before insert on customers for each row when (new.id = 4)"
        " execute function loud()",
    )
    move.source.script(
        "update customers set email = 'secret@example.com' where id in (2, 3, 4)",
        "update customers set note = 'secret-note' where id = 5",
        "update customers set note = '7' where id <> 5",
    )
    await move.declare(
        CUSTOMERS
        | {"columns": {"id": "id", "email": "email", "balance": "int(note)"}, "reverse": "none"}
    )
    mover = await move.mover()
    await move.settle(mover)
    found = {one.key[0]: one.detail["why"] for one in await move.findings()}
    assert set(found) == {3, 4, 5}
    assert "customers_email_idx" in found[3]
    assert "int(note)" in found[5]
    assert "secret" not in str(found)
    async with move.database.across_marketplaces() as queries:
        news = await queries.rows("select e::text from runtime.events e where type like 'data.%%'")
    assert "secret" not in str(news)


async def test_a_mover_that_slept_can_not_write_any_more(move: Move) -> None:
    customers(move.source, move.target, 20)
    await move.declare(CUSTOMERS)
    old = await move.mover()
    await old.round()
    await old.round()
    new = await move.mover()
    with pytest.raises(MoverReplaced):
        old.moving.forward.carry([(1,)], old.data_set.epoch, old._now, wins=True)
    with pytest.raises(MoverReplaced):
        await old.round()
    await move.settle(new)
    assert alike(move.source, move.target)


async def test_a_target_without_a_unique_key_is_refused(move: Move) -> None:
    customers(move.source, move.target, 1)
    move.target.run("alter table customers drop constraint customers_pkey")
    await move.declare(CUSTOMERS)
    with pytest.raises(TableUnfit, match="unique key"):
        await move.mover()


async def test_a_key_that_may_be_empty_is_refused(move: Move) -> None:
    move.source.run("create table customers (id integer unique, email varchar(80))")
    move.target.run("create table customers (id integer primary key, email text)")
    columns = {"id": "id", "email": "email"}
    await move.declare(CUSTOMERS | {"columns": columns})
    with pytest.raises(TableUnfit, match="may have rows without id"):
        await move.mover()


async def test_a_row_without_a_key_stops_the_set_before_rows_are_left_out(move: Move) -> None:
    customers(move.source, move.target, 0)
    move.source.run("create table papers (id integer, email varchar(80))")
    for one in ("null", *range(1, 21)):
        move.source.run(f"insert into papers values ({one}, 'x')")
    query = {"query": "select id, email from papers", "key": ["id"]}
    columns = {"id": "id", "email": "email"}
    await move.declare(
        CUSTOMERS | {"source": query, "columns": columns, "changes": "none", "reverse": "none"}
    )
    mover = await move.mover()
    with pytest.raises(TableUnfit, match="has a row without id"):
        await move.settle(mover)
    assert not (await move.standing()).is_verified


async def test_triggers_that_vanished_come_back_with_the_next_comparison(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    on = " on customers" if move.source.side.dialect == "postgresql" else ""
    move.source.run(f"drop trigger banyan_customers_0u{on}")
    move.target.run("drop trigger banyan_customers_0u on customers")
    await move.verify(mover)
    move.source.run("update customers set note = 'seen again' where id = 3")
    await move.settle(mover)
    assert alike(move.source, move.target)
    move.target.run("update customers set note = 'foreign' where id = 3")
    assert mover.moving.forward.guard.take(10).keys == [(3,)]


async def test_nothing_of_ours_is_left_behind(move: Move) -> None:
    customers(move.source, move.target, 2)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    mover.moving.remove()
    for shop in (move.source, move.target):
        assert [name for name in shop.side.inspect().get_table_names() if "banyan" in name] == []
    move.source.run("update customers set note = 'still works'")
    move.target.run("update customers set note = 'still works'")
