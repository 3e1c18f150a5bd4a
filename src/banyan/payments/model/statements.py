"""What a seller reads about its money."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import Money

LineKind = Literal[
    "sale",
    "voucher",
    "commission",
    "tax",
    "refund",
    "dispute",
    "reserve_kept",
    "reserve_freed",
    "fee",
    "payout",
    "payout_returned",
    "exchange",
    "debit",
    "write_off",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement. ``amount`` changes what the seller has; moves between its parts change nothing.

    ``moved`` is how much went into the reserve or out of it (kept, freed); zero otherwise. Of an
    exchange for a payout, ``exchanged`` is the amount on the other side.
    """

    at: datetime
    kind: LineKind
    subject: str
    amount: Money
    moved: Money
    exchanged: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementBalance:
    """What a seller had at an instant, by part."""

    pending: Money
    available: Money
    held: Money
    reserve: Money

    @property
    def total(self) -> Money:
        return self.pending + self.available + self.held + self.reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A seller's account in one currency, from one instant to before another.

    ``opening.total`` and the amounts of all lines come to ``closing.total``, to the cent.
    """

    seller_id: UUID
    seller_name: str
    marketplace: str
    currency: str
    from_at: datetime
    until_at: datetime
    time_zone: str
    opening: StatementBalance
    closing: StatementBalance
    lines: tuple[StatementLine, ...]

    def total(self, kind: LineKind) -> Money:
        """What the lines of a kind come to."""
        zero = Money.zero(self.currency)
        return sum((line.amount for line in self.lines if line.kind == kind), zero)

    def moved(self, kind: LineKind) -> Money:
        zero = Money.zero(self.currency)
        return sum((line.moved for line in self.lines if line.kind == kind), zero)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedAmount:
    """Money that becomes available on a day."""

    on: date
    kind: Literal["held", "reserve"]
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerMoney:
    """Where a seller's money in one currency is now. ``next_payout_on`` None: no day is set."""

    currency: str
    balance: StatementBalance
    on_its_way: Money
    dated: tuple[DatedAmount, ...]
    next_payout_on: date | None
    held_reasons: tuple[str, ...]
