"""The ledger in records: what is posted, what comes back, and what can be read.

A balance is credits minus debits, in minor units: the balances of a marketplace add up to zero in
every currency. A debit-normal account (an asset, an expense) is expected below zero.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from banyan.kernel import IdKind, Money

ACCOUNT = IdKind("acc")
TRANSFER = IdKind("trf")

PATH_PATTERN = r"^[a-z0-9_]+(:[A-Za-z0-9_.\-]+)*$"
_PATH = re.compile(PATH_PATTERN.removesuffix("$"))
PATH_MAX = 120
CODE_MAX = 40
SUBJECT_MAX = 80
DESCRIPTION_MAX = 500
LEGS_MAX = 100
MICROSECOND = timedelta(microseconds=1)
"""The ledger's times are that fine: what ends before an instant ends so much earlier."""


class Side(StrEnum):
    DEBIT = "debit"
    CREDIT = "credit"


class Kind(StrEnum):
    """What a leg does: move money, hold it, or resolve an earlier hold."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its users declare it; it is opened by the first transfer that touches it.

    ``floor`` bounds what is posted less what is held to go out, ``ceiling`` what is posted plus
    what is held to come in, in minor units. Terms count when the account is opened; an open
    account keeps its own.
    """

    path: str
    currency: str
    floor: int | None = None
    ceiling: int | None = None
    normal: Side = Side.CREDIT

    def __post_init__(self) -> None:
        assert len(self.path) <= PATH_MAX, f"the path {self.path!r} is too long"
        assert _PATH.fullmatch(self.path), f"{self.path!r} is not a path such as seller:42:pending"


