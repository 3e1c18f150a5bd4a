"""What candidate and legacy differ in."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.views.frame import Choice, Fact, Pages
from banyan.console.views.migration.shared import DivergenceLine, PlanHead


@dataclass(frozen=True, slots=True)
class DivergencesView:
    head: PlanHead
    sentence: str
    states: tuple[Choice, ...]
    routes: tuple[Choice, ...]
    divergences: tuple[DivergenceLine, ...]
    pages: Pages
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One place in which two answers differ."""

    path: str
    kind: str
    legacy: str
    candidate: str


@dataclass(frozen=True, slots=True)
class ExampleView:
    """A request and what both sides answered."""

    number: int
    asked: str
    request_id: str
    at: datetime
    legacy: str
    candidate: str
    differences: tuple[DifferenceLine, ...]
    command: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    at: datetime
    choice: str
    by: str
    owner: str
    why: str


@dataclass(frozen=True, slots=True)
class DivergenceView:
    head: PlanHead
    line: DivergenceLine
    sentence: str
    decide_href: str
    choices: tuple[Choice, ...]
    owners: tuple[Choice, ...]
    facts: tuple[Fact, ...]
    examples: tuple[ExampleView, ...]
    decisions: tuple[DecisionLine, ...]
