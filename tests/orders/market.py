"""One sandbox, driven step by step."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from banyan import orders
from banyan.kernel import Money
from banyan.orders import LineDraft, Order, OrderDraft
from banyan.payments import Method
from banyan.runtime import Database, Worker, advance_clock, job_counts


@dataclass
class Market:
    """One sandbox, driven step by step."""

    database: Database
    marketplace_id: UUID
    buyer_id: UUID
    seller_id: UUID
    worker: Worker

    async def place(
        self,
        token: str = "tok_visa",
        *,
        product: str = "teapot",
        quantity: int = 1,
        external_id: str | None = None,
        country: str = "BR",
        fingerprint: str = "",
    ) -> Order:
        """Place an order and let it go as far as it goes by itself."""
        draft = OrderDraft(
            buyer_id=self.buyer_id,
            lines=(LineDraft(product=product, quantity=quantity),),
            shipping=Money.of(1500, "BRL"),
            method=Method(type="card", token=token, fingerprint=fingerprint),
            country=country,
            region="SP",
            external_id=external_id,
        )
        async with self.database.transaction(self.marketplace_id) as tx:
            order = await orders.place_order(tx, draft)
        await self.run()
        return await self.get(order)

    async def get(self, order: Order) -> Order:
        async with self.database.transaction(self.marketplace_id) as tx:
            return await orders.get_order(tx, order.order_id)

    async def run(self) -> None:
        await self.worker.run_due()
        async with self.database.transaction(self.marketplace_id) as tx:
            counts = await job_counts(tx)
        assert counts.failed == 0

    async def wait(self, **by: float) -> None:
        """Move the sandbox's clock in steps of at most half a day, running what becomes due."""
        left = timedelta(**by)
        while left > timedelta(0):
            step = min(left, timedelta(hours=12))
            async with self.database.transaction(self.marketplace_id) as tx:
                await advance_clock(tx, tx.now + step)
            await self.run()
            left -= step

    async def ship_and_deliver(self, order: Order) -> Order:
        async with self.database.transaction(self.marketplace_id) as tx:
            await orders.ship_order(tx, order.order_id, carrier="Correios", tracking="BR1")
        await self.wait(days=2)
        async with self.database.transaction(self.marketplace_id) as tx:
            await orders.deliver_order(tx, order.order_id)
        await self.run()
        return await self.get(order)

    async def story(self, order: Order) -> list[str]:
        """The types of what happened to the order."""
        async with self.database.transaction(self.marketplace_id) as tx:
            events = await orders.timeline(tx, order.order_id)
        return [event.type.removeprefix("order.") for event in events]
