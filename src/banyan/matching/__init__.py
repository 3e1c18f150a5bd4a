"""Matching: which offer an order's line gets.

    for result in await matching.match(tx, requests):
        match result:
            case matching.Match(): ...      # a unit of result.offer is reserved
            case matching.NoMatch(): ...    # result.code and result.reason say why

How offers are scored is told in ``docs/matching.md``.
"""

from banyan.matching.model import (
    VERSION,
    Candidate,
    Decision,
    Match,
    MatchRequest,
    MissCode,
    NoMatch,
    Score,
    Weights,
)
from banyan.matching.service import decisions_of, match

__all__ = [
    "VERSION",
    "Candidate",
    "Decision",
    "Match",
    "MatchRequest",
    "MissCode",
    "NoMatch",
    "Score",
    "Weights",
    "decisions_of",
    "match",
]
