"""How much of a sale is held back until when, and what a debt takes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from banyan.kernel import Fault, Money, derived_id
from banyan.payments.errors import InvalidTerms
from banyan.payments.model import Holdback, HoldbackKind, PaymentSplit, SellerTerms, Tier

TIERS: dict[Tier, tuple[int, int, int]] = {
    "low": (0, 0, 0),
    "elevated": (3, 500, 60),
    "high": (7, 1_000, 90),
}
"""What a tier of risk means: days of delay, basis points in reserve, days in reserve."""


@dataclass(frozen=True, slots=True)
class Withholding:
    """What of a seller's sales is held back. ``delay_days`` counts the schedule's delay too."""

    delay_days: int = 0
    reserve_bp: int = 0
    reserve_days: int = 0


def check_terms(terms: SellerTerms) -> None:
    """``InvalidTerms`` unless a reserve has both a rate and a time."""
    if (terms.reserve_bp == 0) != (terms.reserve_days == 0):
        detail = "A reserve has a rate and a number of days above zero; without one, both are zero."
        raise InvalidTerms(detail, faults=(Fault("invalid_terms", detail, "/reserve_days"),))


def withholding(delay_days: int, terms: SellerTerms | None) -> Withholding:
    """The schedule's delay and the seller's terms together."""
    if terms is None:
        return Withholding(delay_days)
    return Withholding(delay_days + terms.delay_days, terms.reserve_bp, terms.reserve_days)


def hold_back(split: PaymentSplit, what: Withholding, today: date, now: datetime) -> list[Holdback]:
    """What of the seller's part is held back; the rest is available at once.

    The reserve is a share of what is left of the part, halves to even; a delay holds all the rest.
    """
    left = Money.of(split.left_minor.seller, split.currency)
    reserve = left.portion(what.reserve_bp)
    held = left - reserve if what.delay_days else Money.zero(split.currency)
    free_on = today + timedelta(days=what.delay_days)
    parts: list[tuple[HoldbackKind, Money, date]] = [
        ("held", held, free_on),
        ("reserve", reserve, free_on + timedelta(days=what.reserve_days)),
    ]
    return [_holdback(split, kind, amount, on, now) for kind, amount, on in parts if amount.minor]


def take_for_debt(debt: Money, holdbacks: Sequence[Holdback]) -> list[tuple[Holdback, Money]]:
    """How much of each holdback goes to what the seller owes: the delayed first, the earliest due
    first, and never more than is owed or there."""
    taken = list[tuple[Holdback, Money]]()
    for holdback in sorted(holdbacks, key=lambda h: (h.kind, h.due_on, h.holdback_id)):
        part = min(debt, holdback.left)
        if part.minor > 0:
            taken.append((holdback, part))
            debt = debt - part
    return taken


def holdback_id(payment_id: UUID, seller_id: UUID, kind: HoldbackKind) -> UUID:
    return derived_id(payment_id, "holdback", seller_id.hex, kind)


def _holdback(
    split: PaymentSplit, kind: HoldbackKind, amount: Money, due_on: date, now: datetime
) -> Holdback:
    return Holdback(
        marketplace_id=split.marketplace_id,
        holdback_id=holdback_id(split.payment_id, split.seller_id, kind),
        seller_id=split.seller_id,
        payment_id=split.payment_id,
        kind=kind,
        currency=split.currency,
        amount_minor=amount.minor,
        left_minor=amount.minor,
        version=0,
        due_on=due_on,
        created_at=now,
        freed_at=None,
    )
