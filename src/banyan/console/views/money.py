"""Payments, payouts and disputes."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.events import TimelineDay
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.console.views.orders import AttemptLine, Statement
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """A payment, payout or dispute in a list: what it is, how it stands, whom it concerns."""

    id: str
    href: str
    state: Pill
    amount: Money
    subject: str
    subject_href: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MoneyListView:
    """One list; the words differ by area, the shape does not."""

    title: str
    about: str
    tabs: tuple[Choice, ...]
    subject_label: str
    note_label: str
    at_label: str
    lines: tuple[MoneyLine, ...]
    pages: Pages
    empty_title: str
    empty_text: str
    is_filtered: bool = False
    more_href: str = ""
    more_label: str = ""


@dataclass(frozen=True, slots=True)
class PaymentView:
    payment_id: str
    amount: Money
    state: Pill
    order: str
    order_href: str
    created_at: datetime
    facts: tuple[Fact, ...]
    attempts: tuple[AttemptLine, ...]
    refunds: tuple[MoneyLine, ...]
    disputes: tuple[MoneyLine, ...]
    statement: Statement
    timeline: tuple[TimelineDay, ...]
