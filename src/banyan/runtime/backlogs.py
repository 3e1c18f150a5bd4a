"""How much durable work waits, for people and monitors to see."""

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
