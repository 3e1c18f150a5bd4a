"""A marketplace with the sandbox provider, and short ways to pay in it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from banyan import fx, ledger, payments
from banyan.kernel import FixedClock, Money, derived_id, new_id
from banyan.parties import SELLER
from banyan.payments import Method, MethodType, Payment, PaymentDraft, Sandbox, Share, price_splits
from banyan.payments.jobs import jobs
from banyan.payments.providers import Providers
from banyan.runtime import Database, Job, Transaction, Worker, advance_clock

SELLERS = [derived_id(UUID(int=1), "seller", n) for n in range(3)]


async def failed(tx: Transaction, job: Job, error: str) -> None:
    pytest.fail(f"{job.kind} failed: {error}")


@dataclass
class Shop:
    """A sandbox marketplace: pays, moves the clock, runs what is due, and looks at the result."""

    database: Database
    marketplace: UUID
    providers: Providers
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.worker = Worker(self.database, jobs(self.database, self.providers), failed)

    def begin(self) -> Any:
        return self.database.transaction(self.marketplace)

    async def create(
        self,
        token: str = "tok_visa",
        amounts: Sequence[int] = (10_000,),
        order: str = "ord_1",
        currency: str = "BRL",
        method: MethodType = "card",
    ) -> UUID:
        payment_id = new_id()
        async with self.begin() as tx:
            settings = await payments.get_settings(tx)
            shares = [
                Share(seller, Money.of(minor, currency), Money.zero(currency))
                for seller, minor in zip(SELLERS, amounts, strict=False)
            ]
            splits = price_splits(shares, settings.terms)
            draft = PaymentDraft(
                payment_id,
                order,
                new_id(),
                Money.of(sum(amounts), currency),
                Method(method, token),
                splits,
            )
            await payments.create_payments(tx, [draft])
        return payment_id

    async def pay(
        self,
        token: str = "tok_visa",
        amounts: Sequence[int] = (10_000,),
        order: str = "ord_1",
        currency: str = "BRL",
    ) -> UUID:
        """A payment that has been captured."""
        payment_id = await self.create(token, amounts, order, currency)
        await self.run()
        await self.capture(payment_id)
        return payment_id

    async def capture(self, payment_id: UUID) -> None:
        async with self.begin() as tx:
            await payments.capture_payments(tx, [payment_id])
        await self.run()

    async def release(self, payment_id: UUID) -> None:
        async with self.begin() as tx:
            await payments.release(tx, [payment_id])

    async def refund(
        self, payment_id: UUID, minor: int | None = None, refund_id: UUID | None = None
    ) -> UUID:
        refund_id = refund_id or new_id()
        async with self.begin() as tx:
            paid = await payments.get_payment(tx, payment_id)
            amount = None if minor is None else Money.of(minor, paid.currency)
            await payments.refund(tx, payment_id, amount, refund_id, "Damaged.", "ann")
        return refund_id

    async def run(self) -> None:
        await self.worker.run_due()

    async def later(self, **by: float) -> datetime:
        """Move the clock and run what has become due."""
        async with self.begin() as tx:
            now = await advance_clock(tx, tx.now + timedelta(**by))
        await self.run()
        return now

    async def payment(self, payment_id: UUID) -> Payment:
        async with self.begin() as tx:
            return await payments.get_payment(tx, payment_id)

    async def state(self, payment_id: UUID) -> str:
        return (await self.payment(payment_id)).state

    async def events(self) -> list[str]:
        async with self.begin() as tx:
            return [
                r[0] for r in await tx.rows("select type from runtime.events order by position")
            ]

    async def balance(self, path: str) -> int:
        async with self.begin() as tx:
            balances = await ledger.balances(tx, [path])
        return sum(balance.posted.minor for balance in balances)

    async def balances(self) -> dict[str, int]:
        """What stands on every account, such as ``fx:position EUR``; empty ones are left out."""
        async with self.begin() as tx:
            page = await ledger.list_accounts(tx, limit=100)
        return {f"{it.path} {it.currency}": it.posted_minor for it in page.data if it.posted_minor}

    async def seller(self, part: str, index: int = 0) -> int:
        return await self.balance(f"seller:{SELLER.text(SELLERS[index])}:{part}")

    async def charges(self) -> dict[str, int]:
        """How many operations of each kind the sandbox has done with success."""
        async with self.begin() as tx:
            rows = await tx.rows(
                """
                select operation, count(*) from payments.sandbox_operations
                where answer ->> 'outcome' = 'succeeded' group by operation
                """
            )
        return {row[0]: row[1] for row in rows}

    async def check(self) -> None:
        """The ledger is sound, and says what the payments say."""
        async with self.begin() as tx:
            report = await ledger.verify(tx)
            assert report.is_sound, report.findings
            for line in await payments.summary(tx):
                assert line.is_balanced, line
            positions = await fx.positions(tx)
            assert positions.is_balanced, positions
            assert all(it.is_balanced for it in positions.exposures), positions


@pytest.fixture(scope="session")
def payments_url(server_url: str, template: str) -> Iterator[str]:
    """One database for all tests here: each has a marketplace of its own, which is wall enough."""
    name = f"banyan_test_payments_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}".encode())
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())


@pytest.fixture
async def database(payments_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    opened = await Database.open(payments_url, size=10, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def shop(database: Database, sandbox: UUID) -> Shop:
    return Shop(database, sandbox, Providers({"sandbox": Sandbox(database)}))
