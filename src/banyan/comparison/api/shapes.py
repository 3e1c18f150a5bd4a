"""What the API of comparison takes and answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.comparison import model
from banyan.comparison.model import PLAN
from banyan.difference import Kind
from banyan.runtime.http import Instant, ListQuery, id_meta

_RouteName = Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9_.:-]{0,79}$")]
_Short = Annotated[str, Meta(max_length=80)]
_Shown = Annotated[str, Meta(max_length=1_000)]
_Micros = Annotated[int, Meta(ge=0, le=10**12)]
_PlanId = Annotated[str, id_meta(PLAN)]


class DivergenceDifferenceView(Struct, kw_only=True):
    """One place where the answers differ; what is personal is replaced. Null: nothing there."""

    path: str
    kind: str
    legacy: str | None
    candidate: str | None
    detail: str


class DivergenceExampleView(Struct, kw_only=True):
    """One request of it: how to ask again (without values of cookies), and both answers."""

    request_id: str
    method: str
    path: str
    headers: list[list[str]]
    legacy_status: int
    candidate_status: int
    legacy_us: int
    candidate_us: int
    differences: list[DivergenceDifferenceView]
    context: dict[str, str]
    seen_at: datetime


class DivergenceDecisionView(Struct, kw_only=True):
    """What was decided; ``returned`` is what happened when it was seen after ``fixed``."""

    choice: Literal["explain", "accept", "fix", "fixed", "reopen", "returned"]
    state: model.DivergenceState
    owner: str | None
    why: str
    by: str
    fixed_in: str
    decided_at: datetime


class DivergenceSignificanceView(Struct, kw_only=True):
    """``e_value``: how many times likelier than by chance; 20 convinces, whenever one looks."""

    e_value: float
    is_beyond_noise: bool
    sentence: str


class DivergenceView(Struct, kw_only=True):
    """One cause of differences on one route.

    ``requests`` are those affected, ``requests_after`` of them since the last decision. ``also`` are
    differences that came along. ``returned``: how often it came back after it was fixed.
    """

    id: str
    object: Literal["divergence"] = "divergence"
    livemode: bool
    plan: str
    route: str
    source: model.Source
    title: str
    pattern: str
    kind: str
    also: list[str]
    requests: int
    requests_after: int
    first_seen_at: datetime
    last_seen_at: datetime
    state: model.DivergenceState
    owner: str | None
    why: str
    decided_by: str | None
    decided_at: datetime | None
    fixed_in: str
    returned: int
    significance: DivergenceSignificanceView | None = None
    """On one divergence; null in lists. So are the next two."""
    examples: list[DivergenceExampleView] | None = None
    decisions: list[DivergenceDecisionView] | None = None


class ListDivergences(ListQuery, kw_only=True, forbid_unknown_fields=True):
    plan: _PlanId | None = None
    route: _RouteName | None = None
    state: model.DivergenceState | None = None


class DecideDivergence(Struct, kw_only=True, forbid_unknown_fields=True):
    """``explain``: understood, and still counts. ``accept``: no longer counts. ``fix``: ``owner`` mends
    it. ``fixed``: mended (in the candidate's version ``fixed_in``). ``reopen``: takes it all back."""

    choice: model.Choice
    why: Annotated[str, Meta(min_length=1, max_length=2_000)]
    owner: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    fixed_in: Annotated[str, Meta(max_length=120)] = ""


class ObservedDifference(Struct, kw_only=True, forbid_unknown_fields=True):
    """``pattern`` is the path with what varies as ``*``; values are as they may be shown."""

    path: _Shown
    pattern: Annotated[str, Meta(max_length=400)]
    kind: Kind
    legacy: _Shown | None = None
    candidate: _Shown | None = None
    legacy_shape: _Short = ""
    candidate_shape: _Short = ""
    detail: _Short = ""


class DivergenceObservation(Struct, kw_only=True, forbid_unknown_fields=True):
    """One run of an experiment whose results differ. Sent again under its id, it counts once."""

    id: Annotated[str, Meta(min_length=1, max_length=100)]
    at: Instant
    differences: Annotated[list[ObservedDifference], Meta(min_length=1, max_length=50)]
    control_us: _Micros = 0
    candidate_us: _Micros = 0
    version: Annotated[str, Meta(max_length=120)] = ""
    context: Annotated[dict[_Short, _Shown], Meta(max_length=20)] = {}


class ReportDivergences(Struct, kw_only=True, forbid_unknown_fields=True):
    """What an experiment saw: ``equal`` runs without a difference, and those that differ."""

    experiment: _RouteName
    plan: _PlanId | None = None
    equal: Annotated[int, Meta(ge=0, le=10**9)] = 0
    observations: Annotated[list[DivergenceObservation], Meta(max_length=200)] = []


class DivergenceReportView(Struct, kw_only=True):
    """What was taken. ``plan`` is the one that the experiment is counted in."""

    object: Literal["divergence_report"] = "divergence_report"
    livemode: bool
    plan: str
    compared: int
    diverged: int
    repeated: int
