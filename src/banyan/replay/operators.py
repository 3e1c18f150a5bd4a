"""The operators of the demo: simple rules that clear most cases, so that the story goes on.

Real cases are for people. The replay resolves those that have been open for a day and leaves the
newest of each kind to be seen on the console. It knows from the data what is still to come.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from banyan.replay.calls import Body, Call
from banyan.replay.model import CaseRow

PATIENCE = timedelta(days=1)
"""How long a case has been open when the demo's operators get to it."""

DECLINED_PERCENT = 20
"""Of the orders that wait for a review."""

_ALWAYS = {
    "order.unmatched": "cancel",
    "order.payment_unknown": "keep_waiting",
    "order.refund_failed": "refund_again",
    "refund.no_destination": "keep_waiting",
    "dispute.answer": "contest",
}
_UNLESS_COMING = {"order.ship_late": "cancel", "order.lost": "refund"}


def cases_to_resolve(open_cases: Iterable[CaseRow], now: datetime, left_open: int) -> list[CaseRow]:
    """The cases older than a day, without the ``left_open`` newest of each kind."""
    by_kind: dict[str, list[CaseRow]] = defaultdict(list)
    for case in sorted(open_cases, key=lambda case: (case.opened_at, case.id)):
        by_kind[case.kind].append(case)
    older = [case for cases in by_kind.values() for case in cases[: max(0, len(cases) - left_open)]]
    return [case for case in older if case.opened_at <= now - PATIENCE]


def resolution_call(case: CaseRow, *, is_coming: bool, about: str) -> Call | None:
    """How the demo's operators resolve a case, or None for a kind that they leave to people.

    ``is_coming`` says that the data has more to tell of the order that the case is about, ``about``
    is that order's id in the data: the same orders are declined in every run.
    """
    if case.kind == "order.review":
        resolution = "decline" if _percent(about) < DECLINED_PERCENT else "approve"
    elif case.kind in _UNLESS_COMING:
        resolution = "more_time" if is_coming else _UNLESS_COMING[case.kind]
    else:
        resolution = _ALWAYS.get(case.kind, "")
    if resolution not in case.resolutions:
        return None
    body: Body = {"resolution": resolution, "note": "Resolved by the demo's operators."}
    return Call(f"/v1/cases/{case.id}/resolve", body, f"olist-case-{case.id}")


def _percent(text: str) -> int:
    """0 to 99, the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % 100
