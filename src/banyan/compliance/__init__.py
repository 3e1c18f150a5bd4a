"""Compliance: may this order be made, this seller be paid?

    decisions = await compliance.check(tx, requests)     # one for each request, in order
    refusals = await compliance.payout_refusals(tx, sellers)    # who may not be paid out, and why

A first version: lists of countries, sellers' status and blocked buyers; ``docs/checks.md`` tells
the rules and what they can't see.
"""

from banyan.compliance.errors import CountryListedTwice
from banyan.compliance.model import (
    DENIED_COUNTRIES_DEFAULT,
    VERSION,
    ComplianceDecision,
    ComplianceRequest,
    Outcome,
    Settings,
)
from banyan.compliance.service import change_settings, check, get_settings, payout_refusals

__all__ = [
    "DENIED_COUNTRIES_DEFAULT",
    "VERSION",
    "ComplianceDecision",
    "ComplianceRequest",
    "CountryListedTwice",
    "Outcome",
    "Settings",
    "change_settings",
    "check",
    "get_settings",
    "payout_refusals",
]
