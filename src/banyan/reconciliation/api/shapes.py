"""What the API of reconciliation takes and answers."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.kernel import MINOR_MAX
from banyan.reconciliation import model
from banyan.runtime.http import Amount, ListQuery, id_meta

Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Source = Annotated[str, Meta(min_length=1, max_length=60)]
_Minor = Annotated[int, Meta(ge=0, le=MINOR_MAX)]
_Days = Annotated[int, Meta(ge=0, le=60)]


class ImportView(Struct, kw_only=True):
    """A file that was taken in. ``repeated`` lines of it had come before, in another file."""

    id: str
    object: Literal["import"] = "import"
    livemode: bool
    format: model.Format
    provider: str | None
    size_bytes: int
    lines: int
    repeated: int
    imported_at: datetime
    imported_by: str


class BankStatementView(Struct, kw_only=True):
    """``gap``: by how much it opens apart from where the one before it closed."""

    id: str
    object: Literal["statement"] = "statement"
    livemode: bool
    import_id: str
    account: str
    reference: str
    sequence: int | None
    from_on: date
    until_on: date
    opening: Amount
    closing: Amount
    gap: Amount


class ReconciliationLineView(Struct, kw_only=True):
    """What one side says. Amounts are positive where money comes to us."""

    id: str
    object: Literal["line"] = "line"
    livemode: bool
    state: model.LineState
    side: model.Side
    source: str
    type: model.LineType
    on: date
    gross: Amount
    fee: Amount
    net: Amount
    key: str
    reference: str
    payment: str
    batch: str
    text: str
    match: str | None
    import_id: str | None
    statement: str | None


class MatchView(Struct, kw_only=True):
    """Lines that are one thing, by which rule, how surely (in percent), and why."""

    id: str
    object: Literal["match"] = "match"
    livemode: bool
    state: Literal["active", "undone"]
    comparison: model.Comparison
    rule: model.Rule
    confidence: int
    reason: str
    difference: Amount
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_by: str | None
    undone_reason: str | None
    lines: list[ReconciliationLineView] | None = None
    """On one match; null in lists."""


class BreakView(Struct, kw_only=True):
    id: str
    object: Literal["break"] = "break"
    livemode: bool
    state: Literal["open", "closed"]
    kind: model.BreakKind
    line: str
    other: str | None
    source: str
    reason: str
    at_risk: Amount
    age_days: int
    opened_at: datetime
    closed_at: datetime | None


class RunView(Struct, kw_only=True):
    """What a run came to: lines collected of our books, matches made, breaks opened and closed."""

    object: Literal["reconciliation_run"] = "reconciliation_run"
    livemode: bool
    collected: int
    matched: int
    opened: int
    closed: int
    waiting: int


class StandingView(Struct, kw_only=True):
    """How the lines of one side, source and currency stand."""

    object: Literal["standing"] = "standing"
    livemode: bool
    side: model.Side
    source: str
    matched: int
    open: int
    open_net: Amount
    oldest_open_on: date | None
    oldest_open_days: int | None
    breaks: int
    at_risk: Amount


class ToleranceView(Struct, kw_only=True):
    object: Literal["tolerance"] = "tolerance"
    livemode: bool
    comparison: model.Comparison
    source: str | None
    type: model.LineType | None
    amount_minor: int
    fee_minor: int
    days: int
    wait_days: int
    fx_bp: int
    write_off_minor: int


class ImportReport(Struct, kw_only=True, forbid_unknown_fields=True):
    format: Annotated[
        Literal["banyan", "stripe", "adyen"], Meta(description="The shape of the columns.")
    ] = "banyan"


class ListStatements(ListQuery, kw_only=True, forbid_unknown_fields=True):
    account: Source | None = None


class ListLines(ListQuery, kw_only=True, forbid_unknown_fields=True):
    side: model.Side | None = None
    type: model.LineType | None = None
    source: Source | None = None
    state: model.LineState | None = None
    statement: Annotated[str, id_meta(model.STATEMENT)] | None = None


class ListMatches(ListQuery, kw_only=True, forbid_unknown_fields=True):
    comparison: model.Comparison | None = None
    state: Literal["active", "undone"] | None = None


class ListBreaks(ListQuery, kw_only=True, forbid_unknown_fields=True):
    kind: model.BreakKind | None = None
    state: Literal["open", "closed"] = "open"


class MatchByHand(Struct, kw_only=True, forbid_unknown_fields=True):
    lines: Annotated[list[Annotated[str, id_meta(model.LINE)]], Meta(min_length=2, max_length=100)]
    reason: Reason


class UndoMatch(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Reason


class SetTolerance(Struct, kw_only=True, forbid_unknown_fields=True):
    """For the lines of a source and type, or of any (absent). Amounts in minor units."""

    comparison: model.Comparison
    source: Source | None = None
    type: model.LineType | None = None
    amount_minor: _Minor = 0
    fee_minor: _Minor = 0
    days: _Days = 3
    wait_days: _Days = 3
    fx_bp: Annotated[int, Meta(ge=0, le=1000)] = 50
    write_off_minor: _Minor = 1_000
