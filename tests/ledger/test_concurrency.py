"""Many at once on the same accounts, and a client that dies in the middle."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from banyan import ledger
from banyan.kernel import Money, new_id
from banyan.ledger import Account, Kind, Leg, Outcome, PendingRef, Rejection, Transfer
from banyan.runtime import Database
from tests.ledger.accounts import HELD
from tests.ledger.dying_client import transfer

ACCOUNTS = [
    Account(f"crowd:{number}", "EUR", floor=None if number == 0 else 0) for number in range(20)
]


class Caller:
    """Posts random batches, some of them with ids and holds of the other callers."""

    def __init__(self, seed: int, shared: list[Transfer], holds: list[tuple[PendingRef, Leg]]):
        self.random = random.Random(seed)
        self.shared = shared
        self.holds = holds

    def batch(self) -> list[Transfer]:
        batch = [self._transfer() for _ in range(self.random.randint(1, 30))]
        if self.shared and self.random.random() < 0.4:
            batch.append(self.random.choice(self.shared[-50:]))
        self.shared.append(self.random.choice(batch))
        return batch

    def _transfer(self) -> Transfer:
        legs = tuple(self._leg() for _ in range(self.random.choice([1, 1, 5])))
        return Transfer(UUID(int=self.random.getrandbits(128)), legs, subject="crowd")

    def _leg(self) -> Leg:
        if self.holds and self.random.random() < 0.2:
            ref, held = self.random.choice(self.holds[-200:])
            return Leg(held.debit, held.credit, held.amount, "resolve", Kind.POST, ref)
        debit, credit = self.random.sample(ACCOUNTS, 2)
        amount = Money.of(self.random.randint(1, 50), "EUR")
        kind = self.random.choice([Kind.POSTED, Kind.POSTED, Kind.PENDING])
        return Leg(debit, credit, amount, "move", kind)

    def learn(self, transfer: Transfer) -> None:
        self.holds += [
            (PendingRef(transfer.id, number), leg)
            for number, leg in enumerate(transfer.legs)
            if leg.kind is Kind.PENDING
        ]


async def crowd(database: Database, marketplace_id: UUID, rounds: int) -> Counter[str]:
    counts = Counter[str]()
    shared: list[Transfer] = []
    holds: list[tuple[PendingRef, Leg]] = []

    async def call(seed: int) -> None:
        caller = Caller(seed, shared, holds)
        for _ in range(rounds):
            batch = caller.batch()
            async with database.transaction(marketplace_id) as tx:
                outcomes = await ledger.post(tx, batch)
            for sent, outcome in zip(batch, outcomes, strict=True):
                counts[outcome.reason if isinstance(outcome, Rejection) else outcome] += 1
                if outcome is Outcome.POSTED:
                    caller.learn(sent)

    await asyncio.gather(*(call(seed) for seed in range(8)))
    return counts


async def check(database: Database, marketplace_id: UUID, rounds: int) -> None:
    counts = await crowd(database, marketplace_id, rounds)
    expected = {"posted", "already_posted", "limit_exceeded", "pending_resolved"}
    assert expected <= set(counts)
    async with database.transaction(marketplace_id) as tx:
        report = await ledger.verify(tx)
        assert report.findings == ()
        assert report.transfers == counts["posted"]
        for state in await ledger.accounts_at(tx, [account.path for account in ACCOUNTS[1:]]):
            assert state.balance.available.minor >= 0


async def test_eight_connections_at_once(database: Database, sandbox: UUID) -> None:
    await check(database, sandbox, rounds=12)


async def test_accounts_opened_at_once(database: Database, sandbox: UUID) -> None:
    """Callers who open the same accounts, in other orders, beside one that they all hold."""

    async def call(round_of: int, seed: int) -> None:
        names = list(range(6))
        random.Random(seed).shuffle(names)
        legs = tuple(
            Leg(HELD, Account(f"new:{round_of}:{name}", "BRL"), Money.of(1, "BRL"), "open")
            for name in names
        )
        async with database.transaction(sandbox) as tx:
            await ledger.post_or_refuse(tx, [Transfer(new_id(), legs, subject="crowd")])

    for round_of in range(15):
        await asyncio.gather(*(call(round_of, seed) for seed in range(8)))
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, [HELD.path])
        assert balance.posted.minor == -15 * 8 * 6


@pytest.mark.slow
async def test_eight_connections_for_long(database: Database, sandbox: UUID) -> None:
    await check(database, sandbox, rounds=300)


CLIENT = Path(__file__).with_name("dying_client.py")


async def test_a_client_killed_in_the_middle(
    database: Database, database_url: str, sandbox: UUID
) -> None:
    """kill -9 under load: what was acknowledged is there, the rest is sent again, once."""
    started, acknowledged = set[str](), set[str]()
    for _ in range(2):
        client = await asyncio.create_subprocess_exec(
            sys.executable, CLIENT, database_url, str(sandbox), stdout=asyncio.subprocess.PIPE
        )
        assert client.stdout is not None
        heard = [await client.stdout.readline() for _ in range(1000)]
        os.kill(client.pid, signal.SIGKILL)
        rest, _ = await client.communicate()
        for line in (*heard, *rest.splitlines()):
            word, _, transfer_id = line.decode().strip().partition(" ")
            if len(transfer_id) == 32:
                (started if word == "sent" else acknowledged).add(transfer_id)
    assert len(acknowledged) > 500
    unknown = started - acknowledged
    async with database.transaction(sandbox) as tx:
        stored = {each.id.hex for each in await ledger.transfers_of(tx, "crash", limit=10**6)}
        assert acknowledged <= stored <= started
        outcomes = await ledger.post(tx, [transfer(UUID(hex=each)) for each in sorted(unknown)])
        assert set(outcomes) <= {Outcome.POSTED, Outcome.ALREADY_POSTED}
        (balance,) = await ledger.balances(tx, [HELD.path])
        assert balance.posted.minor == len(started)
        assert (await ledger.verify(tx)).is_sound
