"""The operators of the demo: a simple rule that clears most cases, so that the story goes on.

Real cases are for people. The replay resolves those that have been open for a day, leaves the
newest ones to be seen on the console, and signs with its own name.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from banyan.replay.calls import Body, Call
from banyan.replay.model import CaseRow

PATIENCE = timedelta(days=1)
"""How long a case has been open when the demo's operators get to it."""

REFUSED_PERCENT = 20

_IN_FAVOUR = ("approve", "release", "allow", "accept", "retry", "paid", "dismiss")
_AGAINST = ("reject", "decline", "deny", "cancel", "refund")


def cases_to_resolve(open_cases: Iterable[CaseRow], now: datetime, left_open: int) -> list[CaseRow]:
    """The cases older than a day, without the ``left_open`` newest of all."""
    by_age = sorted(open_cases, key=lambda case: (case.opened_at, case.id))
    older = by_age[: max(0, len(by_age) - left_open)]
    return [case for case in older if case.opened_at <= now - PATIENCE]


def resolution_call(case: CaseRow) -> Call | None:
    """Four of five in the customer's favour, by a hash of the case; None if it allows neither."""
    digest = hashlib.sha256(case.id.encode()).digest()
    is_against = int.from_bytes(digest[:4]) % 100 < REFUSED_PERCENT
    wanted = (*_AGAINST, *_IN_FAVOUR) if is_against else (*_IN_FAVOUR, *_AGAINST)
    resolution = next((name for name in wanted if name in case.resolutions), None)
    if resolution is None:
        return None
    body: Body = {"resolution": resolution, "note": "Resolved by the demo's operators."}
    return Call(f"/v1/cases/{case.id}/resolve", body, f"olist-case-{case.id}")
