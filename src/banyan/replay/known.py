"""What the marketplace already has: the memory of a replay."""

from dataclasses import dataclass, field

from banyan.replay.calls import READY, READY_LATER
from banyan.replay.client import Marketplace
from banyan.replay.model import OfferRow, OrderRow, PartyRow
from banyan.replay.plan import Act, Offer, Step


@dataclass(slots=True)
class Known:
    """The marketplace's ids of what is in the data, and how far the orders of earlier runs are."""

    sellers: dict[str, str] = field(default_factory=dict[str, str])
    buyers: dict[str, str] = field(default_factory=dict[str, str])
    offers: dict[Offer, str] = field(default_factory=dict[Offer, str])
    orders: dict[str, str] = field(default_factory=dict[str, str])
    rows: dict[str, OrderRow] = field(default_factory=dict[str, OrderRow])

    def is_ahead(self, step: Step) -> bool:
        """Whether a step is still to be taken, as far as the state of its order says."""
        row = self.rows.get(step.order.order_id)
        if row is None:
            return True
        if step.act is Act.REFUND and row.refunded and row.refunded.amount > 0:
            return False
        return row.state in READY[step.act] | READY_LATER[step.act]


async def recall(marketplace: Marketplace) -> Known:
    """Asks the marketplace for everything that an earlier run may have made."""
    known = Known()
    sellers: dict[str, str] = {}
    async for seller in marketplace.pages("/v1/sellers", PartyRow):
        if seller.external_id:
            known.sellers[seller.external_id] = seller.id
            sellers[seller.id] = seller.external_id
    async for buyer in marketplace.pages("/v1/buyers", PartyRow):
        if buyer.external_id:
            known.buyers[buyer.external_id] = buyer.id
    async for offer in marketplace.pages("/v1/offers", OfferRow):
        if offer.seller in sellers:
            known.offers[Offer(sellers[offer.seller], offer.product, offer.price.money())] = (
                offer.id
            )
    async for order in marketplace.pages("/v1/orders", OrderRow):
        if order.external_id:
            known.orders[order.external_id] = order.id
            known.rows[order.external_id] = order
    return known
