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
    providers,
    refunds,
    routing,
    settings,
    statements,
)
from banyan.payments.api.webhooks import webhook_routes
from banyan.payments.service.opening import addresses_of
from banyan.runtime import Settings, Vault
from banyan.runtime.http import Operation

__all__ = ["operations", "webhook_routes"]

_NOUNS = (
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


def operations(process: Settings | None = None) -> list[Operation]:
    """Every operation of payments. ``process`` says how secrets are sealed."""
    process = process or Settings()
    return [
        *(operation for noun in _NOUNS for operation in noun.operations()),
        *providers.operations(Vault(process), addresses_of(process)),
    ]
