"""Divergences, and what was decided about them: plain records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from banyan.difference import Asked, Comparison, Side
from banyan.kernel import IdKind

DIVERGENCE = IdKind("dvg")
PLAN = IdKind("mpl")

EXAMPLES_MAX = 5

Source: TypeAlias = Literal["gateway", "experiment"]
DivergenceState: TypeAlias = Literal["open", "explained", "accepted", "fixing", "fixed"]
"""``open`` wants a decision. ``explained`` is understood and still counts. ``accepted`` no longer
counts. ``fixing`` has an owner who mends it, and counts. ``fixed`` is said to be mended: it is open
again when it is seen after that."""

Choice: TypeAlias = Literal["explain", "accept", "fix", "fixed", "reopen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One request that was compared, with nothing in it that may not be stored.

    ``at`` is when it was asked. ``version`` names what the candidate ran, if that is known.
    """

    request_id: str
    route: str
    at: datetime
    asked: Asked
    comparison: Comparison
    source: Source = "gateway"
    primary_arm: Side = "legacy"
    legacy_status: int = 0
    candidate_status: int = 0
    legacy_us: int = 0
    candidate_us: int = 0
    version: str = ""
    context: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch came to. ``repeated`` were recorded before and not again; ``unsteady`` could not
    be compared because one side contradicted itself."""

    compared: int = 0
    diverged: int = 0
    repeated: int = 0
    unsteady: int = 0
    found: tuple[UUID, ...] = ()
    returned: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where differences are learned about: a pattern and a kind (``Difference.key``) of a route."""

    route: str
    pattern: str
    kind: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A route's comparisons since an instant: ``open`` divergences are undecided or being mended."""

    compared: int
    diverged: int
    open: int


@dataclass(frozen=True, slots=True)
class Significance:
    """Whether a difference shows between the sides more often than between two answers of one side.

    ``e_value``: how many times likelier what was seen is under that than under chance (20 and more
    convince; it may be looked at any time). ``sentence`` says so with its numbers.
    """

    e_value: float
    is_beyond_noise: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Rates:
    """How often one difference showed on a route, in requests.

    Of ``paired`` requests with a second answer of one side: between the sides and within one
    (``both``), between the sides only, within one only. Of ``unpaired`` without: ``unpaired_seen``.
    """

    paired: int
    both: int
    between_only: int
    within_only: int
    unpaired: int = 0
    unpaired_seen: int = 0


@dataclass(frozen=True, slots=True)
class Divergence:
    """One cause of differences on one route: all requests whose main difference is the same.

    ``requests`` are those affected. ``also`` are patterns of differences that came along.
    """

    marketplace_id: UUID
    divergence_id: UUID
    plan_id: UUID
    route: str
    source: Source
    pattern: str
    kind: str
    legacy_shape: str
    candidate_shape: str
    title: str
    also: list[str]
    requests: int
    requests_after: int
    """Since it was last decided about."""
    first_seen_at: datetime
    last_seen_at: datetime
    state: DivergenceState
    owner: str | None
    why: str
    decided_by: str | None
    decided_at: datetime | None
    last_version: str
    fixed_in: str
    broken_in: str
    returned: int
    """How often it came back after it was said to be fixed."""

    @property
    def counts(self) -> bool:
        """Whether its requests count as diverged."""
        return self.state not in ("accepted", "fixed")


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a divergence, and why."""

    marketplace_id: UUID
    divergence_id: UUID
    number: int
    choice: Choice | Literal["returned"]
    state: DivergenceState
    owner: str | None
    why: str
    by: str
    fixed_in: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Example:
    """One request of a divergence: how to ask it again, and what differed, side by side."""

    marketplace_id: UUID
    divergence_id: UUID
    number: int
    request_id: str
    method: str
    path: str
    headers: list[list[str]]
    legacy_status: int
    candidate_status: int
    legacy_us: int
    candidate_us: int
    differences: list[dict[str, Any]]
    context: dict[str, str]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A divergence with all that is known about it."""

    divergence: Divergence
    examples: Sequence[Example]
    decisions: Sequence[Decision]
    significance: Significance
