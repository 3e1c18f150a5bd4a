"""The plan of a migration as it is written down in ``migration.yaml``.

Shares are percentages (``"5%"``, ``"0.1%"``), durations have a unit (``"30s"``, ``"10m"``, ``"36h"``,
``"7d"``): both are texts in the file and are read into the numbers below. A plan is checked as a whole
by ``rules.check_plan``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Name = Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,39}$")]
Url = Annotated[str, Meta(pattern="^https?://[^/]+$", max_length=200)]
Share = Annotated[str, Meta(pattern=r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)%$")]
Duration = Annotated[str, Meta(pattern="^[0-9]{1,5}(ms|s|m|h|d)$")]
Text = Annotated[str, Meta(max_length=20_000)]


class Phase(StrEnum):
    """Where a route stands on its way; each has the ones before it behind it."""

    LEGACY = "legacy"
    SHADOW = "shadow"
    CANARY = "canary"
    RAMP = "ramp"
    CANDIDATE = "candidate"
    RETIRED = "retired"


class Team(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who owns or depends on routes, and how they are told."""

    title: str = ""
    email: Annotated[str, Meta(pattern="^[^@ ]+@[^@ ]+$", max_length=200)] | None = None
    webhook: Annotated[str, Meta(pattern="^https?://", max_length=500)] | None = None


class IdentityPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cookie: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,60}$")] = "banyan_device"
    header: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{1,60}$")] | None = None


class CookiesPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which side owns which cookies; ``*`` at the end stands for anything."""

    legacy: tuple[str, ...] = ()
    candidate: tuple[str, ...] = ()


class GatewayPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    listen: Annotated[str, Meta(pattern=r"^(\[[^\[\]]+\]|[^:]+):[0-9]{1,5}$")] = "127.0.0.1:8080"
    identity: IdentityPlan = IdentityPlan()
    cookies: CookiesPlan = CookiesPlan()


class FallBackPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after: Duration = "1s"
    buffer_bytes_max: Annotated[int, Meta(ge=0, le=3_000_000)] = 2_000_000


class ShadowPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sample`` of safe requests are compared; writes are shadowed only where that is harmless."""

    sample: Share = "10%"
    writes: Literal["never", "safe", "dry_run"] = "never"
    dry_run_header: str = "x-banyan-dry-run: 1"
    body_bytes_max: Annotated[int, Meta(ge=1, le=8_000_000)] = 1_000_000


class ComparePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers are compared; ``body`` auto goes by the content type."""

    body: Literal["auto", "json", "html", "text", "bytes", "none"] = "auto"
    headers: tuple[str, ...] = ("location", "set-cookie", "cache-control", "content-type")
    numbers: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """How far numbers in JSON may lie apart, as a part of the larger."""
    unordered: tuple[str, ...] = ()
    """Paths of lists whose order means nothing."""


class NoiseRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A difference that means nothing, where the plan knows one; others are learned.

    ``path`` names a place in the answer: ``$.items[*].updated_at`` in JSON, a CSS selector in HTML,
    ``header:etag``, ``cookie:sessionid``, ``status``. ``pattern`` (a regular expression) limits it to
    values that match on both sides, and replaces them in text.
    """

    path: str | None = None
    pattern: str | None = None
    routes: tuple[Name, ...] = ()
    why: Annotated[str, Meta(min_length=3, max_length=300)]


class MaskRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Personal data that is never stored: by place, by name of a field, or by pattern."""

    path: str | None = None
    field: str | None = None
    pattern: str | None = None
    why: str = ""


class Criteria(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold in a phase before the next one, and what sends the route back.

    ``errors_increase_max``: by how much the candidate's error rate may lie above legacy's.
    ``latency_increase_max``: by which part its p50 and p99 may; ``latency_floor`` (ms) lets
    differences pass that nobody feels. ``divergence_max``: the share of compared answers that may
    differ, beyond noise and what was accepted. ``confidence``: how sure a verdict has to be.
    ``data``: names of data sets that must be verified. ``rehearsed``: a signed rehearsal of the
    last 90 days. ``approval``: a person says yes. ``steps``: weights, in ``ramp`` only.
    """

    requests_min: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    compared_min: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    time_min: Duration | UnsetType = UNSET
    errors_increase_max: Share | UnsetType = UNSET
    latency_increase_max: (
        Annotated[str, Meta(pattern=r"^[0-9]{1,4}(\.[0-9]{1,2})?%$")] | UnsetType
    ) = UNSET
    latency_floor: Duration | UnsetType = UNSET
    divergence_max: Share | UnsetType = UNSET
    confidence: Share | UnsetType = UNSET
    data: tuple[Name, ...] | UnsetType = UNSET
    rehearsed: bool | UnsetType = UNSET
    approval: bool | UnsetType = UNSET
    steps: tuple[Share, ...] | UnsetType = UNSET


