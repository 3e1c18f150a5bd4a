import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from banyan.runtime import (
    Answered,
    BatchJob,
    Database,
    Event,
    Job,
    JobDraft,
    OutsideJob,
    Transaction,
    Worker,
    advance_clock,
)


async def _never(tx: Transaction, job: Job, error: str) -> None:
    pytest.fail(f"{job.kind} failed: {error}")


async def _count(database: Database, marketplace: UUID) -> int:
    async with database.transaction(marketplace) as tx:
        return await tx.value(
            "select count(*) from runtime.jobs where marketplace_id = %(marketplace_id)s"
        )


async def _enqueue(database: Database, marketplace: UUID, *jobs: JobDraft) -> None:
    async with database.transaction(marketplace) as tx:
        await tx.enqueue_all(jobs)


async def test_a_job_runs_once_and_is_gone(database: Database, sandbox: UUID) -> None:
    seen: list[str] = []

    async def run(tx: Transaction, jobs: Sequence[Job]) -> None:
        seen.extend(job.key for job in jobs)

    await _enqueue(database, sandbox, *(JobDraft("greet", key) for key in "abca"))
    worker = Worker(database, [BatchJob("greet", run)], _never)
    assert await worker.run_due() == 3
    assert seen == ["a", "b", "c"]
    assert await _count(database, sandbox) == 0


async def test_a_timer_waits_for_the_sandbox_clock(database: Database, sandbox: UUID) -> None:
    seen: list[str] = []

    async def run(tx: Transaction, jobs: Sequence[Job]) -> None:
        seen.extend(job.key for job in jobs)

    async with database.transaction(sandbox) as tx:
        later = tx.now + timedelta(days=7)
        await tx.enqueue(JobDraft("release", "x", due_at=later))
    worker = Worker(database, [BatchJob("release", run)], _never)
    assert await worker.run_due() == 0
    async with database.transaction(sandbox) as tx:
        await advance_clock(tx, later)
    assert await worker.run_due() == 1
    assert seen == ["x"]


async def test_one_bad_job_holds_up_no_other(database: Database, sandbox: UUID) -> None:
    failed: list[str] = []

    async def run(tx: Transaction, jobs: Sequence[Job]) -> None:
        for job in jobs:
            await tx.record(Event("greeting.sent", job.key, {}))
            if job.key == "bad":
                raise RuntimeError("can't")

    async def on_failed(tx: Transaction, job: Job, error: str) -> None:
        failed.append(job.key)

    await _enqueue(database, sandbox, *(JobDraft("greet", key) for key in ("a", "bad", "b")))
    worker = Worker(database, [BatchJob("greet", run)], on_failed)
    await worker.run_due()
    async with database.transaction(sandbox) as tx:
        greeted = await tx.rows("select subject from runtime.events order by position")
        left = await tx.rows("select key, attempts, is_failed from runtime.jobs")
    assert sorted(greeted) == [("a",), ("b",)]
    assert left == [("bad", 1, False)]
    for _ in range(7):
        async with database.transaction(sandbox) as tx:
            await tx.execute("update runtime.jobs set retry_at = '-infinity'")
        await worker.run_due()
    assert failed == ["bad"]


async def test_an_event_reaches_each_kind_that_subscribes(
    database: Database, sandbox: UUID
) -> None:
    seen: list[tuple[str, object]] = []

    async def run(tx: Transaction, jobs: Sequence[Job]) -> None:
        seen.extend((job.key, job.payload["payload"]) for job in jobs)

    database.subscribe("case.resolved", "orders.on_case")
    async with database.transaction(sandbox) as tx:
        await tx.record_all(
            [Event("case.resolved", "cas_1", {"n": n}) for n in (1, 2)]
            + [Event("case.opened", "cas_1", {})]
        )
    await Worker(database, [BatchJob("orders.on_case", run)], _never).run_due()
    assert seen == [("cas_1#1", {"n": 1}), ("cas_1#2", {"n": 2})]


