"""Decisions about payments that need no database."""

from banyan.payments.rules.payments import state_after_refund
from banyan.payments.rules.settings import COMMISSION_BP_DEFAULT, settings_default
from banyan.payments.rules.splits import SPLITS_MAX, check_draft, price_splits, share_reversal
from banyan.payments.rules.timing import (
    AUTHENTICATION_TTL,
    PENDING_POLL,
    TRIES_BEFORE_ALARM,
    next_cutoff,
    retry_after,
)

__all__ = [
    "AUTHENTICATION_TTL",
    "COMMISSION_BP_DEFAULT",
    "PENDING_POLL",
    "SPLITS_MAX",
    "TRIES_BEFORE_ALARM",
    "check_draft",
    "next_cutoff",
    "price_splits",
    "retry_after",
    "settings_default",
    "share_reversal",
    "state_after_refund",
]
