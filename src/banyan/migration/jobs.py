"""What migration does when something happens elsewhere."""

from collections.abc import Sequence
from typing import cast

from banyan.migration.service.steps import follow_case
from banyan.runtime import BatchJob, Job, JobHandler, Json, Transaction


async def follow_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Release the routes whose cases a person has resolved so."""
    for job in jobs:
        news = cast("dict[str, Json]", job.payload["payload"])
        await follow_case(
            tx,
            str(news["kind"]),
            str(news["subject"]),
            str(news["resolution"]),
            by=str(news["by"]),
            note=str(news["note"]),
        )


def jobs() -> list[JobHandler]:
    """The handlers of migration, for the worker."""
    return [
        BatchJob("migration.follow_cases", follow_cases, subscribes=frozenset({"case.resolved"}))
    ]
