"""What can be read: balances, entries, recorded transfers, statements, trial balances."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from banyan.kernel import Money
from banyan.ledger.model.posting import Account, Side


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
