"""How much durable work waits, for people and monitors to see; and giving failed work a new try."""

from dataclasses import dataclass
from datetime import timedelta

from banyan.runtime.database import Queries, Transaction


@dataclass(frozen=True, slots=True)
class Backlog:
    """The jobs of one kind: due now, waiting for their time, and failed for good.

    ``oldest`` is for how long the oldest due job has waited, in the marketplace's time.
    """

    kind: str
    due: int
    waiting: int
    failed: int
    oldest: timedelta | None
    last_error: str | None


async def backlog(tx: Transaction) -> list[Backlog]:
    """Every kind that has jobs, by name."""
    return await tx.all(
        Backlog,
        """
        select
          kind,
          count(*) filter (where not is_failed and due_at <= %(now)s) as due,
          count(*) filter (where not is_failed and due_at > %(now)s) as waiting,
          count(*) filter (where is_failed) as failed,
          max(%(now)s - due_at) filter (where not is_failed and due_at <= %(now)s) as oldest,
          (array_agg(last_error order by job_id desc) filter (where is_failed))[1] as last_error
        from runtime.jobs
        where marketplace_id = %(marketplace_id)s
        group by kind
        order by kind
        """,
        now=tx.now,
    )


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs wait although their time has come, and how many have failed for good."""

    due: int
    failed: int


async def job_counts(tx: Transaction) -> JobCounts:
    """The work that one marketplace has waiting, without what waits for a late second try."""
    counts = await tx.one(
        JobCounts,
        """
        select
          count(*) filter (
            where due_at <= %(now)s and not is_failed and retry_at <= now() + interval '10 s'
          ) as due,
          count(*) filter (where is_failed) as failed
        from runtime.jobs
        where marketplace_id = %(marketplace_id)s
        """,
        now=tx.now,
    )
    assert counts is not None, "an aggregate has one row"
    return counts


async def retry_job(tx: Transaction, job_id: int) -> None:
    """Let a failed job run again, with all its tries."""
    await tx.execute(
        """
        update runtime.jobs
        set is_failed = false, attempts = 0, retry_at = '-infinity'
        where marketplace_id = %(marketplace_id)s and job_id = %(job_id)s and is_failed
        """,
        job_id=job_id,
    )


async def count_due_jobs(queries: Queries) -> int:
    """The jobs of all marketplaces that wait although their time has come."""
    return await queries.value(
        """
        select count(*)
        from runtime.jobs
        left join runtime.clocks using (marketplace_id)
        where not is_failed and due_at <= coalesce(now_at, now())
        """
    )
