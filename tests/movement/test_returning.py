"""Given back to the source: what the new side took comes back, and what is newer there stays."""

from dataclasses import replace
from datetime import timedelta

import pytest

from banyan.movement import (
    DataSetNotVerified,
    FindingKind,
    ReturnStanding,
    SetPhase,
    WrongDataPhase,
    begin_return,
    can_return,
    list_sets,
    restart,
    unreturned,
)
from banyan.movement.rules.standing import RETURN_TAKES, refusal_of
from banyan.movement.service.mover import Mover
from banyan.movement.service.sets import plan_of
from tests.movement.conftest import CUSTOMERS, PLAN, Move, alike, customers, rows_of

COLUMNS = {name: name for name in ("id", "email", "balance", "note")}


async def cut_over(move: Move, rows: int = 5, **changes: object) -> Mover:
    customers(move.source, move.target, rows)
    await move.declare(CUSTOMERS | changes)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    await move.settle(mover)
    return mover


async def way_back(move: Move) -> ReturnStanding:
    async with move.database.transaction(move.marketplace_id) as tx:
        return await can_return(tx, PLAN, ["customers"])


async def give_back(move: Move, *, is_forced: bool = False) -> None:
    async with move.database.transaction(move.marketplace_id) as tx:
        await begin_return(tx, PLAN, "customers", is_forced=is_forced)


async def lacking(move: Move) -> str:
    async with move.database.transaction(move.marketplace_id) as tx:
        return await unreturned(tx, PLAN, ["customers"])


async def test_a_write_on_its_way_is_no_reason_to_stay_and_comes_after(move: Move) -> None:
    mover = await cut_over(move)
    assert (await way_back(move)).is_safe
    move.target.run("update customers set balance = 5 where id = 2")
    await mover._save(force=True)
    standing = await way_back(move)
    assert (standing.is_safe, standing.refusal) == (False, "")
    assert "1 change " in standing.sentence
    await give_back(move)
    assert "hasn't been heard of since" in await lacking(move)
    move.clock.advance(timedelta(seconds=3))
    await mover._reload()
    await mover._save(force=True)
    assert "1 change of customers is still on the way back" in await lacking(move)
    assert "1 change of the new side is" in (await move.standing()).sentence
    await move.settle(mover)
    assert await lacking(move) == ""
    assert float(rows_of(move.source)[1][2]) == 5
    assert await move.findings() == []


async def test_a_write_that_ends_at_the_target_after_the_return_is_carried_back(move: Move) -> None:
    mover = await cut_over(move, 10)
    await give_back(move)
    move.target.script(
        "update customers set note = 'late order' where id = 2",
        "insert into customers values (600, 'late customer', 1, null)",
        "update customers set note = 'late, too' where id = 4",
    )
    move.source.run("update customers set note = 'legacy again' where id = 4")
    await move.settle(mover)
    notes = {row[0]: row[3] for row in rows_of(move.source)}
    assert (notes[2], notes[4], 600 in notes) == ("late order", "legacy again", True)
    assert alike(move.source, move.target)
    assert [(one.kind, one.key) for one in await move.findings()] == [(FindingKind.CONFLICT, [4])]


async def test_a_mover_that_has_not_seen_the_return_yet_overwrites_nothing_newer(
    move: Move,
) -> None:
    mover = await cut_over(move)
    await mover._reload()
    await give_back(move)  # in the midst of the mover's round
    move.target.run("update customers set note = 'the candidate, before' where id = 2")
    move.source.run("update customers set note = 'legacy, after' where id = 2")
    back = mover.moving.back
    assert back is not None
    await mover._follow(back)
    assert rows_of(move.source)[1][3] == "legacy, after"
    await move.settle(mover)
    assert rows_of(move.source)[1][3] == "legacy, after"
    assert alike(move.source, move.target)
    assert [(one.kind, one.key) for one in await move.findings()] == [(FindingKind.CONFLICT, [2])]


async def test_what_was_said_before_the_return_proves_nothing(move: Move) -> None:
    mover = await cut_over(move)
    await mover._reload()
    await give_back(move)
    move.target.run("update customers set note = 'late' where id = 2")
    move.clock.advance(timedelta(seconds=3))
    await mover._save(force=True)  # it doesn't know of the return
    assert "Nobody knows" in await lacking(move)


