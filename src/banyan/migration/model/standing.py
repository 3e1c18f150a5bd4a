"""Where a plan and its routes stand, and how they came there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from banyan.gateway import Arm
from banyan.kernel import IdKind
from banyan.migration.model.plan import Freeze, Phase, Plan, RoutePlan

PLAN = IdKind("mpl")

ChangeKind: TypeAlias = Literal[
    "started",
    "advanced",
    "rolled_back",
    "held",
    "released",
    "approved",
    "announced",
    "returned",
    "gone",
]
VerdictKind: TypeAlias = Literal["advance", "hold", "rollback"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place on a route's way. ``step`` counts the weights within ``ramp``, from 0."""

    phase: Phase
    step: int = 0
    read_bp: int = 0
    writes_to: Arm = "legacy"


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A version of a plan as it was applied; ``source`` is the file, byte for byte."""

    marketplace_id: UUID
    plan_id: UUID
    name: str
    version: int
    source: str
    document: dict[str, Any]
    applied_by: str
    why: str
    applied_at: datetime

    @property
    def plan(self) -> Plan:
        return msgspec.convert(self.document, Plan)


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """Who applied which version of a plan, when and why."""

    plan_id: UUID
    name: str
    version: int
    applied_by: str
    why: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class RouteStanding:
    """Where a route stands; ``change`` counts what was ever done with it.

    ``entered_change`` is the one that brought it where it is, or that made what was gathered about it
    worthless: evidence begins there.
    """

    plan_id: UUID
    route: str
    phase: Phase
    read_bp: int
    writes_to: Arm
    step: int
    change: int
    entered_change: int
    entered_at: datetime
    held_why: str = ""
    approved_for: str = ""
    announced_for: str = ""
    announced_at: datetime | None = None
    is_gone: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "phase", Phase(self.phase))  # a text where a row is read

    @property
    def at(self) -> Position:
        return Position(self.phase, self.step, self.read_bp, self.writes_to)

    @property
    def carries_customers(self) -> bool:
        return self.read_bp > 0 or self.writes_to == "candidate" or self.phase == Phase.RETIRED


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one route. ``effective_at`` is set once the data plane has confirmed it."""

    plan_id: UUID
    route: str
    change: int
    kind: ChangeKind
    from_phase: Phase
    to_phase: Phase
    from_bp: int
    to_bp: int
    writes_to: Arm
    by: str
    why: str
    numbers: dict[str, Any]
    decided_at: datetime
    effective_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "from_phase", Phase(self.from_phase))
        object.__setattr__(self, "to_phase", Phase(self.to_phase))


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """What the judge said last of a route, and since when it has said so."""

    route: str
    verdict: VerdictKind
    sentence: str
    numbers: dict[str, Any]
    since: datetime
    judged_at: datetime


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """A control plane that keeps its own data plane in step; ``says`` what is wrong with that one."""

    beat_at: datetime
    version: int
    says: str = ""


@dataclass(frozen=True, slots=True)
class ControllerBeat:
    """The control plane that leads a plan, and the data plane it sees. ``beat_at`` is real time.

    ``data_plane`` has ``followers``, too, by what they call themselves, in ``unreached`` a sentence
    for each side that can't be reached from the leader's machine, and in ``judged_at`` when it judged
    its routes last.
    """

    plan_id: UUID
    holder: str
    beat_at: datetime
    version: int
    data_plane: dict[str, Any]
    says: str

    @property
    def followers(self) -> dict[str, Follower]:
        return msgspec.convert(self.data_plane.get("followers", {}), dict[str, Follower])

    @property
    def unreached(self) -> list[str]:
        return msgspec.convert(self.data_plane.get("unreached", []), list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What was seen of a route in a minute at one side, or by its customers (side ``served``)."""

    route: str
    side: Literal["legacy", "candidate", "served"]
    phase: Phase
    minute: datetime
    requests: int
    errors: int
    fall_backs: int
    buckets: dict[str, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "phase", Phase(self.phase))  # a text where a row is read


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneStanding:
    """A milestone: reached, still on time, or late; ``missing`` routes are not there yet."""

    name: str
    about: str
    on: date
    phase: Phase
    state: Literal["reached", "on_time", "late"]
    missing: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStatus:
    """A route: what is planned, where it stands, what comes next, and what was last said of it."""

    plan: RoutePlan
    standing: RouteStanding
    next: Position | None
    verdict: StoredVerdict | None
    freeze: Freeze | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStatus:
    """A whole plan at an instant; ``controller`` None: no control plane has ever led it."""

    stored: StoredPlan
    plan: Plan
    routes: tuple[RouteStatus, ...]
    milestones: tuple[MilestoneStanding, ...]
    controller: ControllerBeat | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanFault:
    """One thing that is wrong with a plan: where it stands in the file, and what to do."""

    line: int
    column: int
    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One thing that applying a plan would change, and what that does to customers."""

    kind: Literal["added", "removed", "changed"]
    what: str
    before: str
    after: str
    effect: str
    route: str | None = None
    refusal: str = ""
    """Why it isn't done unless it is forced."""


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What applying a plan would change; ``weights`` that would move: none, ever."""

    name: str
    from_version: int
    changes: tuple[PlanChange, ...]
    renewed: tuple[str, ...] = ()
    """Routes whose evidence begins anew."""

    @property
    def refusals(self) -> tuple[str, ...]:
        return tuple(change.refusal for change in self.changes if change.refusal)


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """What became of applying a plan: the version that now holds, and whether it is a new one."""

    stored: StoredPlan
    diff: PlanDiff
    is_new: bool
