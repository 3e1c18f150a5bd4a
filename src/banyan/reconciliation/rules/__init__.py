"""Decisions of reconciliation: pure functions of lines, tolerances, rates and a date."""

from banyan.reconciliation.rules.comparing import compare
from banyan.reconciliation.rules.groups import grouped
from banyan.reconciliation.rules.names import attempts_named, plain
from banyan.reconciliation.rules.tolerances import DEFAULTS, Tolerances
from banyan.reconciliation.rules.verdicts import Agreement, judge

__all__ = [
    "DEFAULTS",
    "Agreement",
    "Tolerances",
    "attempts_named",
    "compare",
    "grouped",
    "judge",
    "plain",
]
