"""The worker: takes jobs that are due and runs their handlers.

A lane takes the due jobs of one kind in one marketplace at a time, so that steps of one kind are
applied together: one transaction, one call of the ledger, one insert of events.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from banyan.kernel import BanyanError
from banyan.runtime import telemetry
from banyan.runtime.database import Database, Transaction
from banyan.runtime.events import Cause
from banyan.runtime.jobs import (
    ATTEMPTS_MAX,
    Answered,
    BatchJob,
    Job,
    JobHandler,
    OutsideJob,
    backoff_s,
)

_log = logging.getLogger(__name__)


OnFailed = Callable[[Transaction, Job, str], Awaitable[None]]
"""Told, in its transaction, that a job has failed for good and why."""

_AWAY_S = 1.0
"""Between looks at a database that can't be reached."""

_RACES = (DeadlockDetected, SerializationFailure, UniqueViolation)


@dataclass(frozen=True, slots=True)
class _Group:
    """The due jobs of one kind in one marketplace."""

    marketplace_id: UUID
    kind: str


@dataclass(slots=True)
class Worker:
    """Runs jobs until it is told to stop.

    ``idle_s`` is how long it waits in real seconds when it found nothing to do.
    """

    database: Database
    handlers: Sequence[JobHandler]
    on_failed: OnFailed
    lanes: int = 4
    idle_s: float = 0.05
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work until ``stop`` is called; what is under way is finished first."""
        running: dict[_Group, asyncio.Task[int]] = {}
        while not self._stopping.is_set():
            for group in await self._find(running):
                running[group] = asyncio.create_task(self._lane(group))
            await self._wait(running)
            for group in [group for group, lane in running.items() if lane.done()]:
                _log_failure(group, running.pop(group))
        await asyncio.gather(*running.values(), return_exceptions=True)

    def stop(self) -> None:
        self._stopping.set()

    async def run_due(self) -> int:
        """Run what is due, and what becomes due by it, until nothing is; the number of jobs run."""
        done = 0
        while groups := await self._due_groups():
            ran = sum([await self._run_group(group) for group in groups])
            if ran == 0:
                break
            done += ran
        return done

    async def _lane(self, group: _Group) -> int:
        """Run a group; rest if another worker was quicker, in place of asking again at once."""
        ran = await self._run_group(group)
        if ran == 0:
            await asyncio.sleep(self.idle_s)
        return ran

    async def _find(self, running: Mapping[_Group, object]) -> list[_Group]:
        """Due groups that no lane has, as many as lanes are free."""
        free = self.lanes - len(running)
        if free == 0:
            return []
        try:
            groups = await self._due_groups()
        except (BanyanError, OSError) as error:
            _log.warning("the worker could not look for work: %s", error)
            await asyncio.sleep(_AWAY_S)
            return []
        return [group for group in groups if group not in running][:free]

    async def _wait(self, running: Mapping[_Group, asyncio.Task[int]]) -> None:
        """Until a lane is free again, it is time to look for work again, or to stop."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            [stopping, *running.values()],
            timeout=self.idle_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopping.cancel()

    async def _due_groups(self) -> list[_Group]:
        """Which marketplaces have due jobs of which kinds; those due longest first."""
        async with self.database.across_marketplaces() as queries:
            return await queries.all(
                _Group,
                """
                select m.marketplace_id, kinds.kind
                from runtime.marketplaces m
                left join runtime.clocks c on c.marketplace_id = m.marketplace_id
                cross join unnest(%(kinds)s::text[]) as kinds (kind)
                cross join lateral (
                  select j.due_at
                  from runtime.jobs j
                  where j.marketplace_id = m.marketplace_id
                    and j.kind = kinds.kind
                    and not j.is_failed
                    and j.due_at <= coalesce(c.now_at, now())
                    and j.retry_at <= now()
                    and j.leased_until <= now()
                  order by j.due_at
                  limit 1
                ) first
                order by first.due_at
                """,
                kinds=[handler.kind for handler in self.handlers],
            )

    async def _run_group(self, group: _Group) -> int:
        handler = next(handler for handler in self.handlers if handler.kind == group.kind)
        if isinstance(handler, OutsideJob):
            return await self._run_outside(handler, group)
        return await self._run_batch(handler, group)

    async def _run_batch(self, handler: BatchJob, group: _Group) -> int:
        started_s = time.perf_counter()
        try:
            count = await self._try_batch(handler, group, handler.batch_max)
        except Exception as error:
            _log.info(
                "a batch of %s is run again one by one: %r", handler.kind, error,
                exc_info=not isinstance(error, _RACES),
            )  # fmt: skip
            return await self._run_one_by_one(handler, group)
        telemetry.observe_jobs(handler.kind, "done", count, time.perf_counter() - started_s)
        return count

    async def _try_batch(self, handler: BatchJob, group: _Group, limit: int) -> int:
        async with self._transaction(group) as tx:
            jobs = await _take(tx, handler.kind, limit)
            if jobs:
                await handler.run(tx, jobs)
        return len(jobs)

    async def _run_one_by_one(self, handler: BatchJob, group: _Group) -> int:
        """Run each job of a failed batch in a transaction of its own."""
        for done in range(handler.batch_max):
            job: Job | None = None
            try:
                async with self._transaction(group) as tx:
                    jobs = await _take(tx, handler.kind, 1)
                    if not jobs:
                        return done
                    job = jobs[0]
                    await handler.run(tx, jobs)
                telemetry.observe_jobs(handler.kind, "done", 1)
            except Exception as error:
                if job is None:
                    raise
                await self._put_aside(job, error)
        return handler.batch_max

    async def _run_outside(self, handler: OutsideJob[Any, Any], group: _Group) -> int:
        """Lease and begin jobs, call, and end those that have an answer while others still wait."""
        started_s = time.perf_counter()
        jobs, questions = await self._begin(handler, group)
        calls = {
            asyncio.create_task(_call(handler, question)): (job, question)
            for job, question in zip(jobs, questions, strict=True)
            if question is not None
        }
        waiting = set(calls)
        renewal = asyncio.create_task(self._renew(handler, group, jobs))
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                await self._end(handler, group, [
                    Answered(*calls[task], task.result())
                    for task in done
                    if not await self._failed(calls[task][0], task)
                ])  # fmt: skip
        finally:
            for task in (renewal, *waiting):
                task.cancel()
        telemetry.observe_jobs(handler.kind, "done", len(jobs), time.perf_counter() - started_s)
        return len(jobs)

    async def _renew(
        self, handler: OutsideJob[Any, Any], group: _Group, jobs: Sequence[Job]
    ) -> None:
        """Keep the leases of calls that may take longer, until cancelled."""
        while jobs and handler.timeout_s is not None:
            await asyncio.sleep(handler.lease_s / 3)
            try:
                async with self._transaction(group) as tx:
                    await _prolong(tx, handler, jobs)
            except (BanyanError, OSError) as error:
                _log.warning("could not renew the leases of %s: %s", handler.kind, error)

    async def _failed(self, job: Job, call: asyncio.Task[object]) -> bool:
        """Whether a call raised; then its job is put aside."""
        error = call.exception()
        if isinstance(error, Exception):
            await self._put_aside(job, error)
        return isinstance(error, Exception)

    async def _begin(
        self, handler: OutsideJob[Any, Any], group: _Group
    ) -> tuple[list[Job], Sequence[Any]]:
        """Many in one transaction, or if that fails just the first one."""
        for limit in (handler.concurrency, 1):
            jobs: list[Job] = []
            questions: Sequence[Any] = []
            try:
                async with self._transaction(group) as tx:
                    jobs = await _lease(tx, handler, limit)
                    questions = await handler.begin(tx, jobs) if jobs else questions
                    asked = zip(jobs, questions, strict=True)
                    await _delete(tx, [job for job, question in asked if question is None])
            except Exception as error:
                _log.info("could not begin %s: %r", handler.kind, error)
                if limit == 1 and jobs:
                    await self._put_aside(jobs[0], error)
            else:
                return jobs, questions
        return [], []

    async def _end(
        self, handler: OutsideJob[Any, Any], group: _Group, answered: list[Answered[Any, Any]]
    ) -> None:
        """All answers in one transaction, or if that fails one by one."""
        if not answered:
            return
        try:
            async with self._transaction(group) as tx:
                await _delete(tx, [one.job for one in answered])
                await handler.end(tx, answered)
        except Exception as error:
            if len(answered) == 1:
                await self._put_aside(answered[0].job, error)
                return
            _log.info("answers to %s are kept one by one: %r", handler.kind, error)
            for one in answered:
                await self._end(handler, group, [one])

    def _transaction(self, group: _Group) -> AbstractAsyncContextManager[Transaction]:
        return self.database.transaction(group.marketplace_id, Cause("job", group.kind))

    async def _put_aside(self, job: Job, error: Exception) -> None:
        """Note a failed try; after the last one the job stays, failed, and somebody is told."""
        attempts = job.attempts + 1
        is_last = attempts >= ATTEMPTS_MAX
        _log.warning(
            "job %s %s failed (try %d): %r", job.kind, job.key, attempts, error,
            exc_info=not isinstance(error, (BanyanError, *_RACES)),
        )  # fmt: skip
        telemetry.observe_jobs(job.kind, "failed" if is_last else "retried", 1)
        async with self.database.transaction(job.marketplace_id, Cause("job", job.kind)) as tx:
            await tx.execute(
                """
                update runtime.jobs
                set
                  attempts = %(attempts)s,
                  retry_at = now() + make_interval(secs => %(wait_s)s),
                  leased_until = '-infinity',
                  is_failed = %(is_failed)s,
                  last_error = %(error)s
                where marketplace_id = %(marketplace_id)s and job_id = %(job_id)s
                """,
                job_id=job.job_id,
                attempts=attempts,
                wait_s=backoff_s(attempts),
                is_failed=is_last,
                error=repr(error)[:2000],
            )
            if is_last:
                await self.on_failed(tx, job, repr(error)[:500])


