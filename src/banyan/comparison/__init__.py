"""Comparison: two sides asked the same thing; what differs, what is noise, what to do about it.

    key = await masking_key(tx, vault, plan_id)
    how = comparing(body="auto", headers=…, numbers=…, ignore=…, masking=…, key=key, hosts=…)
        once a route; ``InvalidRule`` says what is wrong with one.
    examine(route, request_id, asked, primary_arm=…, primary=…, legacy=…, candidate=…, how=…, at=…)
        -> Finding | None      pure and heavy (milliseconds): for a thread or a process of its own.
        ``legacy`` and ``candidate`` are the shadows' answers; None where only one side has answered.
    await record(tx, plan_id, findings) -> Recorded        cheap; again for a request changes nothing
    await standing(tx, plan_id, route, since) -> Standing
    await list_divergences(tx, plan_id=…, route=…, states=…) -> Page[Divergence]
    await get_divergence(tx, divergence_id) -> Shown
    await decide(tx, divergence_id, choice, why=…, by=…, owner=…) -> Divergence

How answers are compared and masked is ``banyan.difference``.
"""

from banyan.comparison.errors import DecisionIncomplete, DivergenceNotFound
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
from banyan.comparison.rules.examining import examine
from banyan.comparison.rules.noise import significance
from banyan.comparison.service.deciding import decide
from banyan.comparison.service.reading import get_divergence, list_divergences, standing
from banyan.comparison.service.recording import masking_key, record
from banyan.difference import (
    Answer,
    Asked,
    Comparing,
    Comparison,
    Difference,
    IgnoreRule,
    InvalidRule,
    MaskingRule,
    compare,
    comparing,
)

__all__ = [
    "DIVERGENCE",
    "PLAN",
    "Answer",
    "Asked",
    "Choice",
    "Comparing",
    "Comparison",
    "Decision",
    "DecisionIncomplete",
    "Difference",
    "Divergence",
    "DivergenceNotFound",
    "DivergenceState",
    "Example",
    "Finding",
    "IgnoreRule",
    "InvalidRule",
    "MaskingRule",
    "Rates",
    "Recorded",
    "Shown",
    "Significance",
    "Standing",
    "compare",
    "comparing",
    "decide",
    "examine",
    "get_divergence",
    "list_divergences",
    "masking_key",
    "record",
    "significance",
    "standing",
]
