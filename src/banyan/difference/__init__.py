"""Difference: what two answers to the same request differ in. Nothing here does input or output.

    how = comparing(numbers=0.001, ignore=[IgnoreRule(path="$.at")], masking=[], key=key)
    compare(legacy, candidate, baseline, how, asked=asked) -> Comparison
    compare_values(control, candidate, how) -> Comparison     Python values, as JSON would show them

It stands below the runtime, so that a legacy application can compare (``banyan.experiment``) without
a database.
"""

from banyan.difference.errors import InvalidRule
from banyan.difference.model import (
    Answer,
    Asked,
    BodyKind,
    Comparison,
    Difference,
    IgnoreRule,
    Kind,
    MaskingRule,
    Side,
)
from banyan.difference.rules.comparing import compare
from banyan.difference.rules.how import Comparing, comparing
from banyan.difference.rules.masking import Masker
from banyan.difference.rules.values import compare_values, snapshot

__all__ = [
    "Answer",
    "Asked",
    "BodyKind",
    "Comparing",
    "Comparison",
    "Difference",
    "IgnoreRule",
    "InvalidRule",
    "Kind",
    "Masker",
    "MaskingRule",
    "Side",
    "compare",
    "compare_values",
    "comparing",
    "snapshot",
]
