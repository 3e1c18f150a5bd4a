"""The console on a small market in which one order is confirmed and one waits for a person."""

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from banyan import app, parties
from banyan.console import User, add_user, console_routes, sign_in_link
from banyan.kernel import FixedClock, Money
from banyan.operations import jobs as operations_jobs
from banyan.orders import Order
from banyan.runtime import Database, Settings, Worker
from tests.console.browser import Browser
from tests.orders.market import Market

PASSWORD = "correct horse battery"


@dataclass
class Console:
    """The application, and how people get into it."""

    app: Starlette
    database: Database
    clock: FixedClock

    async def enter(self, role: str) -> Browser:
        """A browser in which somebody of this role has signed in by a link."""
        user: User = await add_user(
            self.database, f"{role}@example.com", role, PASSWORD, clock=self.clock
        )
        browser = self.visit()
        await browser.open(await sign_in_link(self.database, user.user_id, clock=self.clock))
        await browser.submit("/console/sign-in", {})
        return browser

    def visit(self) -> Browser:
        """A browser in which nobody has signed in."""
        transport = httpx.ASGITransport(self.app)
        return Browser(httpx.AsyncClient(transport=transport, base_url="http://banyan.test"))


@pytest.fixture
async def console(database: Database, clock: FixedClock, sandbox: UUID, live: UUID) -> Console:
    routes = console_routes(database, Settings(), clock=clock)
    return Console(Starlette(routes=routes), database, clock)


@pytest.fixture
async def market(database: Database, sandbox: UUID) -> Market:
    app.subscribe(database)
    async with database.transaction(sandbox) as tx:
        seller = await parties.create_seller(
            tx, parties.SellerDraft(name="Casa Aurora", country="BR", region="SP", currency="BRL")
        )
        for product, price in (("teapot", 8990), ("sofa", 150000)):
            draft = parties.OfferDraft(
                seller_id=seller.seller_id,
                product=product,
                price=Money.of(price, "BRL"),
                lead_time_days=5,
                capacity=5,
            )
            await parties.create_offer(tx, draft)
        buyer = await parties.create_buyer(
            tx, parties.BuyerDraft(country="BR", region="SP", external_id="joana")
        )
    worker = Worker(database, app.job_handlers(database), operations_jobs.open_case_for_failed_job)
    return Market(database, sandbox, buyer.buyer_id, seller.seller_id, worker)


@pytest.fixture
async def confirmed(market: Market) -> Order:
    return await market.place(external_id="shop-1")


@pytest.fixture
async def unmatched(market: Market) -> Order:
    """An order that nobody sells: a case waits for a person."""
    return await market.place(product="unicorn", external_id="shop-2")
