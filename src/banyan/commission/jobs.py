"""Jobs of commission: the nightly review of tiers."""

from collections.abc import Sequence

from banyan.commission.service.tiers import REVIEW_JOB, SalesSince, review_tiers, schedule_review
from banyan.runtime import BatchJob, Job, JobHandler, Transaction


def jobs(sales_since: SalesSince) -> list[JobHandler]:
    """The handlers; ``sales_since`` tells what was sold, which a context above knows."""

    async def review(tx: Transaction, jobs: Sequence[Job]) -> None:  # noqa: ARG001 - one a day
        await review_tiers(tx, sales_since)
        await schedule_review(tx)

    return [BatchJob(REVIEW_JOB, review)]
