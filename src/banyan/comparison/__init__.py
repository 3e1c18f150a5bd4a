"""Comparison: two sides asked the same thing; what differs, what is noise, what to do about it.

how = comparing(body="auto", headers=…, numbers=…, ignore=…, masking=…, key=…, hosts=…)
    once a route; ``InvalidRule`` says what is wrong with one. ``key`` is ``masking_key``'s.
examine(route, request_id, asked, primary_arm=…, primary=…, legacy=…, candidate=…, how=…, at=…)
    -> Finding | None      pure and heavy (milliseconds): for a thread or a process of its own.
    ``legacy`` and ``candidate`` are the shadows' answers; None where the pair isn't there.
await record(tx, plan_id, findings) -> Recorded        cheap; again for a request changes nothing
await standing(tx, plan_id, route, since) -> Standing
await list_divergences(tx, plan_id=…, route=…, states=…) -> Page[Divergence]
await get_divergence(tx, divergence_id) -> Shown
await decide(tx, divergence_id, choice, why=…, by=…, owner=…) -> Divergence
"""

from banyan.comparison.model import (
    DIVERGENCE,
    PLAN,
    Choice,
    Decision,
    Divergence,
    DivergenceState,
    Example,
    Finding,
    Rates,
    Recorded,
    Shown,
    Significance,
    Standing,
)
from banyan.difference import Answer, Asked, Comparison, Difference, IgnoreRule, MaskingRule

__all__ = [
    "DIVERGENCE",
    "PLAN",
    "Answer",
    "Asked",
    "Choice",
    "Comparison",
    "Decision",
    "Difference",
    "Divergence",
    "DivergenceState",
    "Example",
    "Finding",
    "IgnoreRule",
    "MaskingRule",
    "Rates",
    "Recorded",
    "Shown",
    "Significance",
    "Standing",
]
