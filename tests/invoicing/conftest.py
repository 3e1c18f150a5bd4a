"""A marketplace with sellers who sell, and short ways to bill them."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from banyan import invoicing, ledger, parties, payments
from banyan.invoicing import EntityDraft, Invoice
from banyan.invoicing.jobs import jobs
from banyan.kernel import FixedClock, Money, new_id
from banyan.parties import SellerDraft
from banyan.payments import Method, PaymentDraft, Providers, Sandbox, Share, Terms, price_splits
from banyan.payments.jobs import jobs as payments_jobs
from banyan.runtime import Database, Job, Transaction, Worker, advance_clock

TERMS = Terms(1_200, 500, "BR-ISS")
ENTITY = EntityDraft(
    name="Feira Ltda.",
    address="Rua do Comércio 12",
    postal_code="01009-000",
    city="São Paulo",
    country="BR",
    tax_id="12.345.678/0001-95",
)


async def _failed(tx: Transaction, job: Job, error: str) -> None:
    pytest.fail(f"{job.kind} failed: {error}")


@dataclass
class Market:
    """Sells, refunds, bills, and looks at what came of it."""

    database: Database
    marketplace: UUID
    sellers: list[UUID] = field(default_factory=list)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        providers = Providers({"sandbox": Sandbox(self.database)})
        handlers = [*payments_jobs(self.database, providers), *jobs()]
        self.worker = Worker(self.database, handlers, _failed)

    def begin(self) -> Any:
        return self.database.transaction(self.marketplace)

    async def run(self) -> None:
        await self.worker.run_due()

    async def to(self, at: datetime) -> None:
        """Move the clock and run what has become due."""
        async with self.begin() as tx:
            await advance_clock(tx, at)
        await self.run()

    async def to_april(self) -> None:
        await self.to(datetime(2018, 4, 2, tzinfo=UTC))

    async def add_seller(self, name: str = "Ana", country: str = "BR") -> UUID:
        async with self.begin() as tx:
            draft = SellerDraft(name=name, country=country, currency="BRL")
            seller = await parties.create_seller(tx, draft)
        self.sellers.append(seller.seller_id)
        return seller.seller_id

    async def sell(
        self,
        goods: Mapping[UUID, int],
        *,
        order: str = "ord_1",
        currency: str = "BRL",
        token: str = "tok_visa",
        terms: Terms = TERMS,
    ) -> UUID:
        """A payment for these goods, by seller, that has been captured."""
        payment_id = new_id()
        shares = [
            Share(seller, Money.of(minor, currency), Money.zero(currency))
            for seller, minor in goods.items()
        ]
        async with self.begin() as tx:
            draft = PaymentDraft(
                payment_id,
                order,
                new_id(),
                Money.of(sum(goods.values()), currency),
                Method("card", token),
                price_splits(shares, terms),
            )
            await payments.create_payments(tx, [draft])
        await self.run()
        async with self.begin() as tx:
            await payments.capture_payments(tx, [payment_id])
        await self.run()
        return payment_id

    async def refund(
        self, payment_id: UUID, minor: int | None = None, currency: str = "BRL"
    ) -> None:
        async with self.begin() as tx:
            amount = None if minor is None else Money.of(minor, currency)
            await payments.refund(tx, payment_id, amount, new_id(), "Damaged.", "ann")
        await self.run()

    async def set_entity(self, draft: EntityDraft = ENTITY) -> None:
        async with self.begin() as tx:
            await invoicing.set_entity(tx, draft)

    async def issue(self, seller: UUID, month: str | None = None) -> list[Invoice]:
        async with self.begin() as tx:
            return await invoicing.issue(tx, seller, month=month)

    async def book(self, debit: str, credit: str, minor: int, code: str = "fee") -> None:
        """Something that a person books by hand."""
        leg = ledger.Leg(
            ledger.Account(debit, "BRL"),
            ledger.Account(credit, "BRL"),
            Money.of(minor, "BRL"),
            code,
        )
        async with self.begin() as tx:
            await ledger.post_or_refuse(tx, [ledger.Transfer(new_id(), (leg,), "by hand")])

    async def check(self) -> dict[str, invoicing.Coverage]:
        """Everything is taken over, and covered once."""
        async with self.begin() as tx:
            await invoicing.collect_all(tx)
            found = await invoicing.coverage(tx)
            assert (await ledger.verify(tx)).is_sound
        for one in found:
            assert one.behind.minor == 0, one
            assert one.is_covered, one
        return {one.currency: one for one in found}


@pytest.fixture(scope="session")
def invoicing_url(server_url: str, template: str) -> Iterator[str]:
    """One database for all tests here: each has a marketplace of its own, which is wall enough."""
    name = f"banyan_test_invoicing_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}".encode())
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())


@pytest.fixture
async def database(invoicing_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    opened = await Database.open(invoicing_url, size=10, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def market(database: Database, sandbox: UUID) -> Market:
    return Market(database, sandbox)
