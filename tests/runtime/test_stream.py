import asyncio
from uuid import UUID

from banyan.runtime import (
    Database,
    Event,
    StoredEvent,
    StreamPosition,
    events_after,
    events_of,
    latest_events,
    stream_end,
)


async def test_a_follower_misses_no_event_that_commits_late(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as slow:
        await slow.record(Event("thing.done", "early", {}))
        async with database.transaction(sandbox) as quick:
            await quick.record(Event("thing.done", "late", {}))
        async with database.transaction(sandbox) as tx:
            assert await events_after(tx, StreamPosition(), 10) == []
    seen = await _wait_for_two(database, sandbox)
    async with database.transaction(sandbox) as tx:
        end = await stream_end(tx)
    assert [event.subject for event in seen] == ["early", "late"]
    assert end == StreamPosition(seen[-1].xid, seen[-1].position)
    async with database.transaction(sandbox) as tx:
        assert await events_after(tx, end, 10) == []


async def _wait_for_two(database: Database, sandbox: UUID) -> list[StoredEvent]:
    """Other databases of the same server may run older transactions for a moment."""
    async with asyncio.timeout(30):
        while True:
            async with database.transaction(sandbox) as tx:
                seen = await events_after(tx, StreamPosition(), 10)
            if len(seen) == 2:
                return seen
            await asyncio.sleep(0.01)


async def test_lists_are_filtered_by_type_family_and_subject(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        await tx.record_all(
            [
                Event("order.placed", "o", {}),
                Event("order.paid", "o", {}),
                Event("case.opened", "c", {}),
            ]
        )
    async with database.transaction(sandbox) as tx:
        orders = await latest_events(tx, types=["order."], limit=10)
        opened = await latest_events(tx, types=["case.opened"], limit=10)
        history = await events_of(tx, "o")
    assert [event.type for event in orders] == ["order.paid", "order.placed"]
    assert [event.subject for event in opened] == ["c"]
    assert [event.sequence for event in history] == [1, 2]
