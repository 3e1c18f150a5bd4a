"""Operations: cases, where a person decides what a machine could not.

A case stands in a queue with a deadline, the money at risk and the resolutions that are allowed.
Resolving it is an event (``case.resolved``); whoever opened it subscribes and goes on.
"""

from banyan.operations.errors import CaseClosed, CaseNotFound, ResolutionNotAllowed
from banyan.operations.model import CASE, Case, CaseCounts, CaseDraft, CaseState
from banyan.operations.service import (
    assign_case,
    case_counts,
    cases_of,
    get_case,
    human_touches,
    list_cases,
    open_cases,
    open_queues,
    resolve_case,
    withdraw_cases,
)

__all__ = [
    "CASE",
    "Case",
    "CaseClosed",
    "CaseCounts",
    "CaseDraft",
    "CaseNotFound",
    "CaseState",
    "ResolutionNotAllowed",
    "assign_case",
    "case_counts",
    "cases_of",
    "get_case",
    "human_touches",
    "list_cases",
    "open_cases",
    "open_queues",
    "resolve_case",
    "withdraw_cases",
]
