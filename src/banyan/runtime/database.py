"""PostgreSQL: a pool, and transactions that belong to one marketplace.

A request or a job runs in one ``Transaction``; it commits where the ``async with`` ends and rolls
back on any exception. The transaction names its marketplace to PostgreSQL, where row-level security
hides every other one: a forgotten ``where`` finds nothing in place of a neighbour's rows.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from banyan.kernel import Clock, SystemClock, Unavailable
from banyan.runtime.events import Cause, Event
from banyan.runtime.jobs import JobDraft
from banyan.runtime.tenancy import Marketplace, MarketplaceNotFound

T = TypeVar("T")
Row = tuple[Any, ...]
SYSTEM = Cause("system", "banyan")

STREAMED_AT_ONCE = 1_000
"""Rows that a stream holds in memory."""

_BEGIN = sql.SQL("begin; set local banyan.marketplace = {scope}")
_BEGIN_SNAPSHOT = sql.SQL(
    "begin isolation level repeatable read read only; set local banyan.marketplace = {scope}"
)
_READ_CLOCK = sql.SQL("; select now_at from runtime.clocks")
_BEGIN_ACROSS = sql.SQL("begin; set local banyan.marketplace = '*'")
_SET_SCOPE: LiteralString = (
    "select set_config('banyan.marketplace', %(marketplace_id)s::uuid::text, true)"
)
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    title = "The database can't be reached"


class Queries:
    """The ways to run one statement; parameters are named (``%(name)s``)."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        self._connection = connection

    async def one(self, kind: type[T], query: LiteralString, /, **parameters: Any) -> T | None:
        """The only row as a record whose field names are the columns, or None."""
        async with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, self._all(parameters))
            return await cursor.fetchone()

    async def all(self, kind: type[T], query: LiteralString, /, **parameters: Any) -> list[T]:
        """Every row as a record whose field names are the columns."""
        async with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(query, self._all(parameters))
            return await cursor.fetchall()

    async def each(
        self, kind: type[T], query: LiteralString, /, **parameters: Any
    ) -> AsyncIterator[T]:
        """Every row as a record, fetched as it is asked for: for more rows than fit in memory."""
        name = f"each_{id(parameters):x}"  # of its own while it runs
        async with self._connection.cursor(name, row_factory=class_row(kind)) as cursor:
            cursor.itersize = STREAMED_AT_ONCE
            await cursor.execute(query, self._all(parameters))
            async for row in cursor:
                yield row

    async def rows(self, query: LiteralString, /, **parameters: Any) -> list[Row]:
        cursor = await self._connection.execute(query, self._all(parameters))
        return await cursor.fetchall()

    async def value(self, query: LiteralString, /, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        cursor = await self._connection.execute(query, self._all(parameters))
        row = await cursor.fetchone()
        return None if row is None else row[0]

    async def execute(self, query: LiteralString, /, **parameters: Any) -> int:
        """Run a statement; the number of rows that it touched."""
        cursor = await self._connection.execute(query, self._all(parameters))
        return cursor.rowcount

    def _all(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return parameters


class Transaction(Queries):
    """One database transaction inside one marketplace.

    ``now`` is the marketplace's time and stands still within the transaction. Every statement may
    use ``%(marketplace_id)s``.
    """

    def __init__(
        self,
        connection: AsyncConnection[Row],
        marketplace: Marketplace,
        now: datetime,
        cause: Cause,
        subscribers: Mapping[str, Sequence[str]],
    ) -> None:
        super().__init__(connection)
        self.marketplace = marketplace
        self.now = now
        self.cause = cause
        self._subscribers = subscribers

    @property
    def marketplace_id(self) -> UUID:
        return self.marketplace.marketplace_id

    @property
    def livemode(self) -> bool:
        return self.marketplace.livemode

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """What is done within is undone if it raises, and the rest of the transaction stands."""
        async with self._connection.transaction():
            yield

    async def record(self, event: Event) -> None:
        await self.record_all([event])

    async def record_all(self, events: Sequence[Event]) -> None:
        """Write events to the outbox, and enqueue the jobs that subscribe to them."""
        if not events:
            return
        rows = await self.rows(
            """
            insert into runtime.events
              (marketplace_id, subject, sequence, type, payload, cause, occurred_at)
            select
              %(marketplace_id)s,
              new.subject,
              coalesce(last.sequence, 0)
                + row_number() over (partition by new.subject order by new.nth),
              new.type,
              new.payload,
              %(cause)s,
              %(now)s
            from unnest(%(subjects)s::text[], %(types)s::text[], %(payloads)s::jsonb[])
              with ordinality as new (subject, type, payload, nth)
            left join lateral (
              select sequence
              from runtime.events
              where marketplace_id = %(marketplace_id)s and subject = new.subject
              order by sequence desc
              limit 1
            ) last on true
            order by new.nth
            returning subject, sequence, type, payload
            """,
            subjects=[event.subject for event in events],
            types=[event.type for event in events],
            payloads=[Jsonb(event.payload) for event in events],
            cause=Jsonb(asdict(self.cause)),
            now=self.now,
        )
        await self.enqueue_all(
            JobDraft(
                kind=kind,
                key=f"{subject}#{sequence}",
                payload={
                    "subject": subject,
                    "sequence": sequence,
                    "type": event_type,
                    "payload": payload,
                },
            )
            for subject, sequence, event_type, payload in rows
            for kind in self._subscribers.get(event_type, ())
        )

    async def enqueue(self, job: JobDraft) -> None:
        await self.enqueue_all([job])

    async def enqueue_all(self, jobs: Iterable[JobDraft]) -> None:
        """Add jobs, unless one of the same kind and key is waiting."""
        drafts = list(jobs)
        if not drafts:
            return
        await self.execute(
            """
            insert into runtime.jobs (marketplace_id, kind, key, payload, due_at)
            select %(marketplace_id)s, new.kind, new.key, new.payload, new.due_at
            from unnest(
              %(kinds)s::text[], %(keys)s::text[], %(payloads)s::jsonb[], %(due)s::timestamptz[]
            ) with ordinality as new (kind, key, payload, due_at, nth)
            order by new.nth
            on conflict (marketplace_id, kind, key) do nothing
            """,
            kinds=[job.kind for job in drafts],
            keys=[job.key for job in drafts],
            payloads=[Jsonb(job.payload) for job in drafts],
            due=[job.due_at or self.now for job in drafts],
        )

    async def cancel_job(self, kind: str, key: str) -> None:
        """Take back a job that waits (a timer that is no longer needed)."""
        await self.execute(
            """
            delete from runtime.jobs
            where marketplace_id = %(marketplace_id)s and kind = %(kind)s and key = %(key)s
            """,
            kind=kind,
            key=key,
        )

    def _all(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**parameters, "marketplace_id": self.marketplace_id}


class Database:
    """A pool of connections and the way into transactions."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Row]], clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._marketplaces: dict[UUID, Marketplace] = {}
        self._subscribers: dict[str, list[str]] = {}

    @staticmethod
    async def open(
        url: str, *, size: int = 10, clock: Clock | None = None, wait_s: float = 10
    ) -> "Database":
        """Connect to ``url`` with up to ``size`` connections.

        ``DatabaseUnavailable`` if none comes up within ``wait_s``; so long a transaction waits for
        a free one, too.
        """
        pool = AsyncConnectionPool[AsyncConnection[Row]](
            url,
            kwargs={"autocommit": True, "row_factory": tuple_row, "application_name": "banyan"},
            min_size=min(2, size),
            max_size=size,
            timeout=wait_s,
            configure=_configure,
            open=False,
        )
        try:
            await pool.open(wait=True, timeout=wait_s)
        except PoolTimeout:
            await pool.close()
            raise DatabaseUnavailable("The database can't be reached.") from None
        return Database(pool, clock or SystemClock())

    async def close(self) -> None:
        await self._pool.close()

    def subscribe(self, event_type: str, job_kind: str) -> None:
        """From now on an event of this type enqueues a job of this kind with it."""
        kinds = self._subscribers.setdefault(event_type, [])
        if job_kind not in kinds:
            kinds.append(job_kind)

    @asynccontextmanager
    async def transaction(
        self, marketplace_id: UUID, cause: Cause = SYSTEM
    ) -> AsyncGenerator[Transaction]:
        """A transaction in one marketplace: commits at the end, rolls back on an exception."""
        marketplace = await self.marketplace(marketplace_id)
        begin = _BEGIN.format(scope=sql.Literal(str(marketplace_id)))
        async with self._begun(begin if marketplace.livemode else begin + _READ_CLOCK) as cursor:
            now = await self._now_of(marketplace, cursor)
            yield Transaction(cursor.connection, marketplace, now, cause, self._subscribers)

    @asynccontextmanager
    async def snapshot(
        self, marketplace_id: UUID, cause: Cause = SYSTEM
    ) -> AsyncGenerator[Transaction]:
        """A transaction that only reads, and in which every statement sees the same state.

        For figures out of several statements that must agree with each other.
        """
        marketplace = await self.marketplace(marketplace_id)
        begin = _BEGIN_SNAPSHOT.format(scope=sql.Literal(str(marketplace_id)))
        async with self._begun(begin if marketplace.livemode else begin + _READ_CLOCK) as cursor:
            now = await self._now_of(marketplace, cursor)
            yield Transaction(cursor.connection, marketplace, now, cause, self._subscribers)

    async def alone(
        self, marketplace_id: UUID, query: LiteralString, /, **parameters: Any
    ) -> list[Row]:
        """One statement as a transaction of its own, in one round trip; its rows.

        For where the round trips of ``transaction`` would cost more than the work. The statement
        may use ``%(marketplace_id)s`` and ``%(now)s``. Live marketplaces only: a sandbox's clock
        would have to be read first.
        """
        assert (await self.marketplace(marketplace_id)).livemode, "a sandbox has its own clock"
        every = {"marketplace_id": marketplace_id, "now": self._clock.now(), **parameters}
        async with (
            _refusals(),
            self._pool.connection() as connection,
            connection.pipeline(),
        ):
            await connection.execute("begin")
            await connection.execute(_SET_SCOPE, every)
            cursor = await connection.execute(query, every)
            await connection.execute("commit")
            return await cursor.fetchall()

    @asynccontextmanager
    async def across_marketplaces(self) -> AsyncGenerator[Queries]:
        """A transaction that sees every marketplace: for finding work and finding who calls."""
        async with self._begun(_BEGIN_ACROSS) as cursor:
            yield Queries(cursor.connection)

    async def marketplace(self, marketplace_id: UUID) -> Marketplace:
        """The marketplace's record, kept in the process: it never changes."""
        known = self._marketplaces.get(marketplace_id)
        if known is None:
            async with self.across_marketplaces() as queries:
                known = await queries.one(
                    Marketplace,
                    "select * from runtime.marketplaces where marketplace_id = %(marketplace_id)s",
                    marketplace_id=marketplace_id,
                )
            if known is None:
                raise MarketplaceNotFound("There is no such marketplace.")
            self._marketplaces[marketplace_id] = known
        return known

    async def _now_of(self, marketplace: Marketplace, begun: AsyncCursor[Row]) -> datetime:
        """The marketplace's time: a sandbox's own clock was read with the beginning."""
        if marketplace.livemode:
            return self._clock.now()
        while begun.nextset():
            pass
        row = await begun.fetchone()
        return self._clock.now() if row is None else row[0]

    @asynccontextmanager
    async def _begun(self, begin: sql.SQL | sql.Composed) -> AsyncGenerator[AsyncCursor[Row]]:
        """Begin in one round trip; commit at the end, or roll back on an exception."""
        async with _refusals():
            cursor = await self._begin(begin)
            try:
                yield cursor
                await cursor.connection.execute("commit")
            except BaseException:
                if not cursor.connection.closed:
                    await cursor.connection.rollback()
                raise
            finally:
                await self._pool.putconn(cursor.connection)

    async def _begin(self, begin: sql.SQL | sql.Composed) -> AsyncCursor[Row]:
        """Take a connection and begin on it; those that died while they rested are passed over."""
        for _ in range(self._pool.max_size):
            connection = await self._pool.getconn()
            try:
                return await connection.execute(begin)
            except BaseException as error:
                await self._pool.putconn(connection)
                if not isinstance(error, _LOST) or not connection.closed:
                    raise
        raise DatabaseUnavailable("The database can't be reached; try again.")


@asynccontextmanager
async def _refusals() -> AsyncGenerator[None]:
    """Tell what a caller may try again from what is wrong with the statement."""
    try:
        yield
    except PoolTimeout:
        raise DatabaseUnavailable("The database is too busy; try again.") from None
    except _LOST as error:
        if error.sqlstate is not None and not error.sqlstate.startswith(("08", "57P", "53")):
            raise
        raise DatabaseUnavailable("The database can't be reached; try again.") from error


async def _configure(connection: AsyncConnection[Row]) -> None:
    await connection.execute("set role banyan_app")
    await connection.execute("set timezone = 'UTC'")


set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)
