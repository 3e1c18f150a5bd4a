"""One payout, the batches that payouts leave in, and where a seller's money is."""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Pill
from banyan.console.views.events import TimelineDay
from banyan.console.views.frame import Fact, Pages
from banyan.console.views.money import MoneyLine
from banyan.console.views.orders import AttemptLine, Movement
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class PayoutView:
    """``sums`` lead from what the seller had after the payout before to what is left."""

    payout_id: str
    amount: Money
    state: Pill
    seller: str
    seller_href: str
    created_at: datetime
    sentence: str
    sums: tuple[Movement, ...]
    currency: str
    since: datetime
    statement_href: str
    attempts: tuple[AttemptLine, ...]
    facts: tuple[Fact, ...]
    ledger_href: str
    timeline: tuple[TimelineDay, ...]


@dataclass(frozen=True, slots=True)
class BatchLine:
    """``file`` says how far its file for the bank is; empty where a provider is asked instead."""

    batch_id: str
    href: str
    what: str
    way: str
    state: Pill
    file: str
    count: int
    total: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class BatchesView:
    batches: tuple[BatchLine, ...]
    pages: Pages


@dataclass(frozen=True, slots=True)
class BatchView:
    line: BatchLine
    sentence: str
    facts: tuple[Fact, ...]
    payouts: tuple[MoneyLine, ...]
    pages: Pages


@dataclass(frozen=True, slots=True)
class DatedLine:
    on: date
    why: str
    amount: Money


@dataclass(frozen=True, slots=True)
class FundsCard:
    """Where a seller's money in one currency is, and when the next of it is paid out."""

    currency: str
    is_held: bool
    sentence: str
    reasons: tuple[str, ...]
    facts: tuple[Fact, ...]
    dated: tuple[DatedLine, ...]
    statement_href: str
    from_on: date
    until_on: date
