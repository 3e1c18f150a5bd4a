"""Balances in both times, history, lists, and a proof that notices what was tampered with."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from banyan import ledger
from banyan.ledger import Kind
from banyan.runtime import Cause, Database, Transaction, advance_clock
from tests.conftest import START
from tests.ledger.accounts import BANK, HELD, SELLER, brl, hold, move, resolve

DAY = timedelta(days=1)


async def test_balances_as_of_both_times(database: Database, sandbox: UUID) -> None:
    """Five days, one transfer each; on the fourth the second day is corrected."""
    for day in range(5):
        async with database.transaction(sandbox) as tx:
            await advance_clock(tx, START + day * DAY)
        async with database.transaction(sandbox) as tx:
            transfers = [move(BANK, HELD, 10**day)]
            if day == 3:
                transfers.append(replace(move(HELD, BANK, 5), effective_at=START + DAY))
            if day == 4:
                transfers.append(replace(move(BANK, HELD, 70_000), effective_at=START + 9 * DAY))
            await ledger.post(tx, transfers)

    async def recorded(tx: Transaction, days: float) -> int:
        balances = await ledger.balances(tx, [HELD.path], at=START + days * DAY)
        return balances[0].posted.minor

    async def effective(tx: Transaction, days: float) -> int:
        balances = await ledger.balances(tx, [HELD.path], effective_at=START + days * DAY)
        return balances[0].posted.minor

    async with database.transaction(sandbox) as tx:
        known = [await recorded(tx, days) for days in (-1, 0, 0.5, 1, 2, 3, 4, 9)]
        assert known == [0, 1, 1, 11, 111, 1106, 81106, 81106]
        counted = [await effective(tx, days) for days in (-1, 0, 0.5, 1, 2, 3, 4, 9)]
        assert counted == [0, 1, 1, 6, 106, 1106, 11106, 81106]
        (now,) = await ledger.balances(tx, [HELD.path])
        assert now.posted == brl(81106)


async def test_time_never_goes_back_within_an_account(
    database: Database, live: UUID, sandbox: UUID
) -> None:
    """A transaction that began earlier but came second is recorded at the time of the first."""
    async with database.transaction(sandbox) as early:
        async with database.transaction(sandbox) as late:
            await advance_clock(late, START + DAY)
        async with database.transaction(sandbox) as late:
            await ledger.post(late, [move(BANK, HELD, 1)])
        await ledger.post(early, [move(BANK, HELD, 2)])
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, [HELD.path], at=START + DAY - timedelta(seconds=1))
        assert balance.posted == brl(0)
        assert (await ledger.verify(tx)).is_sound


async def test_history_is_paged_newest_first(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        await ledger.post(tx, [move(BANK, SELLER, n) for n in range(1, 8)])
        await ledger.post(tx, [replace(move(SELLER, HELD, 3), description="a fee")])
        (state,) = await ledger.accounts_at(tx, [SELLER.path])
        account_id = ledger.account_uuid(sandbox, state.account_id)
        seen: list[ledger.Entry] = []
        cursor = None
        while True:
            page = await ledger.entries(tx, account_id, limit=3, cursor=cursor)
            seen += page.data
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [entry.version for entry in seen] == [8, 7, 6, 5, 4, 3, 2, 1]
        newest = seen[0]
        assert (newest.side, newest.amount, newest.balance) == ("debit", brl(3), brl(25))
        assert (newest.other_path, newest.description) == (HELD.path, "a fee")


async def test_accounts_are_listed_by_prefix(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        for number in range(5):
            path = f"seller:{number}:available"
            await ledger.open_account(tx, replace(SELLER, path=path))
            await ledger.open_account(tx, replace(SELLER, path=path, currency="EUR"))
        await ledger.open_account(tx, BANK)
        first = await ledger.list_accounts(tx, prefix="seller:", limit=7)
        rest = await ledger.list_accounts(
            tx, prefix="seller:", limit=7, cursor=first.next_cursor
        )  # fmt: skip
        assert first.has_more
        assert not rest.has_more
        names = [(state.path, state.currency) for state in first.data + rest.data]
        assert len(names) == 10
        assert names == sorted(names)
        assert len((await ledger.list_accounts(tx, limit=100)).data) == 11


async def test_transfers_are_listed(database: Database, sandbox: UUID) -> None:
    sent = [replace(move(BANK, HELD, n + 1), subject=f"ord_{n % 2}") for n in range(6)]
    async with database.transaction(sandbox) as tx:
        await ledger.post(tx, sent)
        first = await ledger.list_transfers(tx, limit=4)
        rest = await ledger.list_transfers(tx, limit=4, cursor=first.next_cursor)
        assert [each.id for each in first.data + rest.data] == [each.id for each in sent[::-1]]
        about = await ledger.list_transfers(tx, subject="ord_1")
        assert [each.id for each in about.data] == [sent[n].id for n in (5, 3, 1)]
        with pytest.raises(ledger.TransferNotFound):
            await ledger.get_transfer(tx, UUID(int=1))


TAMPERING = [
    ("balance_is_sum_of_entries", "update ledger.accounts set posted_minor = posted_minor + 1 where path = 'buyer:funds_held'"),
    ("currency_sums_to_zero", "update ledger.accounts set posted_minor = posted_minor + 1 where path = 'buyer:funds_held'"),
    ("holds_sum_to_zero", "update ledger.accounts set pending_in_minor = pending_in_minor + 1 where path = 'buyer:funds_held'"),
    ("entries_chain_without_gap", "update ledger.transfers set amount_minor = amount_minor + 1 where position = 1"),
    ("entries_chain_without_gap", "delete from ledger.transfers where position = 2"),
    ("entries_chain_without_gap", "update ledger.transfers set recorded_at = recorded_at - interval '1 s' where position = 3"),
    ("limits_hold", "update ledger.transfers set may_break_limits = false"),
    ("currencies_agree", "update ledger.accounts set currency = 'USD' where path = 'platform:bank'"),
    ("legs_are_whole", "update ledger.transfers set leg = 4 where position = 2"),
    ("resolution_fits_its_hold", "update ledger.transfers set amount_minor = amount_minor + 100 where kind = 'post'"),
    ("open_holds_are_listed", "delete from ledger.holds"),
    ("closed_periods_stay_closed", "update ledger.transfers set effective_at = '2018-01-01' where position = 6"),
]  # fmt: skip


async def test_tampering_is_found(
    database: Database, database_url: str, sandbox: UUID
) -> None:  # fmt: skip
    """Each harm is done as the database's owner, who alone can, and taken back."""
    done, still_open = hold(BANK, HELD, 80), hold(BANK, HELD, 7)
    async with database.transaction(sandbox) as tx:
        await ledger.post(tx, [move(BANK, HELD, 100), move(BANK, SELLER, 5)])
        await ledger.post(tx, [replace(move(SELLER, BANK, 9), may_break_limits=True)])
        await ledger.post(tx, [done, still_open])
        await ledger.close_period(tx, START - DAY)
        await ledger.post(tx, [resolve(done, Kind.POST, 80)])
    owner = await psycopg.AsyncConnection[tuple[object, ...]].connect(database_url)
    async with owner:
        tx = Transaction(owner, await database.marketplace(sandbox), START, Cause("test", "t"), {})
        assert (await ledger.verify(tx)).findings == ()
        for check, statement in TAMPERING:
            async with owner.transaction(force_rollback=True):
                await owner.execute(statement.encode())
                found = {finding.check for finding in (await ledger.verify(tx)).findings}
                assert check in found, statement


async def test_the_application_can_not_rewrite_history(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        await ledger.post(tx, [move(BANK, HELD, 100)])
    for statement in (
        "update ledger.transfers set amount_minor = 1",
        "delete from ledger.transfers",
        "update ledger.accounts set posted_minor = 0",
        "delete from ledger.periods",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.transaction(sandbox) as tx:
                await tx.execute(statement)
