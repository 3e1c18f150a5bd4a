"""The records of reconciliation: lines of three sides, what matches, and what breaks.

Two comparisons make the three ways::

    books ── operations ── provider's report ── settlements ── bank statement

A *line* is one thing that one side says. Amounts are from our point of view: positive is money that
comes to us. An *operation* (a capture, a refund …) stands in our books and in the provider's report;
a *settlement* is what the provider pays from its balance to our bank, one a batch, and stands in its
report and on the bank statement.

Events: ``report.imported``, ``statement.imported``, ``match.made|undone``, ``break.opened|closed``.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

IMPORT = IdKind("rim")
STATEMENT = IdKind("rst")
LINE = IdKind("rln")
MATCH = IdKind("rma")
BREAK = IdKind("brk")

Side = Literal["books", "provider", "bank"]
Comparison = Literal["operations", "settlements"]
"""Books against the provider's report, or the report's settlements against the bank."""

LineType = Literal[
    "capture",
    "refund",
    "refund_return",
    "chargeback",
    "chargeback_reversal",
    "dispute_fee",
    "fee",
    "payout",
    "payout_return",
    "debit",
    "debit_return",
    "adjustment",
    "settlement",
    "bank_fee",
]
LineState = Literal["open", "matched"]
Rule = Literal[
    "reference",
    "within_tolerance",
    "converted",
    "sum_by_reference",
    "shortened_reference",
    "amount_and_date",
    "sum_of_amounts",
    "by_hand",
    "written_off",
]
BreakKind = Literal[
    "missing_in_books",
    "missing_at_provider",
    "missing_at_bank",
    "amount_differs",
    "fee_differs",
    "currency_differs",
    "duplicate",
    "unknown_reference",
]
Resolution = Literal["write_off", "link_by_hand", "ask_provider", "wait"]
Format = Literal["banyan", "stripe", "adyen", "camt.053", "mt940"]

COMPARED: dict[Comparison, tuple[Side, Side]] = {
    "operations": ("books", "provider"),
    "settlements": ("provider", "bank"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a bank statement says of itself. ``sequence`` counts an account's statements."""

    account: str
    reference: str
    sequence: int | None
    currency: str
    opening_minor: int
    closing_minor: int
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one side says happened.

    ``source`` is the provider, or the bank account. ``gross_minor`` less ``fee_minor`` is what it
    brought. ``key`` is our name of the operation, or the batch that a bank line names; ``reference``
    the other side's name; ``group`` what several lines are about (the payment); ``batch`` the
    settlement that it was paid out with. ``original_*`` is what was asked of the buyer, where the
    provider keeps it in another currency.
    """

    line_id: UUID
    side: Side
    source: str
    type: LineType
    on: date
    currency: str
    gross_minor: int
    fee_minor: int = 0
    key: str = ""
    reference: str = ""
    group: str = ""
    batch: str = ""
    text: str = ""
    original_minor: int | None = None
    original_currency: str | None = None

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.fee_minor

    @property
    def net(self) -> Money:
        return Money.of(self.net_minor, self.currency)

    @property
    def gross(self) -> Money:
        return Money.of(self.gross_minor, self.currency)

    @property
    def comparison(self) -> Comparison:
        """Where it is compared: what the provider pays to our bank, with the bank."""
        is_settled = self.side == "bank" or (self.side == "provider" and self.type == "settlement")
        return "settlements" if is_settled else "operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line as a file has it, before it has an id. ``place`` is where, for people."""

    place: str
    name: str
    """What tells it from all other lines of its source: the same line, sent again, has the same."""
    type: LineType
    on: date
    currency: str
    gross_minor: int
    fee_minor: int = 0
    key: str = ""
    reference: str = ""
    group: str = ""
    batch: str = ""
    text: str = ""
    original_minor: int | None = None
    original_currency: str | None = None


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A bank statement as a file has it."""

    statement: Statement
    lines: tuple[ReadLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far two sides may be apart and still be the same.

    Amounts differ by at most ``amount_minor``, and fees by ``fee_minor``. Lines without a reference
    are at most ``days`` apart. A currency conversion is off by at most ``fx_bp`` of the amount.
    What one side lacks is waited for during ``wait_days`` before it is a break, and a break of at
    most ``write_off_minor`` may be written off by whoever decides its case.
    """

    amount_minor: int = 0
    fee_minor: int = 0
    days: int = 3
    wait_days: int = 3
    fx_bp: int = 50
    write_off_minor: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceRule:
    """A tolerance for some lines: of one source and type, or of any (None)."""

    comparison: Comparison
    source: str | None = None
    type: LineType | None = None
    tolerance: Tolerance


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lines of two sides that are one thing, with the rule that says so.

    ``difference_minor`` is what is on the left and not on the right, in the left's currency: within
    the tolerance, or zero. ``confidence`` is in percent.
    """

    left: tuple[Line, ...]
    right: tuple[Line, ...]
    rule: Rule
    confidence: int
    reason: str
    difference_minor: int = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.left + self.right


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that nothing explains. ``line`` is what it is about, ``other`` what it should be."""

    kind: BreakKind
    line: Line
    reason: str
    at_risk_minor: int
    other: Line | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison came to: everything is in exactly one of them (or the other of a break)."""

    proposals: list[Proposal] = field(default_factory=list[Proposal])
    breaks: list[Break] = field(default_factory=list[Break])
    waiting: list[Line] = field(default_factory=list[Line])

    @property
    def lines(self) -> list[Line]:
        """What it is about, but for the other lines of breaks."""
        matched = [line for proposal in self.proposals for line in proposal.lines]
        return [*matched, *(one.line for one in self.breaks), *self.waiting]


Rates = dict[tuple[str, str], Decimal]
"""Units of the second currency for one of the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file that was taken in. ``repeated`` lines had come before, in another file."""

    marketplace_id: UUID
    import_id: UUID
    format: Format
    source: str
    content_hash: str
    size_bytes: int
    lines: int
    repeated: int
    imported_at: datetime
    imported_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatement(Statement):
    """A statement that was taken in; ``gap_minor``: by how much it doesn't follow the one before."""

    marketplace_id: UUID
    statement_id: UUID
    import_id: UUID
    gap_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine(Line):
    """A line as it stands. ``broken_times`` counts the breaks it has been in."""

    marketplace_id: UUID
    import_id: UUID | None
    statement_id: UUID | None
    match_id: UUID | None
    broken_times: int
    wait_until: date | None
    created_at: datetime

    @property
    def state(self) -> LineState:
        return "open" if self.match_id is None else "matched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Lines that are one thing, why, and who says so; undone or not.

    ``settlement_id`` names what it has booked, if it has.
    """

    marketplace_id: UUID
    match_id: UUID
    comparison: Comparison
    rule: Rule
    confidence: int
    reason: str
    difference_minor: int
    currency: str
    settlement_id: UUID | None
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_by: str | None
    undone_reason: str | None

    @property
    def is_active(self) -> bool:
        return self.undone_at is None

    @property
    def difference(self) -> Money:
        return Money.of(self.difference_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBreak:
    """A break as it stands; closed when a match has explained it."""

    marketplace_id: UUID
    break_id: UUID
    line_id: UUID
    other_line_id: UUID | None
    kind: BreakKind
    reason: str
    at_risk_minor: int
    currency: str
    source: str
    line_on: date
    opened_at: datetime
    closed_at: datetime | None

    @property
    def at_risk(self) -> Money:
        return Money.of(self.at_risk_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to."""

    collected: int
    matched: int
    opened: int
    closed: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many lines of a side, source and currency are matched, open, and how old those are."""

    side: Side
    source: str
    currency: str
    matched: int
    open: int
    open_net_minor: int
    oldest_open_on: date | None
    breaks: int
    at_risk_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAge:
    """How many lines of a side, source and currency are open, by how many days they have been.

    ``days`` up to 3, ``week`` up to 7, ``month`` up to 30.
    """

    side: Side
    source: str
    currency: str
    days: int
    week: int
    month: int
    older: int
