"""Which tolerance holds for a line."""

from collections.abc import Iterable

from banyan.reconciliation.model import Comparison, Line, LineType, Tolerance, ToleranceRule

DEFAULTS: dict[Comparison, Tolerance] = {
    "operations": Tolerance(),
    "settlements": Tolerance(days=5, wait_days=5),
}
"""Amounts are equal, unless a marketplace says otherwise."""


class Tolerances:
    """The rules of a marketplace over the defaults: the most specific one holds.

    One for the source and the type comes before one for the source, and that before one for the
    type.
    """

    def __init__(self, rules: Iterable[ToleranceRule] = ()) -> None:
        self._rules = {(rule.comparison, rule.source, rule.type): rule.tolerance for rule in rules}

    def of(self, line: Line) -> Tolerance:
        return self.find(line.comparison, line.source, line.type)

    def find(self, comparison: Comparison, source: str, line_type: LineType) -> Tolerance:
        rules = self._rules
        return (
            rules.get((comparison, source, line_type))
            or rules.get((comparison, source, None))
            or rules.get((comparison, None, line_type))
            or rules.get((comparison, None, None))
            or DEFAULTS[comparison]
        )
