"""HTTP operations on payments, refunds, disputes, payouts and settings; and the webhooks' way in.

Payments are made by orders, not here: what is here shows them, gives money back, pays out, and
plays the buyer who returns from 3-D Secure.
"""

from banyan.payments.api import (
    disputes,
    faults,
    methods,
    payments,
    payout_accounts,
    payout_batches,
    payout_settings,
    payouts,
    refunds,
    routing,
    settings,
    statements,
)
from banyan.payments.api.webhooks import webhook_routes
from banyan.runtime.http import Operation

__all__ = ["operations", "webhook_routes"]


def operations() -> list[Operation]:
    """Every operation of payments."""
    return [
        operation
        for noun in (
            payments,
            methods,
            routing,
            refunds,
            disputes,
            payouts,
            payout_accounts,
            payout_batches,
            payout_settings,
            statements,
            settings,
            faults,
        )
        for operation in noun.operations()
    ]
