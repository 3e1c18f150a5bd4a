"""Jobs that failed for good become cases: a person looks, and may have them run again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from banyan.operations.model import CaseDraft
from banyan.operations.service import cases_of, open_cases
from banyan.runtime import BatchJob, Job, JobHandler, Json, Transaction, retry_job

KIND = "job.failed"
_WITHIN = timedelta(hours=4)


async def open_case_for_failed_job(tx: Transaction, job: Job, error: str) -> None:
    """For the worker: called in the transaction that gives a job up.

    A job that was run again and has failed again is a new question.
    """
    subject = f"job_{job.job_id}"
    earlier = await cases_of(tx, subject)
    if any(case.is_open for case in earlier):
        return
    case = CaseDraft(
        key=f"{KIND}/{job.job_id}/{len(earlier) + 1}",
        queue="engineering",
        kind=KIND,
        subject=subject,
        title=f"Work failed again and again: {job.kind}",
        reason=error,
        due_at=tx.now + _WITHIN,
        resolutions=("run_again", "give_up"),
        evidence={"job": job.kind, "key": job.key},
    )
    await open_cases(tx, [case])


async def follow_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Run failed jobs again where a person said so."""
    for job in jobs:
        news = cast("dict[str, Json]", job.payload["payload"])
        if news.get("kind") == KIND and news.get("resolution") == "run_again":
            await retry_job(tx, int(str(news["subject"]).removeprefix("job_")))


def jobs() -> list[JobHandler]:
    """The handlers of operations, for the worker."""
    return [
        BatchJob("operations.on_case", follow_cases, subscribes=frozenset({"case.resolved"})),
    ]
