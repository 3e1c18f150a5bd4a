"""The section ``data`` of a migration plan: which tables move, and how.

Secrets are never in the plan: an address names an environment variable or a file that holds it.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Scalar = str | int | float | bool | None
SetName = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9_-]{0,39}$",
        description="What people call the set: lower-case letters, digits, _ and -.",
    ),
]
Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
Expression = Annotated[str, Meta(min_length=1, max_length=2_000)]
Seconds = Annotated[str, Meta(pattern="^[0-9]{1,5}(ms|s|m|h|d)$")]


class Address(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a database's URL is found; exactly one of both.

    The URL is one of SQLAlchemy's: ``postgresql://…``, ``mysql://…``, ``mariadb://…``,
    ``sqlite:////path``.
    """

    url_env: Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    url_file: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class SourceTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read: a table, or a query (whose changes are polled or come from ``watch``)."""

    table: Identifier | None = None
    schema: Identifier | None = None
    query: Annotated[str, Meta(min_length=8, max_length=20_000)] | None = None
    key: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=8)]
    watch: Mapping[Identifier, tuple[Identifier, ...]] = {}
    """Of a query: tables whose changes concern it, each with the columns that make its key."""


class DeletionMark(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deleted row stays at the target with ``column`` set to what ``set`` gives."""

    column: Identifier
    set: Expression = "True"


class TargetTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it is written. ``scope`` (over the target's columns) says which rows are ours."""

    table: Identifier
    schema: Identifier | None = None
    key: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=8)]
    scope: Expression | None = None
    deletes: Literal["remove", "keep"] | DeletionMark = "remove"


class Polling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes are rows whose column ``polling`` grew; ``overlap`` is read again each time."""

    polling: Identifier
    overlap: Seconds = "60s"
    every: Seconds = "2s"


Changes = Literal["trigger", "logical", "none"] | Polling


class Throttle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hard the backfill and the verification may lean on the databases.

    Where reading a row takes more than ``latency_factor`` times what it took at best, the mover
    rests as long as it has worked, times the excess.
    """

    rows_per_s: Annotated[int, Meta(ge=1)] | None = None
    latency_factor: Annotated[float, Meta(ge=1.1, le=100)] = 4.0


class VerifyPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``every`` so often all rows are compared; what is older than ``age_max`` proves nothing."""

    every: Seconds = "10m"
    age_max: Seconds = "1h"
    lag_max: Seconds = "10s"
    show_values: bool = False
    repair: Literal["by_hand", "automatic"] = "by_hand"


class CompareColumn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where two values of a column are the same though they are written otherwise."""

    trailing_spaces: Literal["count", "ignore"] = "count"
    letter_case: Literal["count", "ignore"] = "count"
    empty_is_null: bool = False
    digits: Annotated[int, Meta(ge=0, le=15)] | None = None
    """Numbers are rounded to so many decimal places."""
    precision: Literal["microsecond", "millisecond", "second", "minute", "day"] = "microsecond"
    ignore: bool = False


class ReversePlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a row of the target becomes one of the source again."""

    columns: Mapping[Identifier, Scalar]
    changes: Literal["trigger", "logical", "none"] | Polling = "trigger"
    lookups: Mapping[str, Mapping[str, Scalar]] = {}


class SetPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table that moves.

    ``columns`` gives each column of the target an expression over the source's columns.
    ``filter``: only rows for which it holds; ``soft_delete``: those for which it holds count as
    deleted. ``after``: sets that are filled before, for foreign keys. ``zone``: of naive times in
    the source; ``target_zone``: of those in the target.
    """

    name: SetName
    source: SourceTable
    target: TargetTable
    columns: Annotated[Mapping[Identifier, Scalar], Meta(min_length=1, max_length=500)]
    lookups: Mapping[str, Mapping[str, Scalar]] = {}
    filter: Expression | None = None
    soft_delete: Expression | None = None
    changes: Changes = "trigger"
    after: tuple[SetName, ...] = ()
    chunk: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
    throttle: Throttle = Throttle()
    verify: VerifyPlan = VerifyPlan()
    compare: Mapping[Identifier, CompareColumn] = {}
    reverse: Literal["auto", "none"] | ReversePlan = "auto"
    zone: Annotated[str, Meta(max_length=60)] = "UTC"
    target_zone: Annotated[str, Meta(max_length=60)] = "UTC"
    sequence_margin: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 1_000
    """How far the target's sequences stay ahead of the ids that were copied, and back."""


class DataPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole section."""

    source: Address
    target: Address
    sets: Annotated[tuple[SetPlan, ...], Meta(min_length=1, max_length=500)]
    about: str | UnsetType = UNSET


class Declared(Struct, frozen=True, kw_only=True):
    """What a set's row keeps of the plan."""

    source: Address
    target: Address
    set: SetPlan
