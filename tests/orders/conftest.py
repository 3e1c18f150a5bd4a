"""A small market: sellers with offers, a buyer, and the worker that moves orders."""

from uuid import UUID

import pytest

from banyan import app, parties
from banyan.kernel import Money
from banyan.operations import jobs as operations_jobs
from banyan.runtime import Database, Worker
from tests.orders.market import Market


@pytest.fixture
async def market(database: Database, sandbox: UUID) -> Market:
    app.subscribe(database)
    async with database.transaction(sandbox) as tx:
        seller = await parties.create_seller(
            tx, parties.SellerDraft(name="Casa Aurora", country="BR", region="SP", currency="BRL")
        )
        for product, price in (("teapot", 8990), ("sofa", 150000)):
            await parties.create_offer(
                tx,
                parties.OfferDraft(
                    seller_id=seller.seller_id,
                    product=product,
                    category="home",
                    price=Money.of(price, "BRL"),
                    lead_time_days=5,
                    capacity=5,
                ),
            )
        buyer = await parties.create_buyer(tx, parties.BuyerDraft(country="BR", region="SP"))
    worker = Worker(database, app.job_handlers(database), operations_jobs.open_case_for_failed_job)
    return Market(database, sandbox, buyer.buyer_id, seller.seller_id, worker)
