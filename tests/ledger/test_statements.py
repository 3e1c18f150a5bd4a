"""Statements and trial balances, held against plain sums over random histories."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from banyan import ledger
from banyan.ledger import Entry, Kind, Time
from banyan.runtime import Database, Transaction
from tests.conftest import START
from tests.ledger.accounts import BANK, COMMISSION, HELD, SELLER, brl, hold, move, resolve
from tests.ledger.books import post_at, seal_all

HOUR = timedelta(hours=1)


async def _live(database: Database, marketplace_id: UUID, seed: int) -> None:
    """Forty hours of transfers, a third of them dated back or ahead; half of it sealed."""
    chosen = random.Random(seed)
    for hour in range(40):
        at = START + hour * HOUR
        transfers = [
            replace(
                move(*chosen.sample([BANK, HELD, COMMISSION], 2), chosen.randint(1, 999)),
                effective_at=chosen.choice(
                    [None, None, at + chosen.randint(-30, 9) * HOUR, at - timedelta(seconds=hour)]
                ),
            )
            for _ in range(chosen.randint(0, 6))
        ]
        held = hold(BANK, HELD, 50)
        await post_at(database, marketplace_id, at, [*transfers, held])
        await post_at(
            database, marketplace_id, at, [resolve(held, Kind.POST, chosen.randint(1, 50))]
        )
        if hour == 20:
            await seal_all(database, marketplace_id)


async def _history(tx: Transaction, path: str) -> tuple[UUID, list[Entry]]:
    (state,) = await ledger.accounts_at(tx, [path])
    account_id = ledger.account_uuid(tx.marketplace_id, state.account_id)
    every: list[Entry] = []
    cursor = None
    while True:
        page = await ledger.entries(tx, account_id, limit=100, cursor=cursor)
        every += page.data
        cursor = page.next_cursor
        if cursor is None:
            break
    moved = [entry for entry in every if entry.kind != "pending" and entry.amount_minor]
    return account_id, moved


def _at(entry: Entry, time: Time) -> datetime:
    return entry.recorded_at if time is Time.RECORDED else entry.effective_at


def _sum(entries: list[Entry], time: Time, until: datetime) -> int:
    return sum(entry.moved.minor for entry in entries if _at(entry, time) < until)


@pytest.mark.parametrize("time", Time)
async def test_a_statement_is_exact(database: Database, sandbox: UUID, time: Time) -> None:
    """Opening, every entry in its order with its balance, closing; on pages of any size."""
    await _live(database, sandbox, seed=7)
    chosen = random.Random(11)
    async with database.transaction(sandbox) as tx:
        account_id, history = await _history(tx, HELD.path)
        for limit in (1, 2, 7, 100):
            since = START + chosen.randint(-20, 30) * HOUR
            until = since + chosen.randint(1, 40) * HOUR
            listed: list[Entry] = []
            cursor = None
            while True:
                page = await ledger.statement(
                    tx, account_id, since, until, time=time, limit=limit, cursor=cursor
                )
                assert len(page.entries) <= limit
                listed += page.entries
                cursor = page.next_cursor
                if cursor is None:
                    break
            expected = sorted(
                (entry for entry in history if since <= _at(entry, time) < until),
                key=lambda entry: (_at(entry, time), entry.version),
            )
            assert [entry.version for entry in listed] == [entry.version for entry in expected]
            assert page.opening.minor == _sum(history, time, since)
            assert page.closing.minor == _sum(history, time, until)
            balance = page.opening.minor
            for entry in listed:
                balance += entry.moved.minor
                assert entry.balance_minor == balance
            assert balance == page.closing.minor


@pytest.mark.parametrize("time", Time)
async def test_a_trial_balance_as_of_any_instant(
    database: Database, sandbox: UUID, time: Time
) -> None:
    await _live(database, sandbox, seed=3)
    async with database.transaction(sandbox) as tx:
        histories = {
            account.path: (await _history(tx, account.path))[1]
            for account in (BANK, HELD, COMMISSION)
        }
        for hours in (-40, -3, 0, 7.5, 20, 39, 60):
            at = START + hours * HOUR
            asked = {"at": at} if time is Time.RECORDED else {"effective_at": at}
            after = at + timedelta(microseconds=1)
            expected = {
                path: total
                for path, history in histories.items()
                if (total := _sum(history, time, after))
            }
            trials = await ledger.trial_balance(tx, by_account=True, **asked)
            found = {
                line.head: line.credits.minor - line.debits.minor
                for trial in trials
                for line in trial.lines
            }
            assert found == expected
            assert all(trial.is_balanced for trial in trials)
            by_head = await ledger.trial_balance(tx, **asked)
            assert [line.head for line in by_head[0].lines] == ["buyer", "platform"]
            assert by_head[0].is_balanced


async def test_a_trial_balance_of_some_accounts(database: Database, sandbox: UUID) -> None:
    await post_at(database, sandbox, START, [move(BANK, HELD, 5), move(BANK, SELLER, 7)])
    async with database.transaction(sandbox) as tx:
        (trial,) = await ledger.trial_balance(tx, by_account=True, prefix="seller:")
        assert [(line.head, line.credits) for line in trial.lines] == [(SELLER.path, brl(7))]
        assert ledger.trial_balance_csv(await ledger.trial_balance(tx)) == (
            "currency,path,accounts,debit,credit\r\n"
            "BRL,buyer,1,0.00,0.05\r\nBRL,platform,1,0.12,0.00\r\nBRL,seller,1,0.00,0.07\r\n"
        )


async def test_a_statement_as_csv_runs_no_formula(database: Database, sandbox: UUID) -> None:
    sale = replace(move(BANK, HELD, 5), description="=1+1, or so", subject="-12")
    await post_at(database, sandbox, START, [sale, move(HELD, BANK, 2)])
    async with database.transaction(sandbox) as tx:
        account_id, _ = await _history(tx, HELD.path)
        page = await ledger.statement(tx, account_id, START, START + HOUR)
    header, opening, first, second = ledger.statement_csv(page.entries, page.opening).splitlines()
    assert header.startswith("effective_at,recorded_at,transfer,")
    assert opening == ",,,opening,,,,,0.00,BRL"
    assert '"\'=1+1, or so",platform:bank,0.05,0.05,BRL' in first
    assert ",-12," in first
    assert second.endswith(",platform:bank,-0.02,0.03,BRL")


async def test_what_is_no_statement_is_refused(database: Database, sandbox: UUID) -> None:
    await post_at(database, sandbox, START, [move(BANK, HELD, 5)])
    async with database.transaction(sandbox) as tx:
        account_id, _ = await _history(tx, HELD.path)
        with pytest.raises(ledger.InvalidRange):
            await ledger.statement(tx, account_id, START, START)
        with pytest.raises(ledger.AccountNotFound):
            await ledger.statement(tx, uuid4(), START, START + HOUR)
