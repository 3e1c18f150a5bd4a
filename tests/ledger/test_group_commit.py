"""Callers at the same time: one database transaction for many, one outcome for each."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from banyan import ledger
from banyan.ledger import GroupCommit, Outcome, Reason, Rejection
from banyan.runtime import Database, DatabaseUnavailable, MarketplaceNotFound
from tests.ledger.accounts import BANK, HELD, SELLER, move


async def commits(database: Database, marketplace_id: UUID) -> int:
    """The number of database transactions that have posted."""
    async with database.transaction(marketplace_id) as tx:
        return await tx.value(
            """
            select count(distinct xmin::text) from ledger.transfers
            where marketplace_id = %(marketplace_id)s
            """
        )


async def test_callers_share_transactions(database: Database, sandbox: UUID) -> None:
    group = GroupCommit(database)
    outcomes = await asyncio.gather(
        *(group.post(sandbox, move(BANK, HELD, 1)) for _ in range(300))
    )  # fmt: skip
    assert set(outcomes) == {Outcome.POSTED}
    assert await commits(database, sandbox) < 10
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, [HELD.path])
        assert balance.posted.minor == 300
        assert (await ledger.verify(tx)).is_sound


async def test_a_batch_has_a_limit(database: Database, sandbox: UUID) -> None:
    group = GroupCommit(database, batch_max=10)
    await asyncio.gather(*(group.post(sandbox, move(BANK, HELD, 1)) for _ in range(100)))
    assert await commits(database, sandbox) == 10


async def test_each_gets_its_own_outcome(database: Database, sandbox: UUID) -> None:
    group = GroupCommit(database)
    wanted = [move(BANK, SELLER, 3), move(SELLER, BANK, 2), move(SELLER, BANK, 2)]
    outcomes = await asyncio.gather(*(group.post(sandbox, each) for each in wanted))
    assert outcomes == [Outcome.POSTED, Outcome.POSTED, Rejection(Reason.LIMIT_EXCEEDED)]


async def test_the_same_transfer_in_flight_is_posted_once(
    database: Database, sandbox: UUID
) -> None:
    group = GroupCommit(database)
    first = move(BANK, SELLER, 5)
    other = replace(first, subject="another")
    outcomes = await asyncio.gather(
        *(group.post(sandbox, each) for each in (first, first, other, first, other))
    )
    reused = Rejection(Reason.ID_REUSED)
    assert outcomes == [Outcome.POSTED, Outcome.POSTED, reused, Outcome.POSTED, reused]
    assert await group.post(sandbox, first) is Outcome.ALREADY_POSTED


async def test_other_content_may_follow_a_rejection(database: Database, sandbox: UUID) -> None:
    """The first was rejected, so that its id is free for the second."""
    group = GroupCommit(database)
    spent = move(SELLER, BANK, 5)
    brought = move(BANK, SELLER, 5, spent.id)
    outcomes = await asyncio.gather(group.post(sandbox, spent), group.post(sandbox, brought))
    assert outcomes == [Rejection(Reason.LIMIT_EXCEEDED), Outcome.POSTED]


async def test_marketplaces_do_not_mix(database: Database, sandbox: UUID, live: UUID) -> None:
    group = GroupCommit(database)
    same_id = move(BANK, HELD, 7)
    await asyncio.gather(*(group.post(each, same_id) for each in (sandbox, live, sandbox)))
    for marketplace_id in (sandbox, live):
        async with database.transaction(marketplace_id) as tx:
            (balance,) = await ledger.balances(tx, [HELD.path])
            assert balance.posted.minor == 7


async def test_a_caller_who_leaves_takes_nobody_along(database: Database, sandbox: UUID) -> None:
    group = GroupCommit(database)
    leaving = asyncio.create_task(group.post(sandbox, move(BANK, HELD, 1)))
    staying = asyncio.create_task(group.post(sandbox, move(BANK, HELD, 2)))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is Outcome.POSTED
    await group.close()
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, [HELD.path])
        assert balance.posted.minor == 3, "what was handed in is posted"


async def test_a_transfer_that_can_not_be_written_fails_alone(
    database: Database, sandbox: UUID
) -> None:
    group = GroupCommit(database)
    poison = replace(move(BANK, HELD, 1), description="a NUL \0")
    results = await asyncio.gather(
        group.post(sandbox, move(BANK, HELD, 1)),
        group.post(sandbox, poison),
        group.post(sandbox, move(BANK, HELD, 1)),
        return_exceptions=True,
    )
    assert results[::2] == [Outcome.POSTED, Outcome.POSTED]
    assert isinstance(results[1], psycopg.DataError)
    assert await group.post(sandbox, move(BANK, HELD, 1)) is Outcome.POSTED


async def cut_connections(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        await owner.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
            """
        )


async def test_lost_connections_lose_nothing(
    database: Database, database_url: str, sandbox: UUID
) -> None:
    """Connections are cut again and again under load; every caller gets the truth in the end."""
    group = GroupCommit(database)
    sent = [move(BANK, HELD, 1) for _ in range(2000)]
    done = 0

    async def call(transfers: list[ledger.Transfer]) -> None:
        nonlocal done
        for transfer in transfers:
            while await outcome_of(transfer) is None:
                pass
            done += 1
            if done % 250 == 100:
                await cut_connections(database_url)

    async def outcome_of(transfer: ledger.Transfer) -> Outcome | None:
        try:
            outcome = await group.post(sandbox, transfer)
        except DatabaseUnavailable:
            return None
        assert isinstance(outcome, Outcome)
        return outcome

    await asyncio.gather(*(call(sent[n::50]) for n in range(50)))
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, [HELD.path])
        assert balance.posted.minor == 2000
        assert (await ledger.verify(tx)).is_sound


async def test_a_refusal_reaches_the_caller(database: Database) -> None:
    group = GroupCommit(database)
    with pytest.raises(MarketplaceNotFound):
        await group.post(uuid4(), move(BANK, HELD, 1))
