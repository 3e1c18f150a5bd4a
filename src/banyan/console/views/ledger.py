"""The ledger: accounts, entries, transfers and the proof that they balance."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.views.frame import Choice, Fact, Pages
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class AccountLine:
    path: str
    href: str
    currency: str
    balance: Money
    held: Money
    """Reserved by pending transfers that leave the account."""
    normal: str


@dataclass(frozen=True, slots=True)
class TrialLine:
    """All accounts under one first part of the path, in one currency."""

    label: str
    href: str
    debits: Money
    credits: Money

    @property
    def balance(self) -> Money:
        return self.credits - self.debits


@dataclass(frozen=True, slots=True)
class TrialTotal:
    """One currency: what was debited must be what was credited."""

    currency: str
    debits: Money
    credits: Money
    lines: tuple[TrialLine, ...]

    @property
    def is_balanced(self) -> bool:
        return self.debits.minor == self.credits.minor


@dataclass(frozen=True, slots=True)
class LedgerView:
    prefix: str
    prefixes: tuple[Choice, ...]
    totals: tuple[TrialTotal, ...]
    accounts: tuple[AccountLine, ...]
    pages: Pages
    entries: int
    read_at: datetime

    @property
    def is_balanced(self) -> bool:
        return all(total.is_balanced for total in self.totals)


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One side of one leg, with the account's balance after it."""

    at: datetime
    code: str
    transfer: str
    transfer_href: str
    subject: str
    subject_href: str
    other: str
    other_href: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class AccountView:
    path: str
    currency: str
    balance: Money
    facts: tuple[Fact, ...]
    entries: tuple[EntryLine, ...]
    pages: Pages


@dataclass(frozen=True, slots=True)
class LegLine:
    nth: int
    kind: str
    code: str
    debit: str
    debit_href: str
    credit: str
    credit_href: str
    amount: Money


@dataclass(frozen=True, slots=True)
class TransferView:
    transfer_id: str
    description: str
    subject: str
    subject_href: str
    effective_at: datetime
    recorded_at: datetime
    legs: tuple[LegLine, ...]
    metadata: tuple[Fact, ...]
