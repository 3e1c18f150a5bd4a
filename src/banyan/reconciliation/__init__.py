"""Three-way reconciliation: our books, the providers' reports, the bank's statements."""

from banyan.reconciliation.model import (
    Break,
    BreakKind,
    Comparison,
    Line,
    LineType,
    Outcome,
    Proposal,
    Rates,
    Side,
    Tolerance,
    ToleranceRule,
)
from banyan.reconciliation.rules import Tolerances, compare

__all__ = [
    "Break",
    "BreakKind",
    "Comparison",
    "Line",
    "LineType",
    "Outcome",
    "Proposal",
    "Rates",
    "Side",
    "Tolerance",
    "ToleranceRule",
    "Tolerances",
    "compare",
]
