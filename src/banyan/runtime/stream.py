"""Reading the outbox: one subject's history, the list of all events, and what is new.

Who follows the stream keeps the ``(xid, position)`` of the last event seen. Only events of
transactions older than every running one are given out: nothing can commit before them any more,
so a follower never misses one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from banyan.runtime.database import Transaction
from banyan.runtime.events import StoredEvent


@dataclass(frozen=True, slots=True, order=True)
class StreamPosition:
    """Where a follower of the stream stands."""

    xid: int = 0
    position: int = 0


async def events_of(tx: Transaction, subject: str) -> list[StoredEvent]:
    """Everything that happened to one subject, in order."""
    return await tx.all(
        StoredEvent,
        """
        select position, xid::text::bigint as xid, subject, sequence, type, payload, cause,
          occurred_at, recorded_at
        from runtime.events
        where marketplace_id = %(marketplace_id)s and subject = %(subject)s
        order by sequence
        """,
        subject=subject,
    )


async def latest_events(
    tx: Transaction,
    *,
    types: Sequence[str] | None = None,
    subject: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[StoredEvent]:
    """Events, the newest first; ``before`` is the position of the last one of the page before.

    A type that ends in a dot stands for all that begin with it (``order.``).
    """
    return await tx.all(
        StoredEvent,
        """
        select position, xid::text::bigint as xid, subject, sequence, type, payload, cause,
          occurred_at, recorded_at
        from runtime.events
        where marketplace_id = %(marketplace_id)s
          and (%(before)s::bigint is null or position < %(before)s)
          and (%(subject)s::text is null or subject = %(subject)s)
          and (%(types)s::text[] is null
               or type = any(%(types)s)
               or split_part(type, '.', 1) || '.' = any(%(types)s))
        order by position desc
        limit %(limit)s
        """,
        types=None if types is None else list(types),
        subject=subject,
        before=before,
        limit=limit,
    )


async def events_after(tx: Transaction, at: StreamPosition, limit: int) -> list[StoredEvent]:
    """What has happened since ``at``, in the order in which it is safe to follow."""
    return await tx.all(
        StoredEvent,
        """
        select position, xid::text::bigint as xid, subject, sequence, type, payload, cause,
          occurred_at, recorded_at
        from runtime.events
        where marketplace_id = %(marketplace_id)s
          and (xid, position) > (%(xid)s::text::xid8, %(position)s)
          and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by events.xid, position
        limit %(limit)s
        """,
        xid=str(at.xid),
        position=at.position,
        limit=limit,
    )


async def stream_end(tx: Transaction) -> StreamPosition:
    """The place from which a new follower sees what happens from now on."""
    end = await tx.one(
        StreamPosition,
        """
        select xid::text::bigint as xid, position
        from runtime.events
        where marketplace_id = %(marketplace_id)s
          and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by events.xid desc, position desc
        limit 1
        """,
    )
    return end or StreamPosition()
