"""Orders: the journey from placed to settled. It alone ties the other contexts together.

placed → matched → checked → authorized → confirmed → shipped → delivered → settled, with branches:
unmatched, in review, declined, cancelled, refunded, disputed, charged back.
"""

from banyan.orders.errors import (
    BuyerUnknown,
    LinesNotRefundable,
    OrderExists,
    OrderNotFound,
    OrderStateConflict,
)
from banyan.orders.model import (
    JOURNEY,
    ORDER,
    DayOfOrders,
    Line,
    LineDraft,
    Order,
    OrderDraft,
    OrderState,
    RefundLine,
    Settings,
)
from banyan.orders.rules import can_become
from banyan.orders.service import (
    MarketplaceSummary,
    OrderFilter,
    cancel_order,
    counts_by_state,
    deliver_order,
    get_order,
    lines_of,
    list_orders,
    orders_by_day,
    place_order,
    purchase_of,
    refund_order,
    ship_order,
    summarize,
    timeline,
)

__all__ = [
    "JOURNEY",
    "ORDER",
    "BuyerUnknown",
    "DayOfOrders",
    "Line",
    "LineDraft",
    "LinesNotRefundable",
    "MarketplaceSummary",
    "Order",
    "OrderDraft",
    "OrderExists",
    "OrderFilter",
    "OrderNotFound",
    "OrderState",
    "OrderStateConflict",
    "RefundLine",
    "Settings",
    "can_become",
    "cancel_order",
    "counts_by_state",
    "deliver_order",
    "get_order",
    "lines_of",
    "list_orders",
    "orders_by_day",
    "place_order",
    "purchase_of",
    "refund_order",
    "ship_order",
    "summarize",
    "timeline",
]
