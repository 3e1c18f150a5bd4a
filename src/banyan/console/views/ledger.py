"""The ledger: accounts, entries, transfers and the proof that they balance."""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Pill
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
    statement_href: str
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


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """A closed period; ``open_holds`` were pending at its close (empty: not counted)."""

    label: str
    href: str
    state: Pill
    closed_through: datetime
    closed_at: datetime
    open_holds: str
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealLine:
    batch: int
    legs: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodsView:
    """``head`` is the hash, in hex, that stands for everything recorded until the last seal."""

    periods: tuple[PeriodLine, ...]
    pages: Pages
    seal: Pill
    sentence: str
    head: str
    seals: tuple[SealLine, ...]


@dataclass(frozen=True, slots=True)
class PeriodView:
    line: PeriodLine
    totals: tuple[TrialTotal, ...]


@dataclass(frozen=True, slots=True)
class StatementView:
    """An account between two days: the opening balance and what moved come to the closing one."""

    path: str
    currency: str
    action: str
    since: date
    until: date
    time: str
    times: tuple[Choice, ...]
    opening: Money
    moved: Money
    closing: Money
    entries: tuple[EntryLine, ...]
    pages: Pages
