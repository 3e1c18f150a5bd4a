"""Many kinds of columns from every database into PostgreSQL and back, and compared fairly."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from banyan.movement import want_repair
from tests.movement.conftest import PLAN, Move

ORDERS: dict[str, Any] = {
    "name": "orders",
    "source": {"table": "orders", "key": ["number"]},
    "target": {"table": "orders", "key": ["code"]},
    "zone": "Europe/Berlin",
    "columns": {
        "code": "concat('o-', number)",
        "total_minor": "minor(total)",
        "is_paid": "paid",
        "status": "lookup('status', status)",
        "placed_at": "placed",
        "day": "date(placed)",
        "details": "json(details)",
        "title": "trim(title)",
        "rate": "rate",
    },
    "lookups": {"status": {1: "open", 2: "shipped"}},
    "reverse": {
        "columns": {
            "number": "int(part(code, '-', 2))",
            "total": "from_minor(total_minor)",
            "paid": "is_paid",
            "status": "lookup('back', status)",
            "placed": "placed_at",
            "details": "json_text(details)",
            "title": "title",
            "rate": "rate",
        },
        "lookups": {"back": {"open": 1, "shipped": 2}},
    },
    "chunk": 4,
}


def tables(move: Move) -> None:
    stamp = "timestamp" if move.source.side.dialect == "postgresql" else "datetime"
    paid = "boolean" if move.source.side.dialect == "postgresql" else "tinyint(1)"
    kind = "jsonb" if move.source.side.dialect == "postgresql" else "text"
    double = "double precision"
    move.source.script(
        f"create table orders (number integer primary key, total numeric(10,2), paid {paid},"
        f" status integer, placed {stamp}, details {kind}, title varchar(40), rate {double})"
    )
    move.target.script(
        "create table orders (code text primary key, total_minor bigint, is_paid boolean,"
        " status text, placed_at timestamptz, day date, details jsonb, title text, rate numeric(8,4))"
    )
    for number in range(1, 14):
        move.source.run(
            "insert into orders values (:number, :total, :paid, :status, :placed, :details, :title,"
            " :rate)",
            number=number,
            total=str(Decimal(number) * Decimal("19.99")),
            paid=bool(number % 2),
            status=1 + number % 2,
            placed=f"2018-0{1 + number % 9}-15 12:30:00",
            details='{"b": 1.0, "a": [1, 2.50]}',
            title=f"  Größe {number} ",
            rate=number / 8,
        )


async def test_kinds_keys_and_zones(move: Move) -> None:
    tables(move)
    await move.declare(ORDERS)
    mover = await move.mover("orders")
    await move.settle(mover)
    rows = move.target.run(
        "select code, total_minor, is_paid, status, placed_at at time zone 'UTC', details, title"
        " from orders where code = 'o-5'"
    )
    assert [str(value) for value in rows[0][:5]] == [
        "o-5", "9995", "True", "shipped", "2018-06-15 10:30:00",
    ]  # fmt: skip
    assert rows[0][5:] == ({"a": [1, 2.5], "b": 1}, "Größe 5")
    standing = await move.standing("orders")
    assert standing.is_verified, standing.sentence
    assert standing.rows == 13


async def test_rows_that_only_the_target_has_are_found_by_keys_that_sort_otherwise(
    move: Move,
) -> None:
    tables(move)
    await move.declare(ORDERS)
    mover = await move.mover("orders")
    await move.settle(mover)
    move.target.script(
        "alter table orders disable trigger user",
        "insert into orders (code) values ('o-77')",
        "alter table orders enable trigger user",
    )
    standing = await move.verify(mover, "orders")
    assert standing.differing == 1
    [found] = await move.findings("orders")
    assert (found.kind, found.key, found.origin_key) == ("extra", ["o-77"], None)


async def test_the_way_back_turns_every_expression_round(move: Move) -> None:
    tables(move)
    await move.declare(ORDERS)
    mover = await move.mover("orders")
    await move.settle(mover)
    await move.turn("orders")
    move.target.script(
        "update orders set total_minor = 5, status = 'open', placed_at = '2018-01-01 00:00+00'"
        " where code = 'o-3'",
        "insert into orders (code, total_minor, is_paid, status, placed_at, details, title, rate)"
        " values ('o-400', 123, true, 'shipped', '2018-07-01 10:00+00', '{\"x\": 1}', 'new', 0.5)",
        "delete from orders where code = 'o-4'",
    )
    await move.settle(mover)
    back = move.source.run(
        "select number, total, status, placed from orders where number in (3, 4, 400)"
        " order by number"
    )
    assert [(r[0], float(r[1]), r[2], str(r[3])[:19]) for r in back] == [
        (3, 0.05, 1, "2018-01-01 01:00:00"),
        (400, 1.23, 2, "2018-07-01 12:00:00"),
    ]
    standing = await move.standing("orders")
    assert standing.is_verified, standing.sentence


async def test_a_row_whose_expression_fails_is_told_and_tried_again(move: Move) -> None:
    tables(move)
    move.source.run("update orders set status = 9 where number = 2")
    await move.declare(ORDERS)
    mover = await move.mover("orders")
    await move.settle(mover)
    assert len(move.target.run("select 1 from orders")) == 12
    [found] = await move.findings("orders")
    assert found.kind == "stuck"
    assert "lookup status has no '9'" in found.detail["why"]
    move.source.run("update orders set status = 1 where number = 2")
    await move.settle(mover)
    assert len(move.target.run("select 1 from orders")) == 13


KEYED: dict[str, Any] = {
    "name": "lines",
    "source": {"table": "order_lines", "key": ["shop", "sku"]},
    "target": {"table": "order_lines", "key": ["shop", "sku"]},
    "columns": {"shop": "shop", "sku": "sku", "quantity": "quantity"},
    "filter": "quantity > 0",
    "chunk": 3,
    "reverse": "none",
}


async def test_composite_and_text_keys_filters_and_their_borders(move: Move) -> None:
    ddl = "create table order_lines (shop varchar(20), sku varchar(20), quantity integer, primary key (shop, sku))"
    move.source.run(ddl)
    move.target.run(ddl)
    for shop in ("a", "b", "öd", "Z"):
        for sku in ("1", "10", "2", "x y", "é"):
            move.source.run(
                "insert into order_lines values (:shop, :sku, :quantity)",
                shop=shop, sku=sku, quantity=len(shop + sku),
            )  # fmt: skip
    await move.declare(KEYED)
    mover = await move.mover("lines")
    await move.settle(mover)
    move.source.script(
        "update order_lines set quantity = 0 where sku = '2'",
        "update order_lines set sku = 'moved' where shop = 'b' and sku = '1'",
    )
    await move.settle(mover)
    wanted = move.source.run("select * from order_lines where quantity > 0")
    assert sorted(move.target.run("select * from order_lines")) == sorted(wanted)
    standing = await move.verify(mover, "lines")
    assert standing.is_verified, standing.sentence


@pytest.mark.parametrize("source", ["mariadb"], indirect=True)
async def test_what_the_target_can_not_hold_is_told_and_never_bent(move: Move) -> None:
    move.source.run("create table shops (id integer primary key, opens time, floors varchar(9))")
    move.target.run("create table shops (id integer primary key, opens time, floors integer)")
    for row in (
        (1, "09:30:00", "2"),
        (2, "30:00:00", "2"),
        (3, "-01:00:00", "2"),
        (4, "10:00:00", "2.5"),
    ):
        move.source.run(
            "insert into shops values (:id, :opens, :floors)",
            **dict(zip(("id", "opens", "floors"), row, strict=True)),
        )
    await move.declare(
        {
            "name": "shops",
            "source": {"table": "shops", "key": ["id"]},
            "target": {"table": "shops", "key": ["id"]},
            "columns": {"id": "id", "opens": "opens", "floors": "floors"},
        }
    )
    mover = await move.mover("shops")
    await move.settle(mover)
    assert move.target.run("select id, opens, floors from shops") == [(1, time(9, 30), 2)]
    standing = await move.verify(mover, "shops")
    assert (standing.is_verified, standing.stuck) == (False, 3)


async def test_a_row_of_which_nobody_can_tell_whether_it_is_the_sets_is_nobodys(move: Move) -> None:
    """As in a database's ``where``, null is not true; it stops nothing, and no such row is struck."""
    move.source.run("create table shops (id integer primary key, floors integer)")
    move.target.run("create table shops (id integer primary key, floors integer)")
    move.source.run("insert into shops values (1, 3)")
    move.target.run("insert into shops values (7, null), (8, 0)")
    await move.declare(
        {
            "name": "shops",
            "source": {"table": "shops", "key": ["id"]},
            "target": {"table": "shops", "key": ["id"], "scope": "floors > 0"},
            "columns": {"id": "id", "floors": "floors"},
        }
    )
    mover = await move.mover("shops")
    await move.settle(mover)
    standing = await move.verify(mover, "shops")
    assert standing.is_verified, standing.sentence
    move.source.run("insert into shops values (2, null)")  # its own row leaves the scope
    await move.settle(mover)
    standing = await move.verify(mover, "shops")
    assert (standing.is_verified, standing.differing) == (False, 1)
    async with move.database.transaction(move.marketplace_id) as tx:
        await want_repair(tx, PLAN, "shops")
    await move.settle(mover)
    left = move.target.run("select id, floors from shops order by id")
    assert left == [(1, 3), (2, None), (7, None), (8, 0)]