async def test_nothing_is_filled_anew_over_what_has_not_come_back(move: Move) -> None:
    mover = await cut_over(move)
    move.target.run("insert into customers values (600, 'the last one', 1, null)")
    await give_back(move)
    async with move.database.transaction(move.marketplace_id) as tx:
        with pytest.raises(WrongDataPhase, match="would lose what the new side took"):
            await restart(tx, PLAN, "customers")
    move.clock.advance(timedelta(seconds=3))
    await move.settle(mover)
    async with move.database.transaction(move.marketplace_id) as tx:
        with pytest.raises(WrongDataPhase, match="may still be under way"):
            await restart(tx, PLAN, "customers")
    move.clock.advance(RETURN_TAKES)
    await move.settle(mover)
    async with move.database.transaction(move.marketplace_id) as tx:
        await restart(tx, PLAN, "customers")


async def test_a_person_may_give_up_what_has_not_come_back(move: Move) -> None:
    """Where the target is lost, or another one by now, none of its rows must come to the source."""
    mover = await cut_over(move)
    move.target.script(
        "insert into customers values (600, 'the last one', 1, null)",
        "insert into customers values (601, 'fits nowhere', 1, null)",
    )
    move.source.run("create unique index one_email on customers (email)")
    move.target.run("update customers set email = 'c2@example.com' where id = 601")
    await move.settle(mover)
    before = rows_of(move.source)
    assert [(one.kind, one.key) for one in await move.findings()] == [(FindingKind.STUCK, [601])]
    move.source.run(
        "drop index one_email" + (" on customers" if "mysql" in move.source.url else "")
    )
    move.target.run("insert into customers values (602, 'another target', 1, null)")
    await give_back(move, is_forced=True)
    async with move.database.transaction(move.marketplace_id) as tx:
        begun = await restart(tx, PLAN, "customers", is_forced=True)
    assert begun.phase == SetPhase.WAITING
    await move.settle(mover)
    assert rows_of(move.source) == before
    told = {(one.kind, one.key[0]) for one in await move.findings()}
    assert told == {(FindingKind.EXTRA, 601), (FindingKind.EXTRA, 602)}


@pytest.mark.parametrize("away", [timedelta(), timedelta(hours=5)])
async def test_once_all_came_back_the_target_is_foreign_again(move: Move, away: timedelta) -> None:
    """However late: a mover that was away carries all back first, and whoever follows it ends that."""
    mover = await cut_over(move)
    move.target.run("update customers set note = 'the last order' where id = 2")
    await give_back(move)
    move.target.run("insert into customers values (600, 'under way all the while', 1, null)")
    later(move, away)
    await mover.round()
    dead, mover = mover, await move.mover()
    await dead.close()
    later(move, RETURN_TAKES)
    await move.settle(mover)
    assert await lacking(move) == ""
    assert alike(move.source, move.target)
    before = rows_of(move.source)
    assert (before[1][3], before[-1][0]) == ("the last order", 600)

    move.target.script(
        "delete from customers where id < 4",
        "update customers set note = 'tried out' where id = 4",
        "insert into customers values (601, 'made by a shadowed page', 1, null)",
    )
    await move.settle(mover)
    assert rows_of(move.source) == before
    told = {(one.kind, one.key[0]) for one in await move.findings()}
    assert told == {("missing", 1), ("missing", 2), ("missing", 3), ("differs", 4), ("extra", 601)}
    assert (await move.events()).count("data.settled") == 1


def later(move: Move, by: timedelta) -> None:
    """By both clocks: ours, and that of the target's log."""
    move.clock.advance(by)
    move.target.run("update banyan_log_customers set at = at - :by", by=int(by.total_seconds()))


async def test_what_is_cleaned_up_while_the_mover_is_away_is_no_write_of_customers(
    move: Move,
) -> None:
    mover = await cut_over(move)
    await give_back(move)
    move.target.run("insert into customers values (600, 'under way', 1, null)")
    later(move, timedelta(hours=5))
    move.target.script(
        "delete from customers where id < 4",
        "update customers set note = 'tried out' where id = 600",
        "insert into customers values (601, 'made by a shadowed page', 1, null)",
    )
    later(move, timedelta(hours=1))
    await mover.round()
    assert [row[0] for row in rows_of(move.source)] == [1, 2, 3, 4, 5, 600]
    await move.settle(mover)
    assert [row[0] for row in rows_of(move.source)] == [1, 2, 3, 4, 5, 600]
    told = {(one.kind, one.key[0]) for one in await move.findings()}
    assert told == {("missing", 1), ("missing", 2), ("missing", 3), ("extra", 601)}
    assert (await move.events()).count("data.settled") == 1


