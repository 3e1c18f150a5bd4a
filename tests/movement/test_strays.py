"""Rows that only the target has, where nobody can tell the source's key from the target's."""

from typing import Any

import pytest

from banyan.movement import want_repair
from banyan.movement.service.mover import Mover
from tests.movement.conftest import PLAN, Move

LINES: dict[str, Any] = {
    "name": "lines",
    "source": {"table": "items", "key": ["sku"]},
    "target": {"table": "items", "key": ["sku"]},
    "columns": {"sku": "upper(sku)", "quantity": "int(quantity)"},
    "reverse": "none",
    "chunk": 3,
}
POLLED = LINES | {"changes": {"polling": "moved", "overlap": "5s", "every": "0s"}}


async def filled(move: Move, plan: dict[str, Any]) -> Mover:
    move.source.run(
        "create table items (sku varchar(20) primary key, quantity varchar(20), moved integer)"
    )
    move.target.run("create table items (sku varchar(20) primary key, quantity integer)")
    for at in range(1, 9):
        move.source.run("insert into items values (:sku, '5', 1000)", sku=f"s{at}")
    await move.declare(plan)
    mover = await move.mover("lines")
    await move.settle(mover)
    return mover


async def repair(move: Move, mover: Mover) -> None:
    async with move.database.transaction(move.marketplace_id) as tx:
        await want_repair(tx, PLAN, "lines")
    await move.settle(mover)


def skus(move: Move) -> list[str]:
    return [sku for (sku,) in move.target.run("select sku from items order by sku")]


@pytest.mark.parametrize("plan", [LINES, POLLED])
async def test_a_row_that_can_not_be_mapped_keeps_its_row_at_the_target(
    move: Move, plan: dict[str, Any]
) -> None:
    mover = await filled(move, plan)
    move.source.script(
        "update items set quantity = 'many', moved = 2000 where sku = 's4'",
        "delete from items where sku = 's5'",
    )
    move.target.run("insert into items values ('STRAY', 1)")
    await move.settle(mover)
    standing = await move.verify(mover, "lines")
    assert (standing.is_verified, standing.stuck) == (False, 1)
    await repair(move, mover)
    assert skus(move) == ["S1", "S2", "S3", "S4", "S6", "S7", "S8"]
    assert [one.kind for one in await move.findings("lines")] == ["stuck"]


async def test_nothing_is_struck_where_the_key_of_a_row_can_not_be_made(move: Move) -> None:
    mover = await filled(move, POLLED | {"columns": {"sku": "text(int(lstrip(sku, 's')))"}})
    assert skus(move) == [str(at) for at in range(1, 9)]
    move.source.run("update items set sku = 'four', moved = 2000 where sku = 's4'")
    await move.verify(mover, "lines")
    assert skus(move) == [str(at) for at in range(1, 9)]


async def test_a_row_that_its_source_has_got_since_is_not_struck(move: Move) -> None:
    mover = await filled(move, LINES)
    move.target.run("insert into items values ('S77', 5)")
    await move.verify(mover, "lines")
    assert [one.kind for one in await move.findings("lines")] == ["extra"]
    move.source.run("insert into items values ('s77', '5', 1000)")
    await move.settle(mover)
    await repair(move, mover)
    assert "S77" in skus(move)
    assert (await move.verify(mover, "lines")).is_verified