def _log_failure(group: _Group, lane: asyncio.Task[int]) -> None:
    """Mostly the database is away; the jobs are still there, or come back when their lease ends."""
    error = lane.exception()
    if error is not None:
        _log.warning("jobs of kind %s were interrupted: %r", group.kind, error, exc_info=error)


async def _take(tx: Transaction, kind: str, limit: int) -> list[Job]:
    """Delete due jobs and return them: they are done when the transaction commits."""
    jobs = await tx.all(
        Job,
        """
        delete from runtime.jobs
        where marketplace_id = %(marketplace_id)s
          and job_id = any(array(
            select job_id
            from runtime.jobs
            where marketplace_id = %(marketplace_id)s
              and kind = %(kind)s
              and not is_failed
              and due_at <= %(now)s
              and retry_at <= now()
              and leased_until <= now()
            order by due_at, job_id
            limit %(limit)s
            for update skip locked
          ))
        returning marketplace_id, job_id, kind, key, payload, due_at, attempts
        """,
        kind=kind,
        now=tx.now,
        limit=limit,
    )
    return sorted(jobs, key=lambda job: (job.due_at, job.job_id))


async def _lease(tx: Transaction, handler: OutsideJob[Any, Any], limit: int) -> list[Job]:
    return await tx.all(
        Job,
        """
        update runtime.jobs
        set leased_until = now() + make_interval(secs => %(lease_s)s)
        where marketplace_id = %(marketplace_id)s
          and job_id = any(array(
            select job_id
            from runtime.jobs
            where marketplace_id = %(marketplace_id)s
              and kind = %(kind)s
              and not is_failed
              and due_at <= %(now)s
              and retry_at <= now()
              and leased_until <= now()
            order by due_at, job_id
            limit %(limit)s
            for update skip locked
          ))
        returning marketplace_id, job_id, kind, key, payload, due_at, attempts
        """,
        kind=handler.kind,
        lease_s=handler.lease_s,
        now=tx.now,
        limit=limit,
    )


async def _prolong(tx: Transaction, handler: OutsideJob[Any, Any], jobs: Sequence[Job]) -> None:
    await tx.execute(
        """
        update runtime.jobs
        set leased_until = now() + make_interval(secs => %(lease_s)s)
        where marketplace_id = %(marketplace_id)s
          and job_id = any(%(job_ids)s)
          and leased_until > now()
        """,
        job_ids=[job.job_id for job in jobs],
        lease_s=handler.lease_s,
    )


async def _call(handler: OutsideJob[Any, Any], question: object) -> object:
    async with asyncio.timeout(handler.timeout_s or handler.lease_s):
        return await handler.call(question)


async def _delete(tx: Transaction, jobs: Sequence[Job]) -> None:
    if not jobs:
        return
    await tx.execute(
        """
        delete from runtime.jobs
        where marketplace_id = %(marketplace_id)s and job_id = any(%(job_ids)s)
        """,
        job_ids=[job.job_id for job in jobs],
    )
