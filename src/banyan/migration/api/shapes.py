"""What the API takes and answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from banyan.migration.model.plan import Phase
from banyan.migration.model.standing import ChangeKind, VerdictKind
from banyan.runtime.http import ListQuery

Why = Annotated[
    str, Meta(min_length=1, max_length=500, description="Kept with the change, for later.")
]


class MigrationPlanView(Struct, kw_only=True):
    """The version of a plan that holds."""

    id: str
    object: Literal["migration"] = "migration"
    livemode: bool
    name: str
    title: str
    version: int
    applied_by: str
    why: str
    applied_at: datetime
    source: str
    """The file, byte for byte."""


class MigrationVerdictView(Struct, kw_only=True):
    """What the judge said last, since when, and the gates it comes from."""

    verdict: VerdictKind
    sentence: str
    since: datetime
    judged_at: datetime
    gates: list[dict[str, Any]]


class MigrationNextView(Struct, kw_only=True):
    """The next step of a route."""

    phase: Phase
    read_bp: int


class MigrationRouteView(Struct, kw_only=True):
    """Where a route stands. ``read_bp`` basis points of customers read from the candidate."""

    object: Literal["migration_route"] = "migration_route"
    name: str
    title: str
    owner: str
    dependents: list[str]
    phase: Phase
    read_bp: int
    writes_to: Literal["legacy", "candidate"]
    change: int
    entered_at: datetime
    held_why: str | None
    approved_for: str | None
    next: MigrationNextView | None
    sentence: str
    verdict: MigrationVerdictView | None


class MigrationMilestoneView(Struct, kw_only=True):
    """A milestone, and which routes are missing."""

    name: str
    on: date
    phase: Phase
    state: Literal["reached", "on_time", "late"]
    missing: list[str]
    sentence: str


class MigrationControlPlaneView(Struct, kw_only=True):
    """The control plane that leads the plan; ``says`` what is wrong with its data plane."""

    holder: str
    beat_at: datetime
    version: int
    says: str
    data_plane: dict[str, Any]


class MigrationStatusView(Struct, kw_only=True):
    """A whole plan at an instant."""

    id: str
    object: Literal["migration_status"] = "migration_status"
    livemode: bool
    name: str
    version: int
    routes: list[MigrationRouteView]
    milestones: list[MigrationMilestoneView]
    control_plane: MigrationControlPlaneView | None


class MigrationChangeView(Struct, kw_only=True):
    """One step of one route. ``effective_at`` null: the data plane hasn't confirmed it yet."""

    object: Literal["migration_change"] = "migration_change"
    route: str
    change: int
    kind: ChangeKind
    from_phase: Phase
    to_phase: Phase
    from_bp: int
    to_bp: int
    writes_to: Literal["legacy", "candidate"]
    by: str
    why: str
    numbers: dict[str, Any]
    decided_at: datetime
    effective_at: datetime | None


class MigrationMinuteView(Struct, kw_only=True):
    """A minute of a route at one side, or as its customers got it.

    Bucket ``b`` of ``buckets`` counts answers that took from 1.02^b to 1.02^(b+1) microseconds.
    """

    route: str
    side: Literal["legacy", "candidate", "served"]
    phase: Phase
    minute: datetime
    requests: int
    errors: int
    fall_backs: int
    buckets: dict[str, int]


class ListMigrationChanges(ListQuery, kw_only=True, forbid_unknown_fields=True):
    route: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class ListMigrationMinutes(Struct, kw_only=True, forbid_unknown_fields=True):
    route: Annotated[str, Meta(min_length=1, max_length=40)]
    since: datetime
    until: datetime


class MigrationStep(Struct, kw_only=True, forbid_unknown_fields=True):
    """``change`` is the route's that you have seen: if it has moved since, nothing is done."""

    why: Why
    change: Annotated[int, Meta(ge=1, le=2_000_000_000)] | None = None
    force: bool = False


class MigrationRollback(Struct, kw_only=True, forbid_unknown_fields=True):
    why: Why
    force: bool = False


class MigrationReason(Struct, kw_only=True, forbid_unknown_fields=True):
    why: Why


class MigrationApproval(Struct, kw_only=True, forbid_unknown_fields=True):
    """``phase`` is the one you mean; it has to be the next."""

    why: Why
    phase: Phase
