"""Seals: nothing committed is skipped, and whatever is changed behind the ledger's back is named."""

import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from banyan import ledger
from banyan.ledger import Seal
from banyan.ledger.service import request_seal
from banyan.runtime import Database
from tests.conftest import START
from tests.ledger.accounts import BANK, HELD, SELLER, move
from tests.ledger.books import as_owner, run_jobs, seal_all

NAMED = {number: UUID(int=number) for number in range(1, 10)}


async def _post(database: Database, marketplace_id: UUID, *numbers: int) -> None:
    async with database.transaction(marketplace_id) as tx:
        await ledger.post(tx, [move(BANK, HELD, number, NAMED[number]) for number in numbers])


async def test_what_is_committed_is_sealed_once(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        assert await ledger.head(tx) is None
        assert await ledger.is_sealed(tx)
    await _post(database, sandbox, 1, 2)
    assert await seal_all(database, sandbox) == 2
    assert await seal_all(database, sandbox) == 0
    await _post(database, sandbox, 3)
    assert await seal_all(database, sandbox) == 1
    async with database.transaction(sandbox) as tx:
        page = await ledger.list_seals(tx)
        assert [(seal.batch, seal.legs) for seal in page.data] == [(2, 1), (1, 2)]
        assert await ledger.is_sealed(tx)
        report = await ledger.verify(tx)
        assert report.findings == ()
        assert report.head == page.data[0]


async def test_a_lower_position_that_commits_later_is_not_skipped(
    database: Database, sandbox: UUID
) -> None:
    """The first transaction has drawn its position and is still open when a later one commits."""
    async with database.transaction(sandbox) as early:
        await ledger.post(early, [move(BANK, HELD, 1, NAMED[1])])
        async with database.transaction(sandbox) as late:
            elsewhere = [move(ledger.Account("x:a", "EUR"), ledger.Account("x:b", "EUR"), 2)]
            await ledger.post(late, elsewhere)
        for _ in range(3):
            assert await seal_all(database, sandbox) == 0
    assert await seal_all(database, sandbox) == 2
    async with database.transaction(sandbox) as tx:
        assert (await ledger.verify(tx)).findings == ()


async def test_the_older_of_two_that_are_open_is_not_mistaken_for_the_last(
    database: Database, sandbox: UUID
) -> None:
    """The one that began first draws the higher position and commits first."""
    x, y, z = (ledger.Account(f"x:{name}", "EUR") for name in "abc")
    async with database.transaction(sandbox) as younger:
        async with database.transaction(sandbox) as older:
            await ledger.open_account(older, z)
            await ledger.post(younger, [move(x, y, 1)])
            await ledger.post(older, [move(z, ledger.Account("x:d", "EUR"), 2)])
            assert await seal_all(database, sandbox) == 0
        assert await seal_all(database, sandbox) == 0
    assert await seal_all(database, sandbox) == 2
    async with database.transaction(sandbox) as tx:
        assert (await ledger.verify(tx)).findings == ()


async def test_a_transaction_that_posts_nothing_does_not_hinder(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as other:
        await ledger.open_account(other, HELD)
        async with database.transaction(sandbox) as tx:
            await ledger.post(tx, [move(BANK, SELLER, 5)])
        assert await seal_all(database, sandbox) == 1


async def test_a_worker_seals_what_it_is_asked_to(database: Database, sandbox: UUID) -> None:
    """Asked twice it does so once, and where nothing is new nobody asks."""

    async def ask() -> int:
        async with database.transaction(sandbox) as tx:
            await request_seal(tx)
            return await tx.value("select count(*) from runtime.jobs where kind = 'ledger.seal'")

    assert await ask() == 0
    await _post(database, sandbox, 1, 2)
    assert [await ask(), await ask()] == [1, 1]
    await run_jobs(database)
    async with database.transaction(sandbox) as tx:
        assert await ledger.is_sealed(tx)
    assert await ask() == 0


async def test_positions_that_a_rollback_lost_are_gaps(database: Database, sandbox: UUID) -> None:
    await _post(database, sandbox, 1)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(sandbox) as tx:
            await ledger.post(tx, [move(BANK, HELD, 2)])
            raise ZeroDivisionError
    await _post(database, sandbox, 3)
    assert await seal_all(database, sandbox) == 2
    async with database.transaction(sandbox) as tx:
        assert (await ledger.verify(tx)).findings == ()


async def test_marketplaces_have_chains_of_their_own(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    await _post(database, sandbox, 1)
    async with database.transaction(live) as tx:
        await ledger.post(tx, [move(BANK, HELD, 1, NAMED[1])])
    heads: list[Seal | None] = []
    for marketplace_id in (sandbox, live):
        assert await seal_all(database, marketplace_id) == 1
        async with database.transaction(marketplace_id) as tx:
            heads.append(await ledger.head(tx))
    assert heads[0] is not None
    assert heads[1] is not None
    assert heads[0].batch == heads[1].batch == 1
    assert heads[0].hash != heads[1].hash


FORGED = "'00000000-0000-0000-0000-000000000099'"
TAMPERING = [
    ("update ledger.transfers set amount_minor = 7 where transfer_id = %(2)s", "batch 1", 2, "altered"),
    ("update ledger.transfers set description = 'ours' where transfer_id = %(4)s", "batch 2", 4, "altered"),
    ("update ledger.transfers set recorded_at = recorded_at + interval '1 us' where transfer_id = %(3)s", "batch 2", 3, "altered"),
    ("update ledger.accounts set path = 'buyer:other' where path = 'buyer:funds_held'", "batch 1", 1, "altered"),
    ("delete from ledger.transfers where transfer_id = %(3)s", "batch 2", 3, "removed"),
    ("delete from ledger.transfers where transfer_id = %(5)s", "batch 3", 5, "removed"),
    (f"update ledger.transfers set transfer_id = {FORGED} where transfer_id = %(2)s", "batch 1", 2, "altered"),
    (f"""insert into ledger.transfers
         select (jsonb_populate_record(t, jsonb_build_object('position', 0, 'transfer_id', {FORGED},
           'debit_version', 50, 'credit_version', 50))).*
         from ledger.transfers t where transfer_id = %(1)s""", "batch 1", 0x99, "inserted"),
    ("update ledger.seals set legs = 3 where batch = 2", "batch 2", None, "the seal was altered"),
    ("update ledger.seals set hash = sha256(hash) where batch = 3", "batch 3", None, "the seal was altered"),
    ("update ledger.seals set leaves = '' where batch = 1", "batch 1", None, "the seal was altered"),
    ("update ledger.seals set root = sha256(root) where batch = 1", "batch 1", None, "the seal was altered"),
    ("delete from ledger.seals where batch = 2", "batch 3", None, "a batch before it was removed"),
]  # fmt: skip


async def test_tampering_is_named(database: Database, database_url: str, sandbox: UUID) -> None:
    """Each harm is done by the database's owner, who alone can, and taken back."""
    for numbers in ((1, 2), (3, 4), (5,)):
        await _post(database, sandbox, *numbers)
        assert await seal_all(database, sandbox) == len(numbers)
    names = {str(number): transfer_id for number, transfer_id in NAMED.items()}
    async with as_owner(database, database_url, sandbox) as (owner, tx):
        for statement, batch, number, what in TAMPERING:
            async with owner.transaction(force_rollback=True):
                await owner.execute(statement.encode(), names if "%(" in statement else None)
                found = [
                    finding.detail
                    for finding in (await ledger.verify(tx)).findings
                    if finding.check == "seals_chain"
                ]
                assert len(found) == 1, statement
                assert found[0].startswith(f"{batch}: "), (statement, found)
                assert what in found[0], (statement, found)
                assert number is None or str(UUID(int=number)) in found[0], (statement, found)


async def test_a_chain_that_was_rewritten_is_found_by_an_exported_seal(
    database: Database, database_url: str, sandbox: UUID
) -> None:
    """Whoever owns the database can compute every hash again, but not what was carried away."""
    await _post(database, sandbox, 1, 2)
    await seal_all(database, sandbox)
    async with database.transaction(sandbox) as tx:
        exported = await ledger.head(tx)
        assert exported is not None
        assert await ledger.check_against(tx, exported) == []
    await _post(database, sandbox, 3)
    await seal_all(database, sandbox)
    async with as_owner(database, database_url, sandbox) as (owner, tx):
        assert await ledger.check_against(tx, exported) == [], "the chain has only grown"
        await owner.execute("delete from ledger.seals")
        (removed,) = await ledger.check_against(tx, exported)
        assert "was removed" in removed.detail
        await owner.execute("update ledger.transfers set description = 'ours'")
        await owner.commit()
    await seal_all(database, sandbox)
    async with database.transaction(sandbox) as tx:
        assert (await ledger.verify(tx)).findings == (), "it agrees with itself"
        (changed,) = await ledger.check_against(tx, exported)
        assert "not the exported one" in changed.detail


async def test_the_application_can_not_write_seals(database: Database, sandbox: UUID) -> None:
    await _post(database, sandbox, 1)
    await seal_all(database, sandbox)
    for statement in (
        "update ledger.seals set legs = 7",
        "delete from ledger.seals",
        "delete from ledger.shifts",
        "update ledger.period_balances set posted_minor = 7",
        "delete from ledger.archives",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.transaction(sandbox) as tx:
                await tx.execute(statement)


@pytest.mark.parametrize("legs", [9, 2100])
async def test_dated_legs_count_alike_before_and_after_they_are_sealed(
    database: Database, database_url: str, sandbox: UUID, legs: int
) -> None:
    """The sums that the sealer keeps of many change how a balance is found, never the balance."""
    chosen = random.Random(legs)
    effective = [START + timedelta(minutes=chosen.randint(-9000, 9000)) for _ in range(legs)]
    amounts = [chosen.randint(1, 999) for _ in range(legs)]
    dated = [
        replace(move(BANK, SELLER, amount), effective_at=at)
        for at, amount in zip(effective, amounts, strict=True)
    ]

    async def check() -> None:
        async with database.transaction(sandbox) as tx:
            for at in [*effective[:9], START, START + timedelta(days=30)]:
                for shift in (0, -1, 31, 90_000):
                    until = at + timedelta(seconds=shift)
                    (balance,) = await ledger.balances(tx, [SELLER.path], effective_at=until)
                    pairs = zip(effective, amounts, strict=True)
                    assert balance.posted.minor == sum(a for at, a in pairs if at <= until)

    async def post(transfers: list[ledger.Transfer]) -> None:
        async with database.transaction(sandbox) as tx:
            await ledger.post_or_refuse(tx, transfers)

    await post(dated[: legs // 2])
    await seal_all(database, sandbox)
    await post(dated[legs // 2 :])
    await check()
    await seal_all(database, sandbox)
    await check()
    effective.append(START - timedelta(days=9))
    amounts.append(5)
    await post([replace(move(BANK, SELLER, 5), effective_at=effective[-1])])
    await check()
    await seal_all(database, sandbox)
    await check()
    async with as_owner(database, database_url, sandbox) as (owner, tx):
        assert (await ledger.verify(tx)).findings == ()
        assert await tx.value("select count(*) > 0 from ledger.shifts") is (legs > 2000)
        for statement, check_name in (
            ("update ledger.shifts set delta_minor = 7 where width = 'day'", "shifts_are_sums"),
            ("update ledger.dated_accounts set legs = 7", "dated_legs_are_counted"),
        ):
            async with owner.transaction(force_rollback=True):
                touched = await owner.execute(statement.encode())
                found = {finding.check for finding in (await ledger.verify(tx)).findings}
                assert found == ({check_name} if touched.rowcount else set())
