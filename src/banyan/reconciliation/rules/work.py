"""A comparison under way: what is open, who is called what, what was found so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from banyan.reconciliation.model import (
    COMPARED,
    BreakKind,
    Comparison,
    Line,
    Outcome,
    Proposal,
    Rates,
    Rule,
)
from banyan.reconciliation.rules.groups import in_order
from banyan.reconciliation.rules.names import names_of
from banyan.reconciliation.rules.tolerances import Tolerances
from banyan.reconciliation.rules.verdicts import Agreement, judge

Name = tuple[str, str]
"""A type of line (empty where types don't count) and what such a line calls itself."""


class Work:
    """``left`` and ``right`` are the lines still open, in the order of their dates.

    ``index`` has the left lines by their names, whether open or not; ``seen`` those of them that are
    matched; ``groups`` what any of them is about. ``suspects`` are right lines that name a left one
    and differ from it.
    """

    def __init__(
        self,
        comparison: Comparison,
        left: Iterable[Line],
        right: Iterable[Line],
        today: date,
        tolerances: Tolerances,
        rates: Rates,
    ) -> None:
        self.comparison: Comparison = comparison
        self.today = today
        self.tolerances = tolerances
        self.outcome = Outcome()
        self.is_exact = False
        self.left = {line.line_id: line for line in sorted(left, key=in_order)}
        self.right = {line.line_id: line for line in sorted(right, key=in_order)}
        sides = COMPARED[comparison]
        assert all(line.side == sides[0] for line in self.left.values()), f"left is {sides[0]}"
        assert all(line.side == sides[1] for line in self.right.values()), f"right is {sides[1]}"
        self.suspects: dict[UUID, tuple[Line, BreakKind]] = {}
        self.seen: dict[Name, Line] = {}
        self.groups = {line.group for line in self.left.values() if line.group}
        self._rates = rates
        self._names = {
            line.line_id: self._named(line) for line in (*self.left.values(), *self.right.values())
        }
        self.index = self._indexed()

    def names(self, line: Line) -> list[Name]:
        """What a line calls itself, the most exact first."""
        return self._names[line.line_id]

    def is_known(self, name: Name) -> bool:
        """Whether a line of the left side has this name, open or not."""
        return name in self.index or name in self.seen

    def is_nameless(self, line: Line) -> bool:
        """A bank's own numbers in its text are no name; a key that somebody gave is."""
        if self.comparison == "operations":
            return not self.names(line) and not line.group
        return not line.key and not any(self.is_known(name) for name in self.names(line))

    def judge(self, left: Sequence[Line], right: Sequence[Line]) -> Agreement | BreakKind:
        """How they compare; while ``is_exact``, without any tolerance but for conversions."""
        tolerance = self.tolerances.of(left[0])
        if self.is_exact and (tolerance.amount_minor or tolerance.fee_minor):
            tolerance = replace(tolerance, amount_minor=0, fee_minor=0)
        return judge(left, right, tolerance, self._rates)

    def remember(self, line: Line) -> None:
        """A line of the left side is matched: who names it from now on is a duplicate."""
        for name in self._names.get(line.line_id) or self._named(line):
            self.seen.setdefault(name, line)
        if line.group:
            self.groups.add(line.group)

    def take(
        self,
        left: Sequence[Line],
        right: Sequence[Line],
        agreement: Agreement,
        rule: Rule,
        confidence: int,
        reason: str,
    ) -> None:
        """Match lines, by this rule if they agree exactly."""
        for line in left:
            del self.left[line.line_id]
            self.remember(line)
        for line in right:
            del self.right[line.line_id]
            self.suspects.pop(line.line_id, None)
        self.outcome.proposals.append(
            Proposal(
                tuple(left),
                tuple(right),
                rule if agreement.rule == "reference" else agreement.rule,
                min(confidence, agreement.confidence),
                f"{reason}: {agreement.words}.",
                agreement.difference_minor,
            )
        )

    def _named(self, line: Line) -> list[Name]:
        kind = line.type if self.comparison == "operations" else ""
        return [(kind, name) for name in names_of(line)]

    def _indexed(self) -> Mapping[Name, list[Line]]:
        index: dict[Name, list[Line]] = {}
        for line in self.left.values():
            for name in self.names(line):
                index.setdefault(name, []).append(line)
        return index
