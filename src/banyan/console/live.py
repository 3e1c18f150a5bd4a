"""Server-sent events: tells open pages that something they show has changed.

One follower a marketplace reads the stream of events for all pages open in this process; a page
hears only that it is out of date, and fetches itself again. A stream ends after ``STREAM_S`` and the
browser opens it anew, so that a server which stops never waits for one, and a session that has
ended is noticed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from banyan.console.security import PAGE_HEADERS
from banyan.console.visit import Console, find_session, markets_of, position_in
from banyan.runtime import Database, StreamPosition, events_after, stream_end

POLL_S = 1.0
STREAM_S = 55.0
QUIET_S = 15.0
EVERY_S_MIN = 2
_READ_MAX = 1_000

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Listener:
    """An open page; ``subjects`` None: any event makes it out of date."""

    subjects: frozenset[str] | None
    _stale: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, subjects: frozenset[str] | None) -> None:
        """News about these subjects, or (None) about any."""
        if self.subjects is None or subjects is None or self.subjects & subjects:
            self._stale.set()

    async def is_stale_within(self, seconds: float) -> bool:
        """Whether news came by then; the next call waits for newer ones."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stale.wait(), seconds)
        is_stale = self._stale.is_set()
        self._stale.clear()
        return is_stale


@dataclass(eq=False, slots=True)
class _Follower:
    """The task that reads a marketplace's stream; ``begun`` once it knows where it stands."""

    task: asyncio.Task[None]
    begun: asyncio.Event


class LiveFeed:
    """Tells the open pages of a marketplace when events are committed in it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[UUID, set[Listener]] = {}
        self._followers: dict[UUID, _Follower] = {}

    @contextmanager
    def listening(
        self, marketplace_id: UUID, subjects: frozenset[str] | None
    ) -> Generator[Listener]:
        """A listener for as long as the block lasts."""
        listener = Listener(subjects)
        others = self._listeners.setdefault(marketplace_id, set())
        others.add(listener)
        if marketplace_id not in self._followers:
            begun = asyncio.Event()
            task = asyncio.create_task(self._follow(marketplace_id, begun))
            self._followers[marketplace_id] = _Follower(task, begun)
        try:
            yield listener
        finally:
            others.discard(listener)
            if not others:
                self._followers.pop(marketplace_id).task.cancel()

    async def followed(self, marketplace_id: UUID) -> None:
        """Wait until the stream is followed: what is committed from now on is heard."""
        await self._followers[marketplace_id].begun.wait()

    async def _follow(self, marketplace_id: UUID, begun: asyncio.Event) -> None:
        """Read the stream until cancelled; a database that is away is asked again."""
        at: StreamPosition | None = None
        while True:
            try:
                at = await self._read(marketplace_id, at)
                begun.set()
            except Exception:
                _log.exception("live pages can't read events", extra={"retry_s": POLL_S})
            await asyncio.sleep(POLL_S)

    async def _read(self, marketplace_id: UUID, at: StreamPosition | None) -> StreamPosition:
        async with self._database.transaction(marketplace_id) as tx:
            if at is None:
                return await stream_end(tx)
            events = await events_after(tx, at, _READ_MAX)
            is_behind = len(events) == _READ_MAX
            end = await stream_end(tx) if is_behind else at
        if not events:
            return at
        subjects = None if is_behind else frozenset(event.subject for event in events)
        for listener in self._listeners[marketplace_id]:
            listener.tell(subjects)
        return end if is_behind else StreamPosition(events[-1].xid, events[-1].position)


async def serve_live(console: Console, feed: LiveFeed, request: Request) -> Response:
    """GET /console/{market}/live?since=…&subjects=ord_…,pay_…

    ``since`` is where the stream ended when the page was made: what has happened between then and
    now makes the page out of date at once. ``every``: seconds after which it is anyway, for figures
    that change without events.
    """
    if await find_session(console, request) is None:
        return Response(status_code=401)
    marketplace = (await markets_of(console)).get(request.path_params["market"])
    if marketplace is None:
        return Response(status_code=404)
    subjects = request.query_params.get("subjects", "")
    wanted = _Wanted(
        marketplace.marketplace_id,
        frozenset(subjects.split(",")[:50]) if subjects else None,
        position_in(request.query_params.get("since", "")),
        _every_s(request.query_params.get("every", "")),
    )
    headers = {**PAGE_HEADERS, "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _lines(console, feed, request, wanted), media_type="text/event-stream", headers=headers
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an open page wants to hear of, and how much of it the page shows already."""

    marketplace_id: UUID
    subjects: frozenset[str] | None
    since: StreamPosition
    every_s: float


def _every_s(text: str) -> float:
    """Seconds, or infinity where none or nonsense is given."""
    return float(max(EVERY_S_MIN, int(text[:4]))) if text.isascii() and text.isdigit() else inf


async def _lines(
    console: Console, feed: LiveFeed, request: Request, wanted: _Wanted
) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    ends_at = clock() + STREAM_S
    yield "retry: 1000\n\n"
    with feed.listening(wanted.marketplace_id, wanted.subjects) as listener:
        await feed.followed(wanted.marketplace_id)
        async with console.database.transaction(wanted.marketplace_id) as tx:
            if await stream_end(tx) > wanted.since:
                listener.tell(None)
        while (left_s := ends_at - clock()) > 0:
            wait_s = min(left_s, QUIET_S, wanted.every_s)
            is_stale = await listener.is_stale_within(wait_s) or wait_s == wanted.every_s
            yield "event: change\ndata: {}\n\n" if is_stale else ": quiet\n\n"
    if await find_session(console, request) is None:
        yield "event: signed-out\ndata: {}\n\n"
