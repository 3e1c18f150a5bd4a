"""Refunds: money on its way back to the buyer.

``making`` holds the money and has it sent; ``sending`` is what comes after a first try: another
account, another try, or a change of mind.
"""

from banyan.payments.service.refunds.making import (
    get_commission_terms,
    get_refund,
    list_refunds,
    refund,
    set_commission_terms,
)
from banyan.payments.service.refunds.sending import (
    await_destination,
    cancel_refund,
    follow_case,
    remind,
    send_refund_again,
)

__all__ = [
    "await_destination",
    "cancel_refund",
    "follow_case",
    "get_commission_terms",
    "get_refund",
    "list_refunds",
    "refund",
    "remind",
    "send_refund_again",
    "set_commission_terms",
]
