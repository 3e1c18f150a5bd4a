"""Runbooks with boxes that people tick."""

from uuid import UUID

import pytest

from banyan.migration import RouteNotFound, informing
from banyan.migration.informing import Document, ItemNotFound
from banyan.runtime import Database
from tests.migration.informing.samples import applied


async def _read(database: Database, live: UUID) -> Document:
    async with database.transaction(live) as tx:
        return await informing.read_document(tx, "shop", "product", "runbook")


async def _tick(
    database: Database, live: UUID, number: int, text: str, *, is_done: bool = True, by: str = "ana"
) -> Document:
    async with database.transaction(live) as tx:
        return await informing.tick_item(
            tx, "shop", "product", "runbook", number, text=text, is_done=is_done, by=by
        )


TELL = "Tell **support** <script>alert(1)</script>"


async def test_task_items_become_boxes_and_html_stays_text(database: Database, live: UUID) -> None:
    await applied(database, live)
    shown = await _read(database, live)
    assert [item.text for item in shown.items] == [
        TELL, "Look at the [board](https://example.com/board)",
    ]  # fmt: skip
    html = "".join(shown.parts)
    assert "<h3>Before</h3>" in html
    assert "<strong>support</strong>" in html
    assert "&lt;script&gt;" in html
    assert "<li>plain</li>" in html
    assert shown.parts[0].endswith("<li>")


async def test_a_tick_says_who_and_when_and_is_kept_once(database: Database, live: UUID) -> None:
    await applied(database, live)
    for by in ("ana", "ben"):
        shown = await _tick(database, live, 0, TELL, by=by)
        tick = shown.items[0].tick
        assert tick is not None
        assert tick.by == "ana", "it was ticked already"
    assert shown.items[1].tick is None
    shown = await _tick(database, live, 0, TELL, is_done=False)
    assert shown.items[0].tick is None
    async with database.transaction(live) as tx:
        events = await tx.rows(
            "select type from runtime.events where type like 'migration.item%%' order by position"
        )
    assert events == [("migration.item_ticked",), ("migration.item_unticked",)]


async def test_a_new_version_empties_only_the_boxes_whose_text_is_new(
    database: Database, live: UUID
) -> None:
    await applied(database, live)
    before = await _read(database, live)
    for item in before.items:
        await _tick(database, live, item.number, item.text)
    await applied(database, live, change=("- [ ] Look at", "- [ ] Wait a day\n      - [ ] Gaze at"))
    after = await _read(database, live)
    assert [(item.text[:10], item.tick is not None) for item in after.items] == [
        ("Tell **sup", True), ("Wait a day", False), ("Gaze at th", False),
    ]  # fmt: skip
    shown = await _tick(database, live, 0, TELL, is_done=False)
    assert shown.items[0].tick is None, "a tick of an older version can be taken back"


async def test_boxes_with_the_same_text_are_two(database: Database, live: UUID) -> None:
    await applied(database, live, change=("- plain", f"- [ ] {TELL}"))
    shown = await _tick(database, live, 2, TELL)
    assert [item.tick is not None for item in shown.items] == [False, False, True]


@pytest.mark.parametrize(("number", "text"), [(0, "Something else"), (7, TELL), (1, TELL)])
async def test_a_box_that_says_something_else_is_refused(
    database: Database, live: UUID, number: int, text: str
) -> None:
    await applied(database, live)
    with pytest.raises(ItemNotFound):
        await _tick(database, live, number, text)


async def test_a_route_has_to_be_in_the_plan(database: Database, live: UUID) -> None:
    await applied(database, live)
    async with database.transaction(live) as tx:
        with pytest.raises(RouteNotFound):
            await informing.read_document(tx, "shop", "nowhere", "runbook")
