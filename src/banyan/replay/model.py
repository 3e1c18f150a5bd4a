"""What a replay tells while it runs, what it ends with, and the answers that it reads."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from banyan.kernel import Money


class Amount(Struct, frozen=True):
    amount: int
    currency: str

    def money(self) -> Money:
        return Money.of(self.amount, self.currency)


class Row(Struct, frozen=True):
    """A seller, a buyer, an offer or an order. The external id is the one in the data."""

    id: str
    external_id: str | None = None


class OrderRow(Row, frozen=True, kw_only=True):
    state: str
    payment: str | None = None
    refunded: Amount | None = None


class CaseRow(Struct, frozen=True):
    id: str
    kind: str
    subject: str
    opened_at: datetime
    resolutions: list[str]


class Clock(Struct, frozen=True):
    now: datetime


class JobsSummary(Struct, frozen=True):
    """Jobs that are due and not done, and jobs that were given up."""

    due: int
    failed: int = 0


class MoneySummary(Struct, frozen=True):
    taken: Amount
    fees: Amount
    commission: Amount
    tax: Amount
    owed_to_sellers: Amount
    paid_out: Amount
    in_dispute: Amount
    refunded: Amount


class MarketplaceSummary(Struct, frozen=True):
    """``GET /v1/summary``: the marketplace in figures."""

    orders: dict[str, int]
    money: MoneySummary
    human_touches_per_1000: float


class LedgerProof(Struct, frozen=True):
    """``GET /v1/ledger/verification``: every invariant, computed again from the entries."""

    is_balanced: bool
    legs: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    phase: str
    orders_done: int
    orders_total: int
    at: datetime
    """The marketplace's time."""
    orders_per_s: float


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """How a replay ended; what the marketplace says of itself is in ``marketplace``."""

    marketplace: MarketplaceSummary
    ledger: LedgerProof
    orders_placed: int
    """By this run."""
    orders_continued: int
    """Already placed by an earlier run."""
    orders_without_items: int
    """Left out: the data does not say what they were for."""
    orders_too_late: int
    """Left out: the sandbox's clock was past them already, and never goes back."""
    refusals: tuple[str, ...]
    """What the marketplace said to sellers, offers, buyers and orders that it would not take."""
    elapsed_s: float
    orders_per_s: float
    """Placed by this run, per second from the first order to the last settlement."""
    jobs_failed: int
    steps_waiting: int
    """Steps whose order waits for a person."""
