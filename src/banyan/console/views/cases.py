"""Cases: what a machine could not decide."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.events import TimelineDay
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One row of the queue."""

    case_id: str
    href: str
    title: str
    queue: str
    state: Pill
    subject: str
    subject_href: str
    at_risk: Money | None
    due_at: datetime
    is_overdue: bool
    owner: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """A way to end a case; the first one offered is the likely one."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class CaseCard:
    """A case with what a person needs to decide it."""

    line: CaseLine
    reason: str
    evidence: tuple[Fact, ...]
    resolutions: tuple[Resolution, ...]
    assign_href: str
    resolve_href: str
    is_mine: bool
    resolution: str = ""
    resolved_by: str = ""
    resolved_at: datetime | None = None
    note: str = ""

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class CasesView:
    now: datetime
    tabs: tuple[Choice, ...]
    queues: tuple[Choice, ...]
    cases: tuple[CaseLine, ...]
    pages: Pages
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class CaseView:
    now: datetime
    card: CaseCard
    timeline: tuple[TimelineDay, ...]
