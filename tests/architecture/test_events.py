"""docs/events.md tells every event that the source can record, and no other."""

import re
from collections import Counter

from banyan import app
from banyan.runtime import BatchJob, Database
from banyan.subscriptions import SUBSCRIPTIONS
from tests.architecture.event_types import recorded_types
from tests.architecture.source import SOURCE


def _documented() -> list[str]:
    text = (SOURCE.parents[1] / "docs" / "events.md").read_text()
    return re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text, re.MULTILINE)


def test_the_types_are_found() -> None:
    assert {"order.placed", "order.ship_late", "case.opened", "dispute.won"} <= recorded_types()
    assert len(recorded_types()) > 50


def test_every_recorded_event_is_documented() -> None:
    assert recorded_types() - {*_documented()} == set()


def test_every_documented_event_is_recorded() -> None:
    assert {*_documented()} - recorded_types() == set()


def test_no_event_is_documented_twice() -> None:
    assert [name for name, count in Counter(_documented()).items() if count > 1] == []


async def test_nobody_waits_for_an_event_that_never_comes(database: Database) -> None:
    handlers = [h for h in app.job_handlers(database) if isinstance(h, BatchJob)]
    awaited = {event_type for handler in handlers for event_type in handler.subscribes}
    assert "payment.captured" in awaited
    assert awaited - recorded_types() == set()


async def test_events_enqueue_the_jobs_that_follow_them(database: Database) -> None:
    handlers = [h for h in app.job_handlers(database) if isinstance(h, BatchJob)]
    followed = {handler.kind: handler.subscribes for handler in handlers if handler.subscribes}
    assert {kind: frozenset(types) for kind, types in SUBSCRIPTIONS.items()} == followed
