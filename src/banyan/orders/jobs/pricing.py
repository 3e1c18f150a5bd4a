"""What an order comes to, before it is checked: vouchers, commission, the buyer's service fee."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from banyan import commission, parties, payments
from banyan.commission import VoucherTooLarge
from banyan.orders import rules, service, store
from banyan.orders.model import Line, Order, OrderState
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order with its final total, and what each seller gets of it."""

    order: Order
    splits: tuple[payments.Split, ...]


async def price_orders(
    tx: Transaction, orders: Sequence[Order], lines: Mapping[UUID, list[Line]]
) -> list[PricedOrder]:
    """Price matched orders by the rules of the instant at which each was placed.

    Those whose vouchers are worth more than the goods, or leave nothing to pay, are declined.
    """
    offer_ids = {line.offer_id for order in orders for line in lines[order.order_id]}
    offers = await parties.offers_by_id(tx, filter(None, offer_ids))
    categories = {offer_id: offer.category for offer_id, offer in offers.items()}
    baskets = [rules.basket_of(order, lines[order.order_id], categories) for order in orders]
    defaults = await payments.commission_defaults(tx)
    priced = list[PricedOrder]()
    for order, pricing in zip(
        orders, await commission.price_baskets(tx, baskets, defaults), strict=True
    ):
        if isinstance(pricing, VoucherTooLarge):
            await service.end_order(tx, order, OrderState.DECLINED, pricing.detail)
        elif pricing.total.minor == 0:
            reason = "The vouchers leave nothing to pay."
            await service.end_order(tx, order, OrderState.DECLINED, reason)
        else:
            fee = pricing.service_fee
            final = replace(
                order,
                discount_minor=pricing.discount.minor,
                service_fee_minor=0 if fee is None else fee.total.minor,
            )
            assert final.total == pricing.total, "the order and its price agree"
            priced.append(PricedOrder(final, payments.splits_of_pricing(pricing)))
    known = {order.order_id: order for order in orders}
    changed = [one.order for one in priced if one.order != known[one.order.order_id]]
    if changed:
        await store.update_priced(tx, changed)
    return priced
