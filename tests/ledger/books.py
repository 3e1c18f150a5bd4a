"""What the tests of seals, statements and periods share: a ledger's life, and its owner's hands."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import psycopg

from banyan import ledger
from banyan.ledger import Transfer
from banyan.ledger.jobs import jobs
from banyan.runtime import Cause, Database, Job, Transaction, Worker, advance_clock
from tests.conftest import START


async def post_at(
    database: Database, marketplace_id: UUID, at: datetime, transfers: list[Transfer]
) -> None:
    """Post transfers when the sandbox's clock has come to ``at``."""
    async with database.transaction(marketplace_id) as tx:
        if at > tx.now:
            await advance_clock(tx, at)
    async with database.transaction(marketplace_id) as tx:
        await ledger.post_or_refuse(tx, transfers)


async def seal_all(database: Database, marketplace_id: UUID) -> int:
    """Seal everything that is committed; how many legs it was."""
    sealed = 0
    for _ in range(2):
        async with database.transaction(marketplace_id) as tx:
            sealed += await ledger.seal(tx)
    return sealed


async def run_jobs(database: Database) -> None:
    """Run the ledger's jobs that are due."""

    async def never(_tx: Transaction, job: Job, reason: str) -> None:
        raise AssertionError(f"{job.kind}: {reason}")

    await Worker(database, jobs(), never).run_due()


@asynccontextmanager
async def as_owner(
    database: Database, database_url: str, marketplace_id: UUID
) -> AsyncGenerator[tuple[psycopg.AsyncConnection[tuple[object, ...]], Transaction]]:
    """A connection with the rights of the database's owner, and a transaction on it."""
    owner = await psycopg.AsyncConnection[tuple[object, ...]].connect(database_url)
    async with owner:
        marketplace = await database.marketplace(marketplace_id)
        yield owner, Transaction(owner, marketplace, START, Cause("test", "t"), {})
