"""Migration, for people: the plan's board, one route, what differs, the data, who was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from banyan.console.look import Pill
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.console.views.home import Tile


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
class PlanHead:
    """What stands above every page of a plan; ``control`` says who leads it."""

    name: str
    title: str
    version: int
    tabs: tuple[Choice, ...]
    control: Pill
    control_note: str


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
class ChangeRow:
    """A step of a route: what, by whom, why, and since when the data plane does so.

    ``figures`` is the rest of a reason whose first sentence says it.
    """

    key: str
    at: datetime
    route: str
    route_href: str
    what: str
    kind: Pill
    by: str
    why: str
    effect: str
    figures: str = ""


@dataclass(frozen=True, slots=True)
class BoardView:
    head: PlanHead
    sentence: str
    columns: tuple[BoardColumn, ...]
    milestones: tuple[MilestoneLine, ...]
    freezes: tuple[FreezeLine, ...]
    changes: tuple[ChangeRow, ...]


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
class DivergenceLine:
    divergence_id: str
    href: str
    title: str
    route: str
    where: str
    state: Pill
    owner: str
    requests: int
    first_at: datetime
    last_at: datetime


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


@dataclass(frozen=True, slots=True)
class WayLine:
    """How a notice stands with one channel."""

    channel: str
    address: str
    state: Pill
    note: str


@dataclass(frozen=True, slots=True)
class NoticeLine:
    notice_id: str
    again_href: str
    title: str
    team: str
    lines: Sequence[str]
    ways: tuple[WayLine, ...]
    at: datetime
    can_send_again: bool


@dataclass(frozen=True, slots=True)
class LinkLine:
    link_id: str
    title: str
    team: str
    state: Pill
    by: str
    at: datetime
    revoke_href: str


@dataclass(frozen=True, slots=True)
class NoticesView:
    head: PlanHead
    sentence: str
    teams: tuple[Choice, ...]
    notices: tuple[NoticeLine, ...]
    pages: Pages
    links: tuple[LinkLine, ...]
    link_href: str
    link_teams: tuple[Choice, ...]
    new_url: str
    """Of a link that was just made; shown this once."""
