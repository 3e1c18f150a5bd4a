"""A marketplace that exchanges: rates of a day, accounts at a bank, and short ways to use them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from banyan import fx, ledger
from banyan.fx.jobs import jobs
from banyan.kernel import FixedClock, Money
from banyan.ledger import Account, Side
from banyan.runtime import Database, Job, Transaction, Worker, advance_clock
from tests.fx import files

BANK = "platform:bank"


async def _failed(tx: Transaction, job: Job, error: str) -> None:
    pytest.fail(f"{job.kind} failed: {error}")


@dataclass
class Desk:
    """A sandbox in reais with a bank account in each currency, and the rates of 2018-02-28."""

    database: Database
    marketplace: UUID
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        for job in jobs():
            for event_type in job.subscribes:
                self.database.subscribe(event_type, job.kind)
        self.worker = Worker(self.database, jobs(), _failed)

    def begin(self) -> Any:
        return self.database.transaction(self.marketplace)

    async def prepare(self) -> None:
        async with self.begin() as tx:
            await fx.load_rates(tx, fx.SOURCES["ecb"], files.DAILY_XML)
            for currency in ("BRL", "USD", "EUR", "JPY"):
                await ledger.open_account(tx, Account(BANK, currency, normal=Side.DEBIT))
            await ledger.open_account(tx, Account("seller:1:available", "BRL", floor=0))

    async def quote(self, sell: str, buy: str, **more: Any) -> fx.Quote:
        """``quote("100.00 USD", "BRL")``, or the amount on the other side."""
        async with self.begin() as tx:
            return await fx.quote(tx, sell=_side(sell), buy=_side(buy), **more)

    async def convert(self, sell: str, buy: str, **more: Any) -> fx.Quote:
        """A quote that is used at once, from bank account to bank account."""
        quote = await self.quote(sell, buy, **more)
        async with self.begin() as tx:
            return await fx.convert(tx, quote.quote_id, source=BANK, target=BANK)

    async def trade(self, sold: str, bought: str, trade_id: UUID | None = None) -> fx.Deal:
        draft = fx.TradeDraft(trade_id or uuid4(), money(sold), money(bought), "bank reference")
        async with self.begin() as tx:
            return await fx.trade(tx, draft, sold_from=BANK, bought_to=BANK)

    async def set_rate(self, base: str, currency: str, rate: str) -> None:
        async with self.begin() as tx:
            await fx.set_rate(tx, base, currency, Decimal(rate))

    async def run(self) -> None:
        await self.worker.run_due()

    async def later(self, **by: float) -> None:
        async with self.begin() as tx:
            await advance_clock(tx, tx.now + timedelta(**by))

    async def balances(self) -> dict[str, int]:
        """What stands on every account, such as ``fx:position USD``; empty ones are left out."""
        async with self.begin() as tx:
            page = await ledger.list_accounts(tx, limit=100)
        return {f"{it.path} {it.currency}": it.posted_minor for it in page.data if it.posted_minor}

    async def events(self) -> list[str]:
        async with self.begin() as tx:
            rows = await tx.rows("select type from runtime.events order by position")
        return [row[0] for row in rows]

    async def check(self) -> None:
        """The ledger is sound, and says what the positions say."""
        async with self.begin() as tx:
            report = await ledger.verify(tx)
            found = await fx.positions(tx)
        assert report.is_sound, report.findings
        assert found.is_balanced
        assert all(it.is_balanced for it in found.exposures)


def money(text: str) -> Money:
    return Money.parse(*text.split())


def _side(text: str) -> Money | str:
    return money(text) if " " in text else text


@pytest.fixture(scope="session")
def fx_url(server_url: str, template: str) -> Iterator[str]:
    """One database for all tests here: each has a marketplace of its own, which is wall enough."""
    name = f"banyan_test_fx_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}".encode())
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())


@pytest.fixture
async def database(fx_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    opened = await Database.open(fx_url, size=10, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(database: Database, sandbox: UUID) -> Desk:
    made = Desk(database, sandbox)
    await made.prepare()
    return made
