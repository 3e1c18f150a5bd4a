"""What rehearsals have proven."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Fact
from banyan.console.views.migration.shared import PlanHead


@dataclass(frozen=True, slots=True)
class RehearsalLine:
    rehearsal_id: str
    href: str
    state: Pill
    sentence: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RehearsalCell:
    """What became of one fault in one phase."""

    state: Pill
    note: str


@dataclass(frozen=True, slots=True)
class RehearsalRow:
    fault: str
    cells: tuple[RehearsalCell | None, ...]


@dataclass(frozen=True, slots=True)
class RehearsalsView:
    head: PlanHead
    rehearsals: tuple[RehearsalLine, ...]


@dataclass(frozen=True, slots=True)
class RehearsalView:
    head: PlanHead
    line: RehearsalLine
    phases: tuple[str, ...]
    rows: tuple[RehearsalRow, ...]
    facts: tuple[Fact, ...]
    signature: Pill
    signature_note: str
