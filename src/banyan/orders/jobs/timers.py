"""What happens when time has passed: shares are released, and people are asked about delays."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from banyan import operations, payments
from banyan.operations import CaseDraft
from banyan.orders import service, store
from banyan.orders.jobs.loading import lock_orders_in
from banyan.orders.model import Order, OrderState
from banyan.runtime import Job, Transaction


async def settle_orders(tx: Transaction, jobs: Sequence[Job]) -> None:
    """delivered → settled: the sellers' shares become available."""
    orders = await lock_orders_in(tx, jobs, {OrderState.DELIVERED})
    if not orders:
        return
    await payments.release(tx, [order.payment_id for order in orders])
    await store.update_settled(tx, [order.order_id for order in orders])
    await tx.record_all(
        [
            service.news(
                "settled",
                replace(order, state="settled"),
                "The protection has ended; the seller's share is available.",
            )
            for order in orders
        ]
    )


async def ask_about_late_shipments(tx: Transaction, jobs: Sequence[Job]) -> None:
    """The deadline to ship has passed."""
    orders = await lock_orders_in(tx, jobs, {OrderState.CONFIRMED})
    await _ask(
        tx,
        orders,
        kind="order.ship_late",
        title="The seller has not shipped",
        reason="The deadline to ship has passed and no carrier has the order.",
        resolutions=("more_time", "cancel"),
    )


async def ask_about_lost_orders(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Shipped, and long after the promise still not delivered."""
    orders = await lock_orders_in(tx, jobs, {OrderState.SHIPPED})
    await _ask(
        tx,
        orders,
        kind="order.lost",
        title="The order has not arrived",
        reason="It was shipped, and long after the promise nobody has said that it arrived.",
        resolutions=("arrived", "refund", "more_time"),
    )


async def _ask(
    tx: Transaction,
    orders: Sequence[Order],
    *,
    kind: str,
    title: str,
    reason: str,
    resolutions: tuple[str, ...],
) -> None:
    if not orders:
        return
    settings = await service.get_settings(tx)
    await tx.record_all(
        [service.news(kind.removeprefix("order."), order, reason) for order in orders]
    )
    await operations.open_cases(
        tx,
        [
            CaseDraft(
                key=f"{order.reference}/{kind}/{tx.now.isoformat()}",
                queue="delivery",
                kind=kind,
                subject=order.reference,
                title=title,
                reason=reason,
                due_at=tx.now + timedelta(hours=settings.review_hours),
                resolutions=resolutions,
                at_risk=order.total,
                evidence={"carrier": order.carrier, "tracking": order.tracking},
            )
            for order in orders
        ],
    )