async def test_a_return_goes_on_while_a_row_can_not_come_back(move: Move) -> None:
    mover = await cut_over(move)
    move.source.run("create unique index one_email on customers (email)")
    move.target.run("update customers set email = 'c2@example.com' where id = 3")
    await give_back(move)
    move.clock.advance(RETURN_TAKES)
    await move.settle(mover)
    assert "1 row of customers can't be written at the source" in await lacking(move)
    move.target.run("update customers set email = 'c3a@example.com' where id = 3")
    await move.settle(mover)
    assert rows_of(move.source)[2][1] == "c3a@example.com"
    assert (await move.events()).count("data.settled") == 1


async def test_a_row_that_can_not_come_back_is_told(move: Move) -> None:
    mover = await cut_over(move)
    move.target.run("insert into customers values (600, 'too long for legacy', 1, null)")
    await give_back(move)
    move.source.run("create unique index one_note on customers (email)")
    move.target.run("update customers set email = 'c2@example.com' where id = 600")
    move.clock.advance(timedelta(seconds=3))
    await move.settle(mover)
    assert "1 row of customers can't be written at the source" in await lacking(move)


async def test_nobody_goes_back_while_its_mover_is_not_heard_of(move: Move) -> None:
    await cut_over(move)
    move.clock.advance(timedelta(seconds=4))
    standing = await way_back(move)
    assert (standing.is_safe, standing.refusal) == (False, "")
    assert "hasn't been heard of" in standing.sentence
    move.clock.advance(timedelta(seconds=57))
    standing = await way_back(move)
    assert standing.refusal == "The mover of customers hasn't been heard of for 61 s."
    assert not standing.is_one_way
    with pytest.raises(DataSetNotVerified, match="for 61 s"):
        await give_back(move)
    await give_back(move, is_forced=True)


async def test_what_comes_back_a_minute_late_is_a_reason_to_stay(move: Move) -> None:
    await cut_over(move)
    async with move.database.transaction(move.marketplace_id) as tx:
        [cut] = await list_sets(tx, plan_id=PLAN)
    for late_s, refusal in ((55.0, ""), (62.0, "comes back 62.0 s late (at most 60 s).")):
        said = refusal_of(replace(cut, lag_back_s=late_s), plan_of(cut), {}, move.clock.now())
        assert said.endswith(refusal)
        assert bool(said) == bool(refusal)


@pytest.mark.parametrize("changes", ["none", {"polling": "id"}])
async def test_there_is_no_way_back_where_nobody_knows_what_has_not_come_back(
    move: Move, changes: object
) -> None:
    await cut_over(move, 3, reverse={"columns": COLUMNS, "changes": changes})
    standing = await way_back(move)
    assert (standing.is_safe, standing.is_one_way) == (False, True)
    with pytest.raises(DataSetNotVerified):
        await give_back(move)


_AUTOMATIC = {
    "sqlite": "integer primary key autoincrement",
    "postgresql": "integer generated by default as identity primary key",
    "mysql": "integer auto_increment primary key",
}


async def test_both_sides_give_out_ids_of_their_own_after_a_cutover(move: Move) -> None:
    columns = "email varchar(80), balance numeric(12,2), note text"
    for shop in (move.source, move.target):
        shop.run(f"create table customers (id {_AUTOMATIC[shop.side.dialect]}, {columns})")
    for shop in [move.source] * 3:
        shop.run("insert into customers (email) values ('before')")
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    await move.settle(mover)  # nothing was written at the target yet
    for _ in range(3):
        for shop in (move.target, move.source):
            shop.run("insert into customers (email) values ('after')")
    there = {row[0] for row in rows_of(move.target)}
    here = {row[0] for row in rows_of(move.source)}
    assert len(there & here) == 3
    await give_back(move)
    await move.settle(mover)
    assert len(rows_of(move.source)) == 9
    assert await move.findings() == []
