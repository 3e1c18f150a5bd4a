"""Decisions about payments that need no database."""

from banyan.payments.rules.authentication import AuthenticationChoice, choose_authentication
from banyan.payments.rules.connections import check_mode, hints_of
from banyan.payments.rules.disputes import (
    AFTER,
    Bearing,
    Verdict,
    booked_as,
    category_of,
    decide_at_deadline,
    decide_at_once,
    decide_bearer,
    decide_by,
    state_of,
    way,
)
from banyan.payments.rules.evidence import appraise, gather, page
from banyan.payments.rules.methods import check_usable, usable_methods
from banyan.payments.rules.payments import state_after_refund
from banyan.payments.rules.settings import COMMISSION_BP_DEFAULT, settings_default
from banyan.payments.rules.splits import (
    SPLITS_MAX,
    check_draft,
    price_splits,
    share_items,
    share_reversal,
    splits_of_pricing,
)
from banyan.payments.rules.timing import (
    AUTHENTICATION_TTL,
    EXPIRY_GRACE,
    PENDING_POLL,
    TRIES_BEFORE_ALARM,
    UNAVAILABLE_MAX,
    next_cutoff,
    retry_after,
)

__all__ = [
    "AFTER",
    "AUTHENTICATION_TTL",
    "COMMISSION_BP_DEFAULT",
    "EXPIRY_GRACE",
    "PENDING_POLL",
    "SPLITS_MAX",
    "TRIES_BEFORE_ALARM",
    "UNAVAILABLE_MAX",
    "AuthenticationChoice",
    "Bearing",
    "Verdict",
    "appraise",
    "booked_as",
    "category_of",
    "check_draft",
    "check_mode",
    "check_usable",
    "choose_authentication",
    "decide_at_deadline",
    "decide_at_once",
    "decide_bearer",
    "decide_by",
    "gather",
    "hints_of",
    "next_cutoff",
    "page",
    "price_splits",
    "retry_after",
    "settings_default",
    "share_items",
    "share_reversal",
    "splits_of_pricing",
    "state_after_refund",
    "state_of",
    "usable_methods",
    "way",
]
