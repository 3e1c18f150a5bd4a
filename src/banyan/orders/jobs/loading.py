"""What the steps share: finding the orders that jobs are about."""

from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

from banyan.kernel import Money
from banyan.orders import store
from banyan.orders.model import ORDER, Order, OrderState
from banyan.runtime import Job, Json, Transaction


async def lock_orders_in(
    tx: Transaction, jobs: Sequence[Job], states: Iterable[OrderState]
) -> list[Order]:
    """The orders of the jobs, locked; those that have moved on meanwhile are left out."""
    orders = await store.lock_orders(tx, [UUID(job.key) for job in jobs])
    wanted = set(states)
    return [order for order in orders if order.state in wanted]


async def lock_orders_of(tx: Transaction, references: Iterable[str]) -> dict[str, Order]:
    """The orders with these references, locked; others (a payment for something else) are not."""
    ids = {ORDER.parse(text) for text in references if text.startswith(f"{ORDER.prefix}_")}
    orders = await store.lock_orders(tx, sorted(ids))
    return {order.reference: order for order in orders}


def payload_of(job: Job) -> dict[str, Json]:
    """The payload of the event that a subscribing job carries."""
    return cast("dict[str, Json]", job.payload["payload"])


def text(payload: dict[str, Json], name: str) -> str:
    """A text of a payload, empty if it is absent."""
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def money_in(payload: dict[str, Json]) -> Money:
    """The ``amount`` of a payload."""
    amount = cast("dict[str, int | str]", payload["amount"])
    return Money.of(int(amount["amount"]), str(amount["currency"]))
