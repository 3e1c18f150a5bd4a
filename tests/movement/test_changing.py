"""A plan that says otherwise: what was filled and compared before doesn't count for what is said now."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from banyan.movement import SetPhase, begin_return, changes_of, declare, list_sets, set_id_of
from banyan.movement.errors import MoverReplaced
from banyan.movement.rules.changes import Anew, anew
from banyan.movement.rules.plan import read_plan
from banyan.movement.rules.standing import RETURN_TAKES
from banyan.movement.service.sets import Declared
from tests.movement.conftest import CUSTOMERS, PLAN, Move, Shop, alike, customers, rows_of

SOURCE = {"url_env": "LEGACY_TEST_SOURCE"}
TARGET = {"url_env": "LEGACY_TEST_TARGET"}


def declared(changes: dict[str, Any], source: object = SOURCE, target: object = TARGET) -> Declared:
    plan = read_plan({"source": source, "target": target, "sets": [CUSTOMERS | changes]})
    # As a set's row has it.
    kept = msgspec.to_builtins(Declared(source=plan.source, target=plan.target, set=plan.sets[0]))
    return msgspec.convert(kept, Declared)


@pytest.mark.parametrize(
    ("much", "changes"),
    [
        (Anew.NOTHING, {}),
        (Anew.NOTHING, {"reverse": "auto", "zone": "UTC", "lookups": {}}),  # as it is if left out
        (Anew.NOTHING, {"chunk": 50, "throttle": {"rows_per_s": 5}, "sequence_margin": 7}),
        (Anew.NOTHING, {"verify": {"every": "1m", "repair": "automatic"}, "after": []}),
        (Anew.COMPARISON, {"columns": CUSTOMERS["columns"] | {"note": "upper(note)"}}),
        (Anew.COMPARISON, {"columns": CUSTOMERS["columns"] | {"note": 1}}),
        (Anew.COMPARISON, {"filter": "id > 3"}),
        (Anew.COMPARISON, {"soft_delete": "id > 3"}),
        (Anew.COMPARISON, {"compare": {"email": {"letter_case": "ignore"}}}),
        (Anew.COMPARISON, {"zone": "Europe/Berlin"}),
        (Anew.COMPARISON, {"reverse": "none"}),
        (Anew.EVERYTHING, {"changes": "none"}),
        (Anew.EVERYTHING, {"changes": {"polling": "moved"}}),
        (Anew.COMPARISON, {"target": {"table": "customers", "key": ["id"], "deletes": "keep"}}),
        (Anew.EVERYTHING, {"source": {"table": "clients", "key": ["id"]}}),
        (Anew.EVERYTHING, {"source": {"table": "customers", "key": ["email"]}}),
        (Anew.EVERYTHING, {"target": {"table": "clients", "key": ["id"]}}),
        (Anew.EVERYTHING, {"target": {"table": "customers", "schema": "x", "key": ["id"]}}),
        (Anew.EVERYTHING, {"target": {"table": "customers", "key": ["email"]}}),
    ],
)
def test_what_begins_anew(much: Anew, changes: dict[str, Any]) -> None:
    assert anew(declared({}), declared(changes)) == much


def test_one_and_true_are_two_values() -> None:
    one, true = (declared({"columns": CUSTOMERS["columns"] | {"note": said}}) for said in (1, True))
    assert anew(one, true) == Anew.COMPARISON


def test_another_database_is_another_place() -> None:
    assert anew(declared({}), declared({}, source={"url_env": "OTHER"})) == Anew.EVERYTHING
    assert anew(declared({}), declared({}, target={"url_file": "/run/t"})) == Anew.EVERYTHING


async def test_a_set_that_is_mapped_otherwise_is_not_verified_before_it_was_compared(
    move: Move,
) -> None:
    customers(move.source, move.target, 9)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    assert (await move.standing()).is_verified
    await move.declare(CUSTOMERS | {"chunk": 8})
    assert (await move.standing()).is_verified
    changed = CUSTOMERS | {"columns": CUSTOMERS["columns"] | {"note": "'new'"}, "reverse": "none"}
    await move.declare(changed)
    standing = await move.standing()
    assert (standing.phase, standing.is_verified) == (SetPhase.FOLLOWING, False)
    assert "haven't all been compared yet" in standing.sentence
    with pytest.raises(MoverReplaced):  # it compares what the plan said before
        await mover.round()
    await move.settle(await move.mover())
    standing = await move.standing()
    assert (standing.is_verified, standing.differing) == (False, 9)
    assert (await move.events()).count("data.renewed") == 1


async def test_a_set_that_goes_elsewhere_is_filled_there(move: Move) -> None:
    customers(move.source, move.target, 9)
    move.target.run(
        "create table people (id integer primary key, email text, balance numeric(12,2), note text)"
    )
    await move.declare(CUSTOMERS)
    await move.settle(await move.mover())
    changed = CUSTOMERS | {"target": {"table": "people", "key": ["id"]}}
    await move.declare(changed)
    standing = await move.standing()
    assert (standing.phase, standing.is_verified) == (SetPhase.WAITING, False)
    await move.settle(await move.mover())
    assert (await move.standing()).is_verified
    assert len(rows_of(move.target, "people")) == 9
    move.target.run("update customers set note = 'nobody notes this any more'")
    move.target.run("insert into people values (100, 'foreign', 1, null)")
    await move.settle(await move.mover())
    assert [one.key for one in await move.findings()] == [[100]]


async def test_writes_of_the_shop_go_on_when_the_key_changes(move: Move) -> None:
    """What catches changes was made for the key of before: by it, or into it, nobody could write."""
    columns = "id integer primary key, email varchar(80) not null, balance numeric(12,2), note text"
    for shop in (move.source, move.target):
        shop.run(f"create table customers ({columns})")
        shop.run("create unique index by_email on customers (email)")
    move.source.run("insert into customers values (1, 'a@example.com', 1, null)")
    await move.declare(CUSTOMERS)
    await move.settle(await move.mover())
    by_email = {"table": "customers", "key": ["email"]}
    await move.declare(CUSTOMERS | {"source": by_email, "target": by_email})
    mover = await move.mover()
    await move.settle(mover)
    move.source.script(
        "insert into customers values (77, 'x@example.com', 2, 'written after')",
        "update customers set note = 'changed' where id = 1",
    )
    await move.settle(mover)
    assert alike(move.source, move.target)
    assert await move.findings() == []


async def test_who_mends_the_mapping_while_it_fills_begins_from_the_first_row(move: Move) -> None:
    customers(move.source, move.target, 20)
    columns = CUSTOMERS["columns"]
    await move.declare(CUSTOMERS | {"columns": columns | {"note": "int(email)"}})
    mover = await move.mover()
    for _ in range(3):
        await mover.round()
    assert (await move.standing()).stuck > 0
    await move.declare(
        CUSTOMERS | {"columns": columns | {"note": "lower(email)"}, "reverse": "none"}
    )
    await move.settle(await move.mover())
    standing = await move.standing()
    assert standing.is_verified, standing.sentence
    assert len(rows_of(move.target)) == 20


async def test_what_catches_changes_goes_when_they_are_caught_otherwise(move: Move) -> None:
    """A log that nobody reads would grow with every write."""
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    await move.settle(await move.mover())
    assert logs(move.target)
    assert logs(move.source)
    await move.declare(CUSTOMERS | {"reverse": "none"})
    move.source.run("update customers set note = 'meanwhile' where id = 3")
    await move.settle(await move.mover())
    assert (await move.standing()).is_verified
    assert not logs(move.target)
    await move.declare(CUSTOMERS | {"reverse": "none", "changes": "none"})
    await move.settle(await move.mover())
    assert (await move.standing()).is_verified
    assert not logs(move.source)
    assert alike(move.source, move.target)


def logs(shop: Shop) -> list[str]:
    return [name for name in shop.side.inspect().get_table_names() if name.startswith("banyan_log")]


async def test_what_is_cut_over_is_changed_only_by_force_and_never_filled(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    for changed, becomes in (
        (CUSTOMERS | {"columns": CUSTOMERS["columns"] | {"note": "'new'"}}, "compared anew"),
        (CUSTOMERS | {"source": {"table": "other", "key": ["id"]}}, "compared anew"),
        (None, "left alone"),
    ):
        [change] = await _changes(move, changed)
        assert (change.becomes, "customers is cut over" in change.refusal) == (becomes, True)
    assert await _changes(move, CUSTOMERS | {"chunk": 9}) == []
    await move.declare(CUSTOMERS | {"source": {"table": "other", "key": ["id"]}})
    assert (await move.standing()).phase == SetPhase.REVERSING


async def test_what_is_still_on_its_way_back_stays_in_the_plan(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    await move.settle(mover)
    async with move.database.transaction(move.marketplace_id) as tx:
        await begin_return(tx, PLAN, "customers")
    elsewhere = CUSTOMERS | {"target": {"table": "other", "key": ["id"]}}
    one_way = CUSTOMERS | {"reverse": "none"}
    for changed in (elsewhere, one_way, None):
        [change] = await _changes(move, changed)
        assert "given back only just" in change.refusal
    move.clock.advance(RETURN_TAKES + timedelta(seconds=1))
    await move.settle(mover)
    for changed in (elsewhere, one_way, None):
        [change] = await _changes(move, changed)
        assert change.refusal == ""


async def test_a_set_that_comes_back_into_the_plan_is_compared(move: Move) -> None:
    customers(move.source, move.target, 5)
    await move.declare(CUSTOMERS)
    await move.settle(await move.mover())
    async with move.database.transaction(move.marketplace_id) as tx:
        await declare(tx, PLAN, "shop", None)
    await move.declare(CUSTOMERS)
    assert not (await move.standing()).is_verified
    async with move.database.transaction(move.marketplace_id) as tx:
        assert [one.set_id for one in await list_sets(tx, plan_id=PLAN)] == [
            set_id_of(PLAN, "customers")
        ]
    await move.settle(await move.mover())
    assert (await move.standing()).is_verified


async def _changes(move: Move, changed: dict[str, Any] | None) -> list[Any]:
    data = None if changed is None else {"source": SOURCE, "target": TARGET, "sets": [changed]}
    async with move.database.transaction(move.marketplace_id) as tx:
        return await changes_of(tx, PLAN, data)
