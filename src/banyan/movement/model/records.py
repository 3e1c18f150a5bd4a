"""Where sets stand, and what was found: plain records."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from banyan.kernel import IdKind

DATA_SET = IdKind("dset")

Key = tuple[Any, ...]
"""The values of a row's key columns."""

Row = tuple[Any, ...]


class SetPhase(StrEnum):
    """Where a set stands. Until ``reversing`` the source is the truth, from then on the target."""

    WAITING = "waiting"
    """Declared; changes aren't captured yet."""
    BACKFILLING = "backfilling"
    FOLLOWING = "following"
    REVERSING = "reversing"
    """Cut over: changes of the target flow back to the source."""


class FlowName(StrEnum):
    FORWARD = "forward"
    REVERSE = "reverse"


class FindingKind(StrEnum):
    MISSING = "missing"
    """In the origin only."""
    EXTRA = "extra"
    """At the destination only."""
    DIFFERS = "differs"
    CONFLICT = "conflict"
    """Changed on both sides before either change was carried over; the truth's row was kept."""
    STUCK = "stuck"
    """Can't be written, or its expressions fail; tried again and again."""


class ColumnKind(StrEnum):
    """What a column holds, as far as writing and comparing need it."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    CHAR = "char"
    """Of fixed width: padded with spaces that mean nothing."""
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    NAIVE = "naive"
    """A date and time without a zone."""
    INSTANT = "instant"
    """A date and time with a zone."""
    UUID = "uuid"
    JSON = "json"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column as the database declares it. ``places``: decimal places of a DECIMAL."""

    name: str
    kind: ColumnKind
    declared: str
    places: int | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    """A set of rows that moves, and how far it has come.

    ``lag_rows`` changes wait to be carried over, the oldest for ``lag_s`` seconds; ``seen_at`` is
    when its mover last said so. ``verified_rows`` rows were compared in the last whole pass.
    """

    marketplace_id: UUID
    set_id: UUID
    plan_id: UUID
    plan: str
    name: str
    declared: dict[str, Any]
    phase: SetPhase
    epoch: int
    cursor: Any
    rows_done: int
    rows_total: int | None
    began_at: datetime | None
    backfilled_at: datetime | None
    tail: Any
    carried: int
    lag_rows: int | None
    lag_s: float | None
    lag_back_rows: int | None
    lag_back_s: float | None
    seen_at: datetime | None
    pass_cursor: Any
    pass_began_at: datetime | None
    pass_rows: int
    verified_at: datetime | None
    verified_rows: int
    turned_at: datetime | None
    wanted: Literal["", "repair"]
    failure: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that isn't the same on both sides, can't be carried over, or was changed on both.

    ``key`` is the destination's. ``detail`` has of each column that differs what stands on both
    sides: lengths and salted hashes, or the values where the plan says so.
    """

    marketplace_id: UUID
    set_id: UUID
    flow: Literal["forward", "reverse"]
    kind: FindingKind
    key_hash: str
    key: Any
    origin_key: Any
    columns: list[str]
    detail: dict[str, Any]
    attempts: int
    found_at: datetime
    last_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is; ``left_s`` is an estimate from the rate so far."""

    rows_done: int
    rows_total: int | None
    share: float | None
    rows_per_s: float | None
    left_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStanding:
    """Whether a set may be relied on, in a sentence and in numbers.

    ``is_verified``: filled, every row compared within the plan's ``age_max`` without a difference,
    and the tail no further behind than its ``lag_max``.
    """

    set_id: UUID | None
    name: str
    phase: SetPhase | None
    is_verified: bool
    sentence: str
    lag_rows: int | None = None
    lag_s: float | None = None
    rows: int = 0
    differing: int = 0
    stuck: int = 0
    conflicts: int = 0
    verified_at: datetime | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class SetChange:
    """What a plan that says otherwise of a set comes to; ``refusal``: why that isn't done by itself."""

    name: str
    becomes: str
    effect: str
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ReturnStanding:
    """Whether the source holds everything that was written at the target since the cutover.

    ``refusal``: why going back would lose something; empty: what the source lacks is on its way.
    ``is_one_way``: because nothing carries it back at all.
    """

    is_safe: bool
    sentence: str
    sets: list[DataStanding] = field(default_factory=list[DataStanding])
    refusal: str = ""
    is_one_way: bool = False
