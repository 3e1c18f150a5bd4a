"""How well payments work, in figures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from banyan.kernel import Money
from banyan.payments.model.attempts import Operation
from banyan.payments.model.methods import MethodType

Transit = Literal["authorization", "awaiting_buyer", "capture", "refund", "payout", "dispute"]
"""What money is on its way in."""

Age = Literal["hour", "day", "week", "older"]
"""Up to an hour, a day, a week; or longer."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Authorizations asked of one provider for one method, and what became of them.

    ``open`` ones have no definite answer yet. ``confirm_p50_s`` and ``confirm_p95_s``: from asking to
    the approval, in seconds.
    """

    provider: str
    method_type: MethodType
    asked: int
    approved: int
    declined: int
    unavailable: int
    open: int
    confirm_p50_s: float | None
    confirm_p95_s: float | None

    @property
    def approval_rate(self) -> float | None:
        """Approved of those with an answer."""
        answered = self.approved + self.declined + self.unavailable
        return self.approved / answered if answered else None


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """Calls of one operation that a provider has not answered for good."""

    provider: str
    operation: Operation
    count: int
    amount_minor: int
    currency: str
    oldest_at: datetime

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class InTransit:
    """Money on its way, by what it waits for and since when."""

    what: Transit
    age: Age
    count: int
    amount_minor: int
    currency: str

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well payments have worked since an instant, and what is open now."""

    since: datetime
    approvals: list[Approvals]
    open_questions: list[OpenQuestions]
    in_transit: list[InTransit]
