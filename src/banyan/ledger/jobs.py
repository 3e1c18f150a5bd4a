"""The ledger's jobs: holds expire, closed periods keep their trial balance, what is recorded is sealed."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from banyan.ledger import service
from banyan.runtime import BatchJob, Database, Job, JobHandler, Transaction, list_marketplaces

_log = logging.getLogger(__name__)
_SEAL_EVERY_S = 30


def jobs() -> list[JobHandler]:
    return [
        BatchJob(kind=service.EXPIRY_JOB, run=expire, batch_max=1000),
        BatchJob(kind=service.BALANCE_JOB, run=keep_balances, batch_max=1),
        BatchJob(kind=service.SEAL_JOB, run=seal),
    ]


async def expire(tx: Transaction, _due: Sequence[Job]) -> None:
    """Expire whatever is due: each job stands for one transfer, whose legs are due at once."""
    while await service.expire_due(tx):
        pass


async def keep_balances(tx: Transaction, due: Sequence[Job]) -> None:
    """Keep the trial balance of each period that was closed."""
    for job in due:
        await service.keep_balances(tx, datetime.fromisoformat(job.key))


async def seal(tx: Transaction, _due: Sequence[Job]) -> None:
    """Seal what lies behind the horizon; at once again if there is a lot of it."""
    if await service.seal(tx) >= service.SEAL_MANY:
        await service.request_seal(tx)


async def keep_sealing(database: Database) -> None:
    """Ask for seals every half a minute, in each marketplace that has recorded something."""
    while True:
        try:
            async with database.across_marketplaces() as queries:
                marketplaces = await list_marketplaces(queries)
            for marketplace in marketplaces:
                async with database.transaction(marketplace.marketplace_id) as tx:
                    await service.request_seal(tx)
        except Exception as error:  # whatever it is, the next round may go well
            _log.warning("could not ask for seals: %r", error)
        await asyncio.sleep(_SEAL_EVERY_S)
