"""One route."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from banyan.console.look import Pill
from banyan.console.views.frame import Fact
from banyan.console.views.home import Tile
from banyan.console.views.migration.shared import ChangeRow, DivergenceLine, PlanHead


@dataclass(frozen=True, slots=True)
class RampStep:
    """A place on the route's way; ``state`` is ``done``, ``now`` or ``todo``."""

    label: str
    note: str
    state: str


@dataclass(frozen=True, slots=True)
class GateLine:
    name: str
    state: Pill
    sentence: str
    numbers: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class SideLine:
    """What was seen at one side, or by customers, in the last hour; times as text, with units."""

    side: str
    requests: int
    errors: int
    error_share: str
    p50: str
    p90: str
    p99: str


@dataclass(frozen=True, slots=True)
class LatencyMinute:
    """Milliseconds; empty where a side answered nothing."""

    at: datetime
    iso: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A box of a runbook; ``form`` sends ``item`` and ``text``."""

    number: int
    text: str
    is_done: bool
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A runbook: pieces of safe HTML with a box between each two."""

    name: str
    title: str
    href: str
    parts: tuple[Markup, ...]
    boxes: tuple[BoxLine, ...]
    done: int


@dataclass(frozen=True, slots=True)
class StepButton:
    """What a person may do with a route; ``href`` takes a reason."""

    label: str
    href: str
    hint: str = ""
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class RouteView:
    head: PlanHead
    name: str
    title: str
    matches: str
    phase: Pill
    percent: str
    verdict: Pill
    sentence: str
    held_why: str
    change: int
    steps: tuple[RampStep, ...]
    advance: StepButton | None
    approve: StepButton | None
    hold: StepButton | None
    release: StepButton | None
    roll_back: StepButton | None
    tiles: tuple[Tile, ...]
    gates: tuple[GateLine, ...]
    judged_at: datetime | None
    sides: tuple[SideLine, ...]
    minutes: tuple[LatencyMinute, ...]
    series: tuple[str, ...]
    divergences: tuple[DivergenceLine, ...]
    divergences_href: str
    changes: tuple[ChangeRow, ...]
    documents: tuple[DocumentView, ...]
    facts: tuple[Fact, ...]
    criteria: tuple[Fact, ...]