async def test_sequences_have_no_gap_for_a_subject(database: Database, sandbox: UUID) -> None:
    for names in (["a", "b", "a"], ["a"], ["b", "b"]):
        async with database.transaction(sandbox) as tx:
            await tx.record_all([Event("thing.done", name, {}) for name in names])
    async with database.transaction(sandbox) as tx:
        rows = await tx.rows("select subject, sequence from runtime.events order by 1, 2")
    assert rows == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]


class _Caller:
    """Asks for the key of each job; the first calls for ``bad`` ones fail."""

    def __init__(self, *bad: str) -> None:
        self.bad = list(bad)
        self.asked: list[str] = []
        self.ended: list[list[str]] = []

    def job(self) -> OutsideJob[str, str]:
        return OutsideJob("call", self.begin, self.call, self.end)

    async def begin(self, tx: Transaction, jobs: Sequence[Job]) -> list[str | None]:
        return [None if job.key == "moot" else job.key for job in jobs]

    async def call(self, question: str) -> str:
        self.asked.append(question)
        if question in self.bad:
            self.bad.remove(question)
            raise ConnectionError("no answer")
        return question.upper()

    async def end(self, tx: Transaction, answered: Sequence[Answered[str, str]]) -> None:
        self.ended.append(sorted(one.answer for one in answered))
        for one in answered:
            await tx.record(Event("call.answered", one.question, {}))
            if one.question == "poison" and len(answered) > 1:
                raise RuntimeError("only alone")


async def test_outside_work_that_failed_is_done_again(database: Database, sandbox: UUID) -> None:
    caller = _Caller("b")
    await _enqueue(database, sandbox, *(JobDraft("call", key) for key in ("a", "b", "moot")))
    worker = Worker(database, [caller.job()], _never)
    await worker.run_due()
    assert sorted(caller.asked) == ["a", "b"]
    assert await _count(database, sandbox) == 1
    async with database.transaction(sandbox) as tx:
        await tx.execute("update runtime.jobs set retry_at = '-infinity'")
    await worker.run_due()
    assert [name for batch in caller.ended for name in batch] == ["A", "B"]
    assert await _count(database, sandbox) == 0


async def test_an_answer_that_fails_holds_up_no_other(database: Database, sandbox: UUID) -> None:
    caller = _Caller()
    await _enqueue(database, sandbox, *(JobDraft("call", key) for key in ("a", "poison", "b")))
    await Worker(database, [caller.job()], _never).run_due()
    async with database.transaction(sandbox) as tx:
        kept = await tx.rows("select subject from runtime.events order by subject")
    assert kept == [("a",), ("b",), ("poison",)]
    assert await _count(database, sandbox) == 0


async def test_a_marketplace_never_sees_another(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    await _enqueue(database, sandbox, JobDraft("greet", "secret"))
    async with database.transaction(live) as tx:
        assert await tx.rows("select * from runtime.jobs") == []
        assert await tx.execute("delete from runtime.jobs") == 0
    assert await _count(database, sandbox) == 1


async def test_a_lease_is_renewed_while_a_long_call_runs(database: Database, sandbox: UUID) -> None:
    first_until = []

    async def begin(tx: Transaction, jobs: Sequence[Job]) -> list[str | None]:
        return [job.key for job in jobs]

    async def call(question: str) -> str:
        async with database.transaction(sandbox) as tx:
            first = await _leased_until(tx)
        while True:
            async with database.transaction(sandbox) as tx:
                if await _leased_until(tx) > first:
                    first_until.append(first)
                    return question
            await asyncio.sleep(0.05)

    async def end(tx: Transaction, answered: Sequence[Answered[str, str]]) -> None:
        pass

    await _enqueue(database, sandbox, JobDraft("call", "long"))
    job = OutsideJob("call", begin, call, end, lease_s=1, timeout_s=30)
    assert await Worker(database, [job], _never).run_due() == 1
    assert first_until
    assert await _count(database, sandbox) == 0


async def _leased_until(tx: Transaction) -> datetime:
    return await tx.value(
        "select leased_until from runtime.jobs where marketplace_id = %(marketplace_id)s"
    )
