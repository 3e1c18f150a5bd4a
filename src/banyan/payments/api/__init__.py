"""HTTP operations on payments, refunds, disputes, payouts and settings; and the webhooks' way in.

Payments are made by orders, not here: what is here shows them, gives money back, pays out, and
plays the buyer who returns from 3-D Secure.
"""

from banyan.payments.api.operations import operations
from banyan.payments.api.webhooks import webhook_routes

__all__ = ["operations", "webhook_routes"]
