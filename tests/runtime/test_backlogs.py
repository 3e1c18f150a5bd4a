from datetime import timedelta
from uuid import UUID

from banyan.runtime import (
    Database,
    JobDraft,
    Transaction,
    advance_clock,
    backlog,
    count_due_jobs,
    job_counts,
)


async def _enqueue(tx: Transaction, key: str, hours: int = 0) -> None:
    await tx.enqueue(JobDraft("greet", key, due_at=tx.now + timedelta(hours=hours)))


async def _count_due(database: Database) -> int:
    async with database.across_marketplaces() as queries:
        return await count_due_jobs(queries)


async def test_the_backlog_tells_what_waits_since_when_and_what_failed(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        await _enqueue(tx, "due")
        await _enqueue(tx, "later", hours=2)
        await _enqueue(tx, "broken")
        await tx.execute(
            "update runtime.jobs set is_failed = true, last_error = 'no answer' "
            "where key = 'broken'"
        )
        await advance_clock(tx, tx.now + timedelta(hours=1))
    async with database.transaction(sandbox) as tx:
        [greet] = await backlog(tx)
        counts = await job_counts(tx)
    assert (greet.kind, greet.due, greet.waiting, greet.failed) == ("greet", 1, 1, 1)
    assert greet.oldest == timedelta(hours=1)
    assert greet.last_error == "no answer"
    assert (counts.due, counts.failed) == (1, 1)


async def test_due_is_by_each_marketplaces_own_clock(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    for marketplace in (sandbox, live):
        async with database.transaction(marketplace) as tx:
            await _enqueue(tx, "now")
            await _enqueue(tx, "later", hours=2)
    # The live one's jobs are of 2018, and PostgreSQL's clock is the machine's.
    assert await _count_due(database) == 1 + 2
    async with database.transaction(sandbox) as tx:
        await advance_clock(tx, tx.now + timedelta(hours=3))
    assert await _count_due(database) == 2 + 2
