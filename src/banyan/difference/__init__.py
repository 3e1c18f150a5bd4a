"""Difference: what two answers to the same request differ in. Nothing here does input or output.

    how = comparing(numbers=0.001, ignore=[IgnoreRule(path="$.at")], masking=[], key=key)
    compare(legacy, candidate, baseline, how) -> Comparison

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

__all__ = [
    "Answer",
    "Asked",
    "BodyKind",
    "Comparison",
    "Difference",
    "IgnoreRule",
    "InvalidRule",
    "Kind",
    "MaskingRule",
    "Side",
]
