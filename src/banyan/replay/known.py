"""What the marketplace already has: the memory of a replay."""

from dataclasses import dataclass, field

from banyan.replay.calls import READY, READY_LATER
from banyan.replay.client import Marketplace
from banyan.replay.model import OrderRow, Row
from banyan.replay.plan import Act, Step

Ids = dict[str, str]
"""The marketplace's id of each external id, which is the id in the data."""


@dataclass(slots=True)
class Known:
    """The ids of what is there, and how far the orders of earlier runs are."""

    sellers: Ids = field(default_factory=Ids)
    buyers: Ids = field(default_factory=Ids)
    offers: Ids = field(default_factory=Ids)
    orders: Ids = field(default_factory=Ids)
    earlier: dict[str, OrderRow] = field(default_factory=dict[str, OrderRow])
    """The orders of earlier runs, by external id, as they were found."""

    def is_ahead(self, step: Step) -> bool:
        """Whether a step is still to be taken, as far as the state of its order says."""
        order = self.earlier.get(step.order.order_id)
        if order is None:
            return True
        if step.act is Act.REFUND and order.refunded and order.refunded.amount > 0:
            return False
        return order.state in READY[step.act] | READY_LATER[step.act]


async def recall(marketplace: Marketplace) -> Known:
    """Asks the marketplace for everything that an earlier run may have made."""
    known = Known()
    lists = {
        "/v1/sellers": known.sellers,
        "/v1/buyers": known.buyers,
        "/v1/offers": known.offers,
    }
    for path, ids in lists.items():
        async for row in marketplace.pages(path, Row):
            if row.external_id:
                ids[row.external_id] = row.id
    async for order in marketplace.pages("/v1/orders", OrderRow):
        if order.external_id:
            known.orders[order.external_id] = order.id
            known.earlier[order.external_id] = order
    return known
