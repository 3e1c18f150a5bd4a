"""Refusals of fraud.

A class's docstring is its entry on the page of problems: what to do about it.
"""

from banyan.kernel import Conflict, NotFound, Unprocessable


class AlreadyListed(Conflict):
    """It stands on a list already; the answer names the entry. Remove that one first."""

    code = "already_listed"
    title = "Already on a list"


class ListEntryNotFound(NotFound):
    """Check the id: it must be a list entry of the API key's marketplace."""

    code = "list_entry_not_found"
    title = "No such list entry"


class InvalidLimits(Unprocessable):
    """Give a currency one pair of limits, and challenge at or below the amount of review."""

    code = "invalid_limits"
    title = "The limits contradict each other"
