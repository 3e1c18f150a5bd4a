"""Payments, refunds, disputes and payouts, through payment providers.

What a caller does here is only written down: the state, the intent of a call, the job that makes
it. Outcomes come back as events (see ``model``)::

    create_payments(tx, drafts) -> list[Payment]          authorizes; idempotent by payment_id
    complete_authentication(tx, payment_id) -> Payment    the buyer is back from 3-D Secure
    capture_payments(tx, payment_ids) -> list[Payment]
    void_payments(tx, payment_ids, reason) -> list[Payment]
    refund(tx, payment_id, amount | None, refund_id, reason, by) -> Refund
    release(tx, payment_ids) -> list[Payment]             sellers' parts become available
    run_payouts(tx) -> list[Payout]                       now; daily by itself

``price_splits`` prices the sellers' parts by the marketplace's terms; they are frozen in the
payment. Ids may be sent again: the same content changes nothing, other content is refused.
"""

from banyan.payments.errors import (
    DisputeNotFound,
    InvalidPayment,
    MethodNotUsable,
    PaymentIdReused,
    PaymentNotFound,
    PaymentNotReady,
    PayoutNotFound,
    ProviderMissing,
    ProviderNotFound,
    RefundIdReused,
    RefundNotFound,
    RefundTooLarge,
    UnknownToken,
    WebhookRefused,
)
from banyan.payments.model import (
    ATTEMPT,
    DISPUTE,
    METHODS,
    PAYMENT,
    PAYOUT,
    REFUND,
    TAKEN,
    Attempt,
    Connection,
    Dispute,
    DisputeState,
    Method,
    MethodSpec,
    MethodType,
    Movement,
    Payment,
    PaymentDraft,
    PaymentSettings,
    PaymentSplit,
    PaymentState,
    Payout,
    PayoutAccount,
    PayoutState,
    ProviderHealth,
    Refund,
    RefundState,
    Risk,
    Route,
    RoutingPolicy,
    RoutingRule,
    Share,
    Split,
    Summary,
    Terms,
)
from banyan.payments.providers import Provider, Providers
from banyan.payments.providers.sandbox import Sandbox
from banyan.payments.rules import price_splits, usable_methods
from banyan.payments.service.attempts import attempts_of
from banyan.payments.service.disputes import get_dispute, list_disputes
from banyan.payments.service.payments import (
    capture_payments,
    complete_authentication,
    create_payments,
    find_payment,
    get_payment,
    list_payments,
    payments_of,
    release,
    splits_of,
    void_payments,
)
from banyan.payments.service.payouts import (
    find_payout_account,
    get_payout,
    list_payouts,
    run_payouts,
    set_payout_account,
)
from banyan.payments.service.refunds import get_refund, list_refunds, refund
from banyan.payments.service.reliability import reliability
from banyan.payments.service.routing import (
    check_method,
    connections_of,
    get_policy,
    provider_health,
    set_policy,
)
from banyan.payments.service.settings import get_settings, update_settings
from banyan.payments.service.summary import movements_of, summary
from banyan.payments.service.webhooks import receive_webhook

__all__ = [
    "ATTEMPT",
    "DISPUTE",
    "METHODS",
    "PAYMENT",
    "PAYOUT",
    "REFUND",
    "TAKEN",
    "Attempt",
    "Connection",
    "Dispute",
    "DisputeNotFound",
    "DisputeState",
    "InvalidPayment",
    "Method",
    "MethodNotUsable",
    "MethodSpec",
    "MethodType",
    "Movement",
    "Payment",
    "PaymentDraft",
    "PaymentIdReused",
    "PaymentNotFound",
    "PaymentNotReady",
    "PaymentSettings",
    "PaymentSplit",
    "PaymentState",
    "Payout",
    "PayoutAccount",
    "PayoutNotFound",
    "PayoutState",
    "Provider",
    "ProviderHealth",
    "ProviderMissing",
    "ProviderNotFound",
    "Providers",
    "Refund",
    "RefundIdReused",
    "RefundNotFound",
    "RefundState",
    "RefundTooLarge",
    "Risk",
    "Route",
    "RoutingPolicy",
    "RoutingRule",
    "Sandbox",
    "Share",
    "Split",
    "Summary",
    "Terms",
    "UnknownToken",
    "WebhookRefused",
    "attempts_of",
    "capture_payments",
    "check_method",
    "complete_authentication",
    "connections_of",
    "create_payments",
    "find_payment",
    "find_payout_account",
    "get_dispute",
    "get_payment",
    "get_payout",
    "get_policy",
    "get_refund",
    "get_settings",
    "list_disputes",
    "list_payments",
    "list_payouts",
    "list_refunds",
    "movements_of",
    "payments_of",
    "price_splits",
    "provider_health",
    "receive_webhook",
    "refund",
    "release",
    "reliability",
    "run_payouts",
    "set_payout_account",
    "set_policy",
    "splits_of",
    "summary",
    "update_settings",
    "usable_methods",
    "void_payments",
]
