"""How well payments work, for people."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Choice
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """One provider: whether it answers, and what it approves of all that it was asked."""

    name: str
    circuit: Pill
    asked: int
    approved_percent: float | None
    note: str


@dataclass(frozen=True, slots=True)
class ApprovalLine:
    provider: str
    method: str
    asked: int
    approved: int
    declined: int
    unavailable: int
    open: int
    approved_percent: float | None
    typical: str
    slow: str


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """Calls of one kind that have no definite answer yet."""

    provider: str
    operation: str
    count: int
    amount: Money
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class TransitLine:
    """Money of one currency on its way in one manner, by how long it has been."""

    what: str
    href: str
    total: Money
    count: int
    hour: Money | None
    day: Money | None
    week: Money | None
    older: Money | None


@dataclass(frozen=True, slots=True)
class ReliabilityView:
    is_well: bool
    sentence: str
    periods: tuple[Choice, ...]
    providers: tuple[ProviderLine, ...]
    approvals: tuple[ApprovalLine, ...]
    questions: tuple[QuestionLine, ...]
    transit: tuple[TransitLine, ...]
