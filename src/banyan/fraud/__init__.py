"""Fraud: how risky is this order, and what to do about it?

    decisions = await fraud.assess(tx, requests)     # one for each request, in order

A first version: limits, counts and lists; ``docs/checks.md`` tells them and what they can't see.
"""

from banyan.fraud.errors import AlreadyListed, InvalidLimits, ListEntryNotFound
from banyan.fraud.model import (
    ASSESSMENT,
    COUNT_MAX,
    LIMITS_DEFAULT,
    LIST_ENTRY,
    VERSION,
    Assessment,
    FraudDecision,
    FraudRequest,
    Limits,
    ListEntry,
    ListEntryDraft,
    ListKind,
    ListName,
    Outcome,
    Settings,
    Signal,
)
from banyan.fraud.service import (
    add_list_entry,
    assess,
    change_settings,
    get_list_entry,
    get_settings,
    list_assessments,
    list_entries,
    remove_list_entry,
)

__all__ = [
    "ASSESSMENT",
    "COUNT_MAX",
    "LIMITS_DEFAULT",
    "LIST_ENTRY",
    "VERSION",
    "AlreadyListed",
    "Assessment",
    "FraudDecision",
    "FraudRequest",
    "InvalidLimits",
    "Limits",
    "ListEntry",
    "ListEntryDraft",
    "ListEntryNotFound",
    "ListKind",
    "ListName",
    "Outcome",
    "Settings",
    "Signal",
    "add_list_entry",
    "assess",
    "change_settings",
    "get_list_entry",
    "get_settings",
    "list_assessments",
    "list_entries",
    "remove_list_entry",
]
