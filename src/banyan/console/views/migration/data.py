"""Data sets."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Fact, Pages
from banyan.console.views.migration.shared import PlanHead


@dataclass(frozen=True, slots=True)
class DataLine:
    """A set of rows that moves. ``percent`` empty: how many rows there are isn't known."""

    set_id: str
    href: str
    name: str
    phase: Pill
    verified: Pill
    sentence: str
    percent: str
    progress: str
    lag: str
    differing: int
    stuck: int
    conflicts: int
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class DataView:
    head: PlanHead
    sentence: str
    sets: tuple[DataLine, ...]


@dataclass(frozen=True, slots=True)
class DataFindingLine:
    key: str
    kind: Pill
    columns: str
    detail: str
    attempts: int
    found_at: datetime


@dataclass(frozen=True, slots=True)
class DataSetView:
    head: PlanHead
    line: DataLine
    facts: tuple[Fact, ...]
    findings: tuple[DataFindingLine, ...]
    pages: Pages
