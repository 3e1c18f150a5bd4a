"""Plans, and a plan's board."""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Pill
from banyan.console.views.migration.shared import ChangeRow, PlanHead


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan among others."""

    name: str
    title: str
    href: str
    version: int
    routes: int
    state: Pill
    sentence: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class PlansView:
    plans: tuple[PlanLine, ...]


@dataclass(frozen=True, slots=True)
class RouteCard:
    """A route on the board; ``verdict`` is the judge's word, ``sentence`` why."""

    name: str
    title: str
    href: str
    percent: str
    verdict: Pill
    sentence: str
    owner: str
    writes: str


@dataclass(frozen=True, slots=True)
class BoardColumn:
    label: str
    about: str
    cards: tuple[RouteCard, ...]


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    name: str
    on: date
    state: Pill
    sentence: str
    about: str


@dataclass(frozen=True, slots=True)
class FreezeLine:
    start: datetime
    end: datetime
    why: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class BoardView:
    head: PlanHead
    sentence: str
    columns: tuple[BoardColumn, ...]
    milestones: tuple[MilestoneLine, ...]
    freezes: tuple[FreezeLine, ...]
    changes: tuple[ChangeRow, ...]
