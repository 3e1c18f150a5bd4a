"""Refusals of commission.

A class's docstring is its entry on the page of problems: what to do about it.
"""

from banyan.kernel import Conflict, NotFound, Unprocessable


class CommissionRuleNotFound(NotFound):
    """Check the id: it must be a commission rule of the API key's marketplace."""

    code = "commission_rule_not_found"
    title = "No such commission rule"


class TierNotFound(NotFound):
    """Make the tier first; `GET /v1/commission/tiers` lists those that there are."""

    code = "tier_not_found"
    title = "No such tier"


class RuleClash(Conflict):
    """Another rule holds for the same sales at the same time; the answer names it. Supersede it."""

    code = "rule_clash"
    title = "Two rules for the same sales"


class RuleEnded(Conflict):
    """The rule has been superseded or ended before that instant. List the rules that hold then."""

    code = "rule_ended"
    title = "The rule holds no longer"


class InvalidRule(Unprocessable):
    """A rule begins now or later, ends after it has begun, and has amounts of one currency."""

    code = "invalid_rule"
    title = "The rule contradicts itself"


class RankTaken(Conflict):
    """Each tier has a rank of its own, so that of two that a seller reaches one is higher."""

    code = "rank_taken"
    title = "Another tier has this rank"


class VoucherTooLarge(Unprocessable):
    """A voucher takes off at most what the goods cost that it is for."""

    code = "voucher_too_large"
    title = "The voucher is larger than the goods"
