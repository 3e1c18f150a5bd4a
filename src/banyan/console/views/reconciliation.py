"""Reconciliation, for people."""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One side of one source in one currency: what is explained, and what waits since when."""

    side: str
    source: str
    currency: str
    matched: int
    matched_href: str
    open: int
    open_href: str
    open_net: Money
    ages: tuple[Fact, ...]
    """How many of the open ones are up to 3, 7, 30 days old, or older."""
    breaks: int
    at_risk: Money


@dataclass(frozen=True, slots=True)
class BreakLine:
    """A difference that nothing explains; ``href`` leads to its case, where it is decided."""

    break_id: str
    title: str
    href: str
    reason: str
    at_risk: Money
    age: str
    source: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class ImportLine:
    what: str
    source: str
    lines: int
    repeated: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    state: Pill
    sentence: str
    standings: tuple[StandingLine, ...]
    breaks: tuple[BreakLine, ...]
    pages: Pages
    imports: tuple[ImportLine, ...]


@dataclass(frozen=True, slots=True)
class LineRow:
    """What one side says; ``names`` is how it is called there."""

    line_id: str
    type: str
    side: str
    source: str
    names: str
    about: str
    about_href: str
    state: Pill
    net: Money
    on: date


@dataclass(frozen=True, slots=True)
class LinesView:
    title: str
    tabs: tuple[Choice, ...]
    lines: tuple[LineRow, ...]
    pages: Pages