@dataclass(frozen=True, slots=True)
class PendingRef:
    """A pending leg of an earlier transfer."""

    transfer_id: UUID
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Leg:
    """One movement: ``amount`` from the debited to the credited account.

    POST, VOID and EXPIRE resolve the ``pending`` leg between the same accounts: POST moves up to the
    amount held and releases the rest, VOID and EXPIRE (amount zero) release all of it.
    """

    debit: Account
    credit: Account
    amount: Money
    code: str
    kind: Kind = Kind.POSTED
    pending: PendingRef | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        resolves = self.kind in (Kind.POST, Kind.VOID, Kind.EXPIRE)
        assert resolves == (self.pending is not None), f"a {self.kind} leg, pending {self.pending}"
        assert self.kind is Kind.PENDING or self.expires_at is None, "only what is held expires"
        assert self.amount.currency.code == self.debit.currency, "the amount is in another currency"
        assert 1 <= len(self.code) <= CODE_MAX, f"the code {self.code!r} has no fitting length"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Legs that are posted together or not at all, in their order, under an id of the caller.

    ``subject`` is what it is about (``ord_…``). ``effective_at`` is when it counts (None: when it
    is recorded). ``may_break_limits`` is for what has happened whatever the balance: a chargeback.
    """

    id: UUID
    legs: tuple[Leg, ...]
    subject: str
    effective_at: datetime | None = None
    may_break_limits: bool = False
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        assert 1 <= len(self.legs) <= LEGS_MAX, f"a transfer has 1 to {LEGS_MAX} legs"
        assert len(self.subject) <= SUBJECT_MAX, f"the subject {self.subject!r} is too long"
        assert len(self.description) <= DESCRIPTION_MAX, "the description is too long"


class Outcome(StrEnum):
    """What became of a transfer that stands in the ledger."""

    POSTED = "posted"
    ALREADY_POSTED = "already_posted"


class Reason(StrEnum):
    """Why a transfer was rejected."""

    ID_REUSED = "id_reused"
    PERIOD_CLOSED = "period_closed"
    SAME_ACCOUNT = "same_account"
    CURRENCY_MISMATCH = "currency_mismatch"
    INVALID_AMOUNT = "invalid_amount"
    ACCOUNT_CLOSED = "account_closed"
    INVALID_EXPIRY = "invalid_expiry"
    PENDING_NOT_FOUND = "pending_not_found"
    PENDING_MISMATCH = "pending_mismatch"
    PENDING_RESOLVED = "pending_resolved"
    PENDING_EXPIRED = "pending_expired"
    PENDING_NOT_EXPIRED = "pending_not_expired"
    LIMIT_EXCEEDED = "limit_exceeded"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Reason.ID_REUSED: "Another transfer was posted under this id; take a new one.",
    Reason.PERIOD_CLOSED: "It would take effect in a period that is closed; date it later.",
    Reason.SAME_ACCOUNT: "A leg debits and credits the same account.",
    Reason.CURRENCY_MISMATCH: "A leg joins accounts of two currencies; go through a position account.",
    Reason.INVALID_AMOUNT: "An amount is not above zero, is too large, or is more than was held.",
    Reason.ACCOUNT_CLOSED: "An account is closed.",
    Reason.INVALID_EXPIRY: "A pending leg would expire before it starts.",
    Reason.PENDING_NOT_FOUND: "There is no such pending leg.",
    Reason.PENDING_MISMATCH: "The pending leg is between other accounts.",
    Reason.PENDING_RESOLVED: "The pending leg was posted, voided or expired before.",
    Reason.PENDING_EXPIRED: "The pending leg has expired; it can only be voided.",
    Reason.PENDING_NOT_EXPIRED: "The pending leg has not expired yet.",
    Reason.LIMIT_EXCEEDED: "It would take an account below its floor or above its ceiling.",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A transfer that was not posted: nothing of it is in the ledger."""

    reason: Reason

    @property
    def detail(self) -> str:
        return self.reason.sentence


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on an account; as of the past only ``posted`` is known (the holds are None)."""

    path: str
    currency: str
    posted: Money
    pending_out: Money | None = None
    pending_in: Money | None = None

    @property
    def available(self) -> Money:
        """What may still go out: posted less held."""
        return self.posted if self.pending_out is None else self.posted - self.pending_out


@dataclass(frozen=True, slots=True)
class AccountState:
    """An open account with its terms and balances; ``account_id`` is its number inside."""

    account_id: int
    path: str
    currency: str
    normal: str
    floor_minor: int | None
    ceiling_minor: int | None
    is_closed: bool
    posted_minor: int
    pending_out_minor: int
    pending_in_minor: int
    version: int
    opened_at: datetime
    recorded_at: datetime

    @property
    def declared(self) -> Account:
        """The account as one would declare it."""
        return Account(
            self.path, self.currency, self.floor_minor, self.ceiling_minor, Side(self.normal)
        )

    @property
    def balance(self) -> Balance:
        return Balance(
            self.path,
            self.currency,
            Money.of(self.posted_minor, self.currency),
            Money.of(self.pending_out_minor, self.currency),
            Money.of(self.pending_in_minor, self.currency),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of one leg, as it stands in an account's history.

    ``version`` counts the account's entries from 1; ``balance_minor`` is what was posted after it.
    """

    version: int
    transfer_id: UUID
    leg: int
    kind: str
    side: str
    amount_minor: int
    currency: str
    balance_minor: int
    code: str
    other_account_id: int
    other_path: str
    subject: str
    description: str
    effective_at: datetime
    recorded_at: datetime

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def moved(self) -> Money:
        """The amount as the balance sees it: below zero on the debit side."""
        return self.amount if self.side == Side.CREDIT else -self.amount

    @property
    def balance(self) -> Money:
        return Money.of(self.balance_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Move:
    """One side of a leg that moved money on an account: above zero if it was credited."""

    version: int
    transfer_id: UUID
    leg: int
    code: str
    subject: str
    amount_minor: int
    other_path: str
    metadata: Mapping[str, str] | None
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class JournalLeg:
    """A leg that moved money, as a journal lists it; the first one carries the description."""

    transfer_id: UUID
    leg: int
    debit_path: str
    credit_path: str
    amount_minor: int
    currency: str
    code: str
    subject: str
    description: str
    effective_at: datetime

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class RecordedLeg:
    """A leg as it was recorded; the accounts' terms are not part of it."""

    leg: int
    kind: str
    debit_account_id: int
    debit_path: str
    credit_account_id: int
    credit_path: str
    amount_minor: int
    currency: str
    code: str
    pending_transfer_id: UUID | None
    pending_leg: int | None
    expires_at: datetime | None
    is_open: bool
    """A pending leg that nothing has resolved yet."""

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def debit(self) -> Account:
        return Account(self.debit_path, self.currency)

    @property
    def credit(self) -> Account:
        return Account(self.credit_path, self.currency)


@dataclass(frozen=True, slots=True)
class RecordedTransfer:
    """A transfer as it stands in the ledger; ``position`` is its place in the order of recording."""

    id: UUID
    position: int
    subject: str
    effective_at: datetime
    recorded_at: datetime
    may_break_limits: bool
    description: str
    metadata: Mapping[str, str]
    legs: tuple[RecordedLeg, ...]


class Time(StrEnum):
    """The ledger's two times: when it learned of a transfer, and when that counts."""

    RECORDED = "recorded"
    EFFECTIVE = "effective"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What moved an account's balance from ``since`` until before ``until``, one page of it.

    The balance of each entry is what was posted after it, in the statement's time; the last one is
    ``closing``, unless ``next_cursor`` says that there is more. What only holds money isn't in it.
    """

    account: AccountState
    since: datetime
    until: datetime
    time: Time
    opening: Money
    closing: Money
    entries: tuple[Entry, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TrialLine:
    """The accounts under one first part of the path, in one currency; or one account.

    ``debits`` adds up the balances below zero (without their sign), ``credits`` those above.
    """

    head: str
    currency: str
    accounts: int
    debits: Money
    credits: Money


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account of a currency, by itself or summed by the first part of the path."""

    currency: str
    lines: tuple[TrialLine, ...]

    @property
    def debits(self) -> Money:
        return sum((line.debits for line in self.lines), Money.zero(self.currency))

    @property
    def credits(self) -> Money:
        return sum((line.credits for line in self.lines), Money.zero(self.currency))

    @property
    def is_balanced(self) -> bool:
        return self.debits == self.credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A closed period: nothing new takes effect at or before ``closed_through``.

    ``open_holds`` were pending legs that nothing had resolved at the close. ``balanced_at`` is when
    the trial balance at its end was stored (None: not yet), ``archived_at`` when it was archived.
    """

    closed_through: datetime
    closed_at: datetime
    last_position: int
    open_holds: int | None
    balanced_at: datetime | None
    archived_at: datetime | None

    @property
    def month(self) -> str | None:
        """The month that ends with it, as ``2018-03``; None if it doesn't end with one."""
        after = self.closed_through + MICROSECOND
        is_whole = (after.day, after.time()) == (1, time())
        return f"{self.closed_through:%Y-%m}" if is_whole else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks an invariant: which, and where."""

    check: str
    detail: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of the chain: the legs behind the last position of the batch before, up to its own.

    ``hash`` follows from the one before and from every leg of the batch, so that it stands for
    everything recorded until then.
    """

    batch: int
    last_position: int
    legs: int
    hash: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Archive:
    """A month's archive in its folder: how much it holds, and the digest of its manifest."""

    path: Path
    legs: int
    batches: int
    manifest_sha256: bytes


@dataclass(frozen=True, slots=True)
class LegDigest:
    """A leg as a seal remembers it: ``digest`` is the start of its sha256, 8 bytes."""

    position: int
    transfer_id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What ``verify`` has counted and found; up to 100 findings are listed.

    ``head`` is the last seal; what was recorded after it isn't sealed yet.
    """

    accounts: int
    transfers: int
    legs: int
    findings: tuple[Finding, ...]
    head: Seal | None = None

    @property
    def is_sound(self) -> bool:
        return not self.findings
