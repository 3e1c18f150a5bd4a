"""Orders: the list, and everything about one of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from banyan.console.look import Pill
from banyan.console.views.cases import CaseCard
from banyan.console.views.events import TimelineDay
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One row of the list."""

    order_id: str
    href: str
    external_id: str
    state: Pill
    total: Money | None
    """None until every line is matched to an offer."""
    what: str
    seller: str
    seller_href: str
    buyer: str
    region: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the filter bar holds, as typed."""

    query: str = ""
    state: str = ""
    seller: str = ""
    region: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_empty(self) -> bool:
        chosen = (self.query, self.state, self.seller, self.region, self.since, self.until)
        return not any(chosen)


@dataclass(frozen=True, slots=True)
class OrdersView:
    filter: OrderFilter
    states: tuple[Choice, ...]
    orders: tuple[OrderLine, ...]
    pages: Pages
    fault: str = ""


class StepState(StrEnum):
    DONE = "done"
    NOW = "now"
    TODO = "todo"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Step:
    """One of the eight steps of the journey."""

    label: str
    state: StepState
    note: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the statement; ``is_total`` lines are what the lines above come to."""

    label: str
    amount: Money
    note: str = ""
    href: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    currency: str
    movements: tuple[Movement, ...]
    href: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One try of one operation at a provider."""

    operation: str
    provider: str
    outcome: Pill
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderAction:
    """A button of the page: a label, where it posts to, and the question asked before."""

    label: str
    href: str
    question: str
    button: str
    amount: str = ""
    is_danger: bool = False


@dataclass(frozen=True, slots=True)
class OrderItem:
    what: str
    seller: str
    seller_href: str
    quantity: int
    total: Money | None


@dataclass(frozen=True, slots=True)
class OrderView:
    now: datetime
    order_id: str
    external_id: str
    total: Money | None
    currency: str
    state: Pill
    summary: str
    placed_at: datetime
    promised_on: date | None
    steps: tuple[Step, ...]
    actions: tuple[OrderAction, ...]
    case: CaseCard | None
    timeline: tuple[TimelineDay, ...]
    timeline_href: str
    items: tuple[OrderItem, ...]
    statement: Statement
    buyer: tuple[Fact, ...]
    buyer_href: str
    attempts: tuple[AttemptLine, ...]
    payment_href: str
