"""What a status page shows. Nothing here is internal: no addresses, people, verdicts or notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from banyan.migration.model.plan import Phase, Plan
from banyan.migration.model.standing import RouteStanding


@dataclass(frozen=True, slots=True)
class RouteChange:
    """A step of a route. The counts are of its customers from the change before it to this one:
    requests, those that failed, and the same of the attempts at the old platform alone."""

    route: str
    change: int
    kind: str
    from_phase: Phase
    to_phase: Phase
    from_bp: int
    to_bp: int
    decided_at: datetime
    requests: int
    errors: int
    legacy_requests: int
    legacy_errors: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "from_phase", Phase(self.from_phase))  # a text where a row is read
        object.__setattr__(self, "to_phase", Phase(self.to_phase))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A plan, where its routes stand and what has happened to them: what pages are made of.

    ``changes`` are the latest, the newest first.
    """

    plan_id: UUID
    plan: Plan
    version: int
    applied_at: datetime
    routes: Mapping[str, RouteStanding]
    changes: Sequence[RouteChange]
    now: datetime


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes next for a route. ``earliest_at`` None: it waits for something else than time."""

    sentence: str
    earliest_at: datetime | None
    is_announced: bool = False


@dataclass(frozen=True, slots=True)
class RouteStatus:
    name: str
    title: str
    phase: Phase
    share_bp: int
    """Of the customers, served by the new platform."""
    sentence: str
    is_held: bool
    since: datetime | None
    next: NextStep
    owner: str
    dependents: tuple[str, ...]


Standing = Literal["done", "on_time", "at_risk", "late"]


@dataclass(frozen=True, slots=True)
class MilestoneStatus:
    """``reached`` of ``routes`` routes stand in the phase or beyond it."""

    name: str
    on: date
    about: str
    standing: Standing
    sentence: str
    reached: int
    routes: int


@dataclass(frozen=True, slots=True)
class FreezeStatus:
    start: datetime
    end: datetime
    why: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """A roll-back, and what customers noticed of what led to it."""

    route: str
    title: str
    at: datetime
    sentence: str
    noticed: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One entry of the changelog; ``key`` names it for good."""

    key: str
    at: datetime
    title: str
    sentence: str
    route: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """A plan, or what one team has to do with it, for readers without an account."""

    plan: str
    title: str
    team: str
    team_title: str
    headline: str
    routes: tuple[RouteStatus, ...]
    milestones: tuple[MilestoneStatus, ...]
    freezes: tuple[FreezeStatus, ...]
    incidents: tuple[Incident, ...]
    changes: tuple[ChangeLine, ...]
    updated_at: datetime
    """When something last happened."""
    made_at: datetime
