"""Refusals of orders."""

from banyan.kernel import Conflict, NotFound, Unprocessable


class OrderNotFound(NotFound):
    code = "order_not_found"
    title = "No such order"


class OrderExists(Conflict):
    code = "order_exists"
    title = "There is an order with this external id"


class OrderStateConflict(Conflict):
    code = "order_state_conflict"
    title = "Not in the order's present state"


class BuyerUnknown(Unprocessable):
    code = "buyer_unknown"
    title = "No such buyer"


class LinesNotRefundable(Unprocessable):
    """Name lines of the order, each once, and at most as many units as are left of each."""

    code = "lines_not_refundable"
    title = "These lines can't be refunded"
