"""Keys of fixed width: a database gives them padded, and takes them either way."""

from typing import Any
from uuid import uuid4

from banyan.movement import FindingKind, begin_return
from banyan.movement.service.flow import Flow
from banyan.movement.service.mover import Mover
from banyan.movement.sources.connection import open_side
from banyan.movement.sources.logical import LogicalCapture
from banyan.movement.sources.tables import find_table
from tests.conftest import _at, _make
from tests.movement.conftest import PLAN, Move

SHOPS: dict[str, Any] = {
    "name": "shops",
    "source": {"table": "shops", "key": ["code"]},
    "target": {"table": "shops", "key": ["code"]},
    "columns": {"code": "code", "note": "note"},
}


async def cut_over(move: Move) -> Mover:
    for shop in (move.source, move.target):
        shop.run("create table shops (code char(8) not null primary key, note varchar(20))")
    move.source.run("insert into shops values ('ab', 'first'), ('cd', 'first')")
    await move.declare(SHOPS)
    mover = await move.mover("shops")
    await move.settle(mover)
    await move.turn("shops")
    await move.settle(mover)
    return mover


def flow(mover: Mover, *, back: bool) -> Flow:
    found = mover.moving.back if back else mover.moving.forward
    assert found is not None
    return found


async def test_the_write_ahead_log_has_such_keys_as_queries_give_them(
    logical_server: str,
) -> None:
    name = f"logical_{uuid4().hex[:8]}"
    _make(logical_server, name)
    side = open_side("source", _at(logical_server, name))
    try:
        with side.writing() as session:
            session.command("create table shops (code char(8) primary key)")
        capture = LogicalCapture(find_table(side, None, "shops", ["code"]), "shops")
        capture.install()
        with side.writing() as session:
            session.command("insert into shops values ('ab'), ('cd')")
        with side.reading() as session:
            for asked in ("ab", "ab      "):
                assert capture.waiting(session, [(asked,), ("ef",)]) == {("ab      ",)}
        ages_s = capture.take(10).ages_s
        assert list(ages_s) == [("ab      ",), ("cd      ",)]
        assert all(-60 < age_s < 60 for age_s in ages_s.values())
        capture.remove()
    finally:
        side.close()


async def test_a_late_change_of_legacy_overwrites_nothing_newer(move: Move) -> None:
    mover = await cut_over(move)
    move.target.run("update shops set note = 'candidate' where code = 'ab'")
    move.source.run("update shops set note = 'late' where code in ('ab', 'cd')")
    await mover._follow(flow(mover, back=False))
    notes = {code.strip(): note for code, note in move.target.run("select code, note from shops")}
    assert notes == {"ab": "candidate", "cd": "late"}
    await move.settle(mover)
    notes = {code.strip(): note for code, note in move.source.run("select code, note from shops")}
    assert notes == {"ab": "candidate", "cd": "late"}


async def test_after_a_return_the_candidates_last_write_overwrites_nothing_newer(
    move: Move,
) -> None:
    mover = await cut_over(move)
    async with move.database.transaction(move.marketplace_id) as tx:
        await begin_return(tx, PLAN, "shops", is_forced=True)
    move.target.run("update shops set note = 'candidate' where code in ('ab', 'cd')")
    move.source.run("update shops set note = 'legacy' where code = 'ab'")
    await mover._reload()
    await mover._follow(flow(mover, back=True))
    notes = {code.strip(): note for code, note in move.source.run("select code, note from shops")}
    assert notes == {"ab": "legacy", "cd": "candidate"}
    await move.settle(mover)
    assert [one.kind for one in await move.findings("shops")] == [FindingKind.CONFLICT]