class CriteriaByPhase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of each phase; what a route leaves out is the plan's, what that leaves out is the default."""

    shadow: Criteria = Criteria()
    canary: Criteria = Criteria()
    ramp: Criteria = Criteria()
    candidate: Criteria = Criteria()


class RoutePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One route. Exactly one of ``path`` (a template or a full path), ``prefix``, ``regex``.

    ``writes: legacy_until_verified`` sends methods other than GET, HEAD and OPTIONS to legacy until
    the route is in phase ``candidate``, whose gate asks for ``data``; ``legacy`` keeps them there.
    """

    name: Name
    path: Annotated[str, Meta(pattern="^/", max_length=500)] | None = None
    prefix: Annotated[str, Meta(pattern="^/", max_length=500)] | None = None
    regex: Annotated[str, Meta(max_length=500)] | None = None
    methods: tuple[Annotated[str, Meta(pattern="^[A-Z]{3,12}$")], ...] = ()
    title: str = ""
    owner: Name
    dependents: tuple[Name, ...] = ()
    candidate: Name | None = None
    """None: the only one there is, or the one of the name ``candidate``; ``Plan.candidate_of``."""
    legacy_after_write: bool = True
    """Whether legacy answers who has just written there. False: these pages show nothing of that, and
    what is written here shows nowhere."""
    writes: Literal["legacy", "legacy_until_verified"] = "legacy_until_verified"
    timeout: Duration | None = None
    fall_back: FallBackPlan | None = FallBackPlan()
    shadow: ShadowPlan | None = None
    compare: ComparePlan = ComparePlan()
    criteria: CriteriaByPhase = CriteriaByPhase()
    auto_advance_to: Phase = Phase.CANDIDATE
    """The last phase that is entered without a person; ``retired`` never is."""
    runbook: Text = ""
    rollback: Text = ""


class Milestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By when which routes shall have reached a phase; ``rehearsed``: none does without a signed rehearsal
    of the last 90 days."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    on: date
    routes: tuple[Name, ...]
    phase: Phase
    rehearsed: bool = False
    about: str = ""


class Freeze(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window in which nothing advances; rolling back stays possible. ``start`` <= t < ``end``."""

    start: Annotated[datetime, Meta(tz=True)]
    end: Annotated[datetime, Meta(tz=True)]
    why: Annotated[str, Meta(min_length=3, max_length=300)]
    routes: tuple[Name, ...] = ()


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole plan; ``data`` is read by the movement of data (``banyan.movement``)."""

    plan: Name
    title: str = ""
    about: Text = ""
    legacy: Url
    candidates: Mapping[Name, Url]
    gateway: GatewayPlan = GatewayPlan()
    teams: Mapping[Name, Team]
    routes: Annotated[Sequence[RoutePlan], Meta(min_length=1, max_length=200)]
    shadow: ShadowPlan = ShadowPlan()
    criteria: CriteriaByPhase = CriteriaByPhase()
    noise: tuple[NoiseRule, ...] = ()
    masking: tuple[MaskRule, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    notice: Duration = "0s"
    """How long before an automatic step the owner and the dependents are told of it."""
    data: Mapping[str, Any] | None = None

    def candidate_of(self, route: RoutePlan) -> str | None:
        """The name of a route's candidate; None if it leaves open which. In a checked plan it is there."""
        if route.candidate is not None:
            return route.candidate
        if len(self.candidates) == 1:
            return next(iter(self.candidates))
        return "candidate" if "candidate" in self.candidates else None
