"""What is posted: accounts, legs, transfers, and what became of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
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
