"""The ledger: accounts, entries, transfers and the proof that they balance."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.views.frame import Fact, Pages
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
    accounts: int
    debits: Money
    credits: Money


@dataclass(frozen=True, slots=True)
class TrialTotal:
    """One currency: the balances of all accounts, which must add up to zero."""

    currency: str
    debits: Money
    credits: Money
    is_balanced: bool
    lines: tuple[TrialLine, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What adding up the entries themselves has shown."""

    is_sound: bool
    accounts: int
    transfers: int
    legs: int
    took: str
    findings: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class LedgerView:
    prefix: str
    prefixes: tuple[str, ...]
    totals: tuple[TrialTotal, ...]
    proof: Proof | None
    proof_href: str
    accounts: tuple[AccountLine, ...]
    pages: Pages
    read_at: datetime


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


@dataclass(frozen=True, slots=True)
class TransferLine:
    """A transfer in a list; ``first`` is the amount of its first leg."""

    transfer_id: str
    href: str
    title: str
    kinds: str
    legs: int
    subject: str
    subject_href: str
    first: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class TransfersView:
    subject: str
    subject_href: str
    transfers: tuple[TransferLine, ...]
    pages: Pages
