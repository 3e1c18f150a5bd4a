"""The ledger's timer: what was held until an instant is released when it has come."""

from collections.abc import Sequence

from banyan.ledger import service
from banyan.runtime import BatchJob, Job, JobHandler, Transaction


def jobs() -> list[JobHandler]:
    return [BatchJob(kind=service.EXPIRY_JOB, run=expire, batch_max=1000)]


async def expire(tx: Transaction, _due: Sequence[Job]) -> None:
    """Expire whatever is due: each job stands for one transfer, whose legs are due at once."""
    while await service.expire_due(tx):
        pass
