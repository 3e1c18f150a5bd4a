"""One dispute, for people."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.cases import CaseCard
from banyan.console.views.events import TimelineDay
from banyan.console.views.frame import Fact
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One booking; ``note`` says where the money is after it."""

    what: str
    note: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What the provider was told, and what was missing in it."""

    title: str
    state: Pill
    strength: Pill | None
    by: str
    at: datetime
    page_href: str
    evidence: tuple[Fact, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class DisputeView:
    """``sentence`` answers what happens next; ``respond_by`` only while the bank waits for us."""

    now: datetime
    dispute_id: str
    amount: Money
    state: Pill
    stage: str
    about: str
    order: str
    order_href: str
    opened_at: datetime
    sentence: str
    decision: str
    respond_by: datetime | None
    case: CaseCard | None
    bearer: str
    bearer_reason: str
    quote: str
    sums: tuple[Fact, ...]
    moves: tuple[MoveLine, ...]
    ledger_href: str
    answers: tuple[AnswerLine, ...]
    facts: tuple[Fact, ...]
    timeline: tuple[TimelineDay, ...]
