"""Random histories: the batched ledger and the textbook one must agree on everything."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from banyan import ledger
from banyan.kernel import Money
from banyan.ledger import Account, Kind, Leg, Outcome, PendingRef, Reason, Rejection, Transfer
from banyan.runtime import Database, Transaction, advance_clock, create_marketplace
from tests.conftest import START
from tests.ledger.reference import Book, ReferenceLedger


class History:
    """One random life of a marketplace's ledger, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.model = ReferenceLedger(now=START)
        self.outcomes = Counter[str]()
        self.accounts = [self._account(number) for number in range(7)]
        self.past: list[Transfer] = []

    def _account(self, number: int) -> Account:
        if number == 0:
            return Account("platform:bank", "EUR", normal=ledger.Side.DEBIT)
        return Account(
            f"account:{number}",
            "USD" if number == 6 else "EUR",
            floor=self.random.choice([0, 0, -50, None]),
            ceiling=self.random.choice([None, None, None, 200]),
        )

    def batch(self) -> list[Transfer]:
        made: list[Transfer] = []
        for _ in range(self.random.randint(1, 30)):
            made.append(self._again(made) if self.random.random() < 0.12 else self._transfer(made))
        self.past += made
        return made

    def _transfer(self, made: list[Transfer]) -> Transfer:
        count = self.random.choice([1, 1, 1, 2, 3, 5])
        return Transfer(
            id=UUID(int=self.random.getrandbits(128)),
            legs=tuple(self._leg(made) for _ in range(count)),
            subject=self.random.choice(["ord_1", "ord_2", ""]),
            effective_at=self.random.choice([None, None, None, START, self.model.now]),
            may_break_limits=self.random.random() < 0.05,
            description=self.random.choice(["", "", 'a "quoted" {text}, \\ and so on', "null"]),
            metadata=self.random.choice([{}, {}, {"key": 'va"l\\ue'}]),
        )

    def _leg(self, made: list[Transfer]) -> Leg:
        if self.random.random() < 0.35:
            resolution = self._resolution(made)
            if resolution is not None:
                return resolution
        mixed = self.random.random() < 0.05
        debit, credit = self.random.choices(self.accounts if mixed else self.accounts[:6], k=2)
        minor = self.random.choice([self.random.randint(1, 100)] * 20 + [0, -5])
        kind = self.random.choice([Kind.POSTED, Kind.POSTED, Kind.PENDING])
        expires_at = None
        if kind is Kind.PENDING and self.random.random() < 0.5:
            expires_at = self.model.now + timedelta(minutes=self.random.randint(0, 90))
        return Leg(
            debit, credit, Money.of(minor, debit.currency), "move", kind, expires_at=expires_at
        )

    def _resolution(self, made: list[Transfer]) -> Leg | None:
        """Of a hold, or of any leg there was, in earlier batches or in this one."""
        held_until_now = [ref.transfer_id for ref, _ in self.model.open_holds()]
        earlier = self.past[-60:] + made
        if held_until_now and self.random.random() < 0.5:
            earlier = [self.model.transfers[self.random.choice(held_until_now)]]
        if not earlier:
            return None
        transfer = self.random.choice(earlier)
        number = self.random.randrange(len(transfer.legs))
        held = transfer.legs[number]
        if held.kind is not Kind.PENDING and self.random.random() < 0.9:
            return None
        kind = self.random.choice([Kind.POST, Kind.POST, Kind.VOID, Kind.EXPIRE])
        minor = max(0, held.amount.minor) + self.random.choice([0, 0, 0, 1, -1])
        if kind is not Kind.POST:
            minor = self.random.choice([0, 0, 0, 0, 1])
        sides = (held.debit, held.credit)
        if self.random.random() < 0.05:
            sides = (held.credit, held.debit)
        ref = PendingRef(transfer.id, number + self.random.choice([0, 0, 0, 0, 0, 0, 7]))
        return Leg(*sides, Money.of(minor, sides[0].currency), "resolve", kind, ref)

    def _again(self, made: list[Transfer]) -> Transfer:
        """An id that was used before: often in this very batch, at times with other content."""
        earlier = made if made and self.random.random() < 0.5 else self.past
        if not earlier:
            return self._transfer(made)
        transfer = self.random.choice(earlier)
        change = self.random.randint(0, 9)
        if change == 0:
            return replace(transfer, legs=transfer.legs + transfer.legs)
        if change == 1:
            return replace(transfer, legs=transfer.legs[:1])
        if change == 2:
            return replace(transfer, subject="another")
        if change == 3:
            return replace(transfer, metadata={"key": "other"})
        if change == 4:
            return replace(transfer, effective_at=START + timedelta(seconds=1))
        return transfer

    async def live(self, database: Database, marketplace_id: UUID) -> None:
        for _ in range(self.random.randint(3, 10)):
            await self._step(database, marketplace_id)
            async with database.transaction(marketplace_id) as tx:
                paths = [account.path for account in self.accounts]
                states = {state.declared: state for state in await ledger.accounts_at(tx, paths)}
            for account, book in self.model.books.items():
                state = states[account]
                assert book == Book(
                    state.posted_minor,
                    state.pending_out_minor,
                    state.pending_in_minor,
                    state.version,
                ), account

    async def _step(self, database: Database, marketplace_id: UUID) -> None:
        event = self.random.random()
        if event < 0.25:
            self.model.now += timedelta(minutes=self.random.randint(1, 60))
            async with database.transaction(marketplace_id) as tx:
                await advance_clock(tx, self.model.now)
        async with database.transaction(marketplace_id) as tx:
            if event < 0.15:
                await self._expire(tx)
            elif 0.25 <= event < 0.3 and self.model.now > START:
                through = START + (self.model.now - START) / 2
                if self.model.closed_through is None or through > self.model.closed_through:
                    await ledger.close_period(tx, through)
                    self.model.closed_through = through
            elif 0.3 <= event < 0.4:
                await self._close_account(tx)
            else:
                transfers = self.batch()
                expected = [self.model.post(transfer) for transfer in transfers]
                assert await ledger.post(tx, transfers) == expected
                self.outcomes.update(
                    each.reason if isinstance(each, Rejection) else each for each in expected
                )

    async def _expire(self, tx: Transaction) -> None:
        due = [
            (ref, leg)
            for ref, leg in self.model.open_holds()
            if leg.expires_at is not None and leg.expires_at <= self.model.now
        ]
        assert await ledger.expire_due(tx) == len(due)
        for number, (ref, leg) in enumerate(due):
            gone = Leg(
                leg.debit, leg.credit, Money.zero(leg.debit.currency), leg.code, Kind.EXPIRE, ref
            )
            expiry = Transfer(UUID(int=number + 1 << 64), (gone,), subject="")
            assert self.model.post(expiry) is Outcome.POSTED
            self.outcomes["expired"] += 1
            del self.model.transfers[expiry.id]

    async def _close_account(self, tx: Transaction) -> None:
        account = self.random.choice(self.accounts)
        state = await ledger.open_account(tx, account)
        account_id = ledger.account_uuid(tx.marketplace_id, state.account_id)
        book = self.model.books.setdefault(account, Book())
        if (book.posted, book.pending_out, book.pending_in) == (0, 0, 0):
            await ledger.close_account(tx, account_id)
            self.model.closed_accounts.add(account)
        else:
            with pytest.raises(ledger.AccountInUse):
                await ledger.close_account(tx, account_id)


async def live_through(database: Database, seeds: range) -> Counter[str]:
    outcomes = Counter[str]()
    for seed in seeds:
        marketplace = await create_marketplace(
            database, name=f"Seed {seed}", livemode=False, currency="EUR", country="FR", now=START,
            clock_at=START,
        )  # fmt: skip
        history = History(seed)
        await history.live(database, marketplace.marketplace_id)
        outcomes += history.outcomes
        async with database.transaction(marketplace.marketplace_id) as tx:
            assert (await ledger.verify(tx)).findings == (), f"seed {seed}"
    return outcomes


async def test_agrees_with_the_textbook(database: Database) -> None:
    outcomes = await live_through(database, range(60))
    missed = {*Outcome, *Reason, "expired"} - set(outcomes)
    assert not missed, "the histories must bring every outcome about"


@pytest.mark.slow
async def test_agrees_with_the_textbook_for_long(database: Database) -> None:
    await live_through(database, range(1000, 2000))
