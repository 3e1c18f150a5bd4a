"""Decisions about payments that need no database."""

from banyan.payments.rules.authentication import AuthenticationChoice, choose_authentication
from banyan.payments.rules.bank_codes import is_about_creditor
from banyan.payments.rules.calendars import (
    BusinessDay,
    business_days_after,
    calendar_of,
    every_day,
    on_or_after,
)
from banyan.payments.rules.connections import check_mode, hints_of
from banyan.payments.rules.destinations import check_bank, destination_of
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
from banyan.payments.rules.holdbacks import (
    TIERS,
    Withholding,
    check_terms,
    hold_back,
    take_for_debt,
    withholding,
)
from banyan.payments.rules.methods import check_usable, usable_methods
from banyan.payments.rules.payments import state_after_refund
from banyan.payments.rules.schedules import (
    check_schedule,
    cutoff_of,
    is_due,
    is_payout_day,
    local_day,
    next_payout_day,
    next_run,
    start_of,
)
from banyan.payments.rules.settings import (
    COMMISSION_BP_DEFAULT,
    payout_settings_default,
    settings_default,
)
from banyan.payments.rules.splits import (
    SPLITS_MAX,
    check_draft,
    price_splits,
    share_items,
    share_reversal,
    splits_of_pricing,
)
from banyan.payments.rules.timing import (
    ACTION_POLL,
    AUTHENTICATION_TTL,
    EXPIRY_GRACE,
    LOOKS_MAX,
    PENDING_POLL,
    TRIES_BEFORE_ALARM,
    UNAVAILABLE_MAX,
    retry_after,
)

__all__ = [
    "ACTION_POLL",
    "AFTER",
    "AUTHENTICATION_TTL",
    "COMMISSION_BP_DEFAULT",
    "EXPIRY_GRACE",
    "LOOKS_MAX",
    "PENDING_POLL",
    "SPLITS_MAX",
    "TIERS",
    "TRIES_BEFORE_ALARM",
    "UNAVAILABLE_MAX",
    "AuthenticationChoice",
    "Bearing",
    "BusinessDay",
    "Verdict",
    "Withholding",
    "appraise",
    "booked_as",
    "business_days_after",
    "calendar_of",
    "category_of",
    "check_bank",
    "check_draft",
    "check_mode",
    "check_schedule",
    "check_terms",
    "check_usable",
    "choose_authentication",
    "cutoff_of",
    "decide_at_deadline",
    "decide_at_once",
    "decide_bearer",
    "decide_by",
    "destination_of",
    "every_day",
    "gather",
    "hints_of",
    "hold_back",
    "is_about_creditor",
    "is_due",
    "is_payout_day",
    "local_day",
    "next_payout_day",
    "next_run",
    "on_or_after",
    "page",
    "payout_settings_default",
    "price_splits",
    "retry_after",
    "settings_default",
    "share_items",
    "share_reversal",
    "splits_of_pricing",
    "start_of",
    "state_after_refund",
    "state_of",
    "take_for_debt",
    "usable_methods",
    "way",
    "withholding",
]
