"""All sets of a plan carried by one process; a second one stands by until the first is gone.

What carries is imported once something is to be carried: SQLAlchemy and drivers take long to load, and
most who ask this context only want to know how sets stand.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from banyan.kernel import Unavailable
from banyan.movement.errors import MoverReplaced, MoverRuns
from banyan.movement.model import DataSet, SetPhase
from banyan.movement.store import sets as sets_store
from banyan.runtime import Database

if TYPE_CHECKING:
    from banyan.movement.service.mover import Mover

_log = logging.getLogger(__name__)
_LOCK = 7_226_897
_LOOK_S = 2.0


async def run(
    database: Database,
    database_url: str,
    marketplace_id: UUID,
    plan_id: UUID,
    stop: asyncio.Event,
    *,
    waits: bool = True,
) -> None:
    """Carry the plan's sets until ``stop``; sets that are declared meanwhile are taken up, too.

    One process a plan: the lock is a session's of Banyan's database, so that it is free as soon as
    its holder is dead. Should two ever write all the same, the fence lets only the later one.
    ``MoverRuns`` if another process has the lock and this one doesn't wait for it.
    """
    while not stop.is_set():
        try:
            async with _alone(database_url, plan_id, stop, waits=waits) as lock:
                if lock is not None:
                    await _carry_all(database, marketplace_id, plan_id, stop, lock)
        except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError) as error:
            # Its lock is gone with its connection: it is taken anew before anything is carried.
            _log.warning("Banyan's database can't be reached, movers pause: %s", error)
            await _rest(stop)


async def _carry_all(
    database: Database,
    marketplace_id: UUID,
    plan_id: UUID,
    stop: asyncio.Event,
    lock: psycopg.AsyncConnection[Any],
) -> None:
    """Until ``stop``, or until Banyan's database is gone; either way its movers have ended then."""
    from banyan.movement.service.mover import Mover

    ended = asyncio.Event()
    tasks: dict[UUID, asyncio.Task[None]] = {}
    declared: dict[UUID, object] = {}
    try:
        while not stop.is_set():
            await lock.execute("select 1")
            for one in await _sets(database, marketplace_id, plan_id):
                task = tasks.get(one.set_id)
                if task is not None and not task.done() and declared[one.set_id] == one.declared:
                    continue
                if task is not None:  # ended, or the plan says otherwise by now
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                declared[one.set_id] = one.declared
                mover = Mover(database, marketplace_id, one.set_id)
                tasks[one.set_id] = asyncio.create_task(_carry(mover, ended), name=one.name)
            await _rest(stop)
    finally:
        ended.set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _carry(mover: "Mover", stop: asyncio.Event) -> None:
    try:
        await mover.run(stop)
    except MoverReplaced as replaced:
        _log.warning("%s", replaced.detail)
    except Exception as error:
        _log.exception("a mover has failed; it begins anew")
        await mover.fail(error)
        await _rest(stop)
    finally:
        await mover.close()


async def _rest(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            await stop.wait()


async def _sets(database: Database, marketplace_id: UUID, plan_id: UUID) -> Sequence[DataSet]:
    async with database.transaction(marketplace_id) as tx:
        return await sets_store.select_sets(tx, plan_id, None)


@asynccontextmanager
async def _alone(
    database_url: str, plan_id: UUID, stop: asyncio.Event, *, waits: bool
) -> AsyncGenerator[psycopg.AsyncConnection[Any] | None]:
    """The connection that holds the plan's lock for as long as it lives; None: told to stop."""
    number = plan_id.int & 0x7FFFFFFF
    connection = await psycopg.AsyncConnection.connect(
        database_url, autocommit=True, application_name="banyan_mover"
    )
    try:
        while True:
            cursor = await connection.execute(
                "select pg_try_advisory_lock(%(lock)s::int, %(plan)s::int)",
                {"lock": _LOCK, "plan": number},
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                yield connection
                return
            if not waits:
                raise MoverRuns("Another process carries the sets of this plan.")
            await _rest(stop)
            if stop.is_set():
                yield None
                return
    finally:
        await connection.close()


async def install(sets: Sequence[DataSet]) -> None:
    """Put triggers, slots and fences in place, without copying anything yet."""
    from banyan.movement.service.building import build

    for one in sets:
        moving = await asyncio.to_thread(build, one)
        try:
            if one.phase == SetPhase.WAITING:  # what is there may be of another key
                await asyncio.to_thread(moving.remove)
            await asyncio.to_thread(moving.install)
        finally:
            await asyncio.to_thread(moving.close)


async def remove(sets: Sequence[DataSet]) -> None:
    """Take away everything of ours from both sides."""
    from banyan.movement.service.building import build

    for one in sets:
        moving = await asyncio.to_thread(build, one)
        try:
            await asyncio.to_thread(moving.remove)
        finally:
            await asyncio.to_thread(moving.close)
