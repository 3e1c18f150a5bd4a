"""Where a dispute stands, who bears it, and how it is answered: pure decisions."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from banyan.kernel import Money
from banyan.payments.model import (
    Bearer,
    Booked,
    Decision,
    Dispute,
    DisputeCategory,
    DisputeSettings,
    DisputeStage,
    DisputeState,
    Liability,
    MoveKind,
    Strength,
)

_CATEGORIES: dict[str, DisputeCategory] = {
    "fraud": "fraud",
    "fraudulent": "fraud",
    "unrecognized": "fraud",
    "not_received": "not_received",
    "product_not_received": "not_received",
    "not_as_described": "not_as_described",
    "product_unacceptable": "not_as_described",
    "duplicate": "duplicate",
    "credit_not_processed": "credit_not_processed",
    "cancelled": "cancelled",
    "subscription_canceled": "cancelled",
    "processing_error": "processing_error",
    "incorrect_account_details": "processing_error",
    "debit_returned": "debit_returned",
    "debit_not_authorized": "debit_returned",
    "bank_cannot_process": "debit_returned",
    "insufficient_funds": "debit_returned",
    # Visa: 10 fraud, 11 authorization, 12 processing, 13 consumer.
    "12.6.1": "duplicate",
    "12.6.2": "duplicate",
    "12.6": "duplicate",
    "13.1": "not_received",
    "13.2": "cancelled",
    "13.3": "not_as_described",
    "13.4": "not_as_described",
    "13.5": "not_as_described",
    "13.6": "credit_not_processed",
    "13.7": "cancelled",
    # Mastercard.
    "4834": "duplicate",
    "4837": "fraud",
    "4840": "fraud",
    "4849": "fraud",
    "4853": "not_as_described",
    "4855": "not_received",
    "4860": "credit_not_processed",
    "4863": "fraud",
    "4870": "fraud",
    "4871": "fraud",
}
"""Codes of our own, of Stripe, and of the networks."""

_FAMILIES: tuple[tuple[str, DisputeCategory], ...] = (
    (r"10\.\d", "fraud"),
    (r"1[12]\.\d", "processing_error"),
    (r"(AC|AM|MD|MS)\d\d", "debit_returned"),  # ISO 20022 return reasons
)


def category_of(reason_code: str) -> DisputeCategory:
    """What a reason code means; ``other`` if nobody here knows it."""
    code = reason_code.strip()
    known = _CATEGORIES.get(code.lower())
    if known is not None:
        return known
    for pattern, category in _FAMILIES:
        if re.match(pattern, code):
            return category
    return "other"


def booked_as(stage: DisputeStage, state: DisputeState) -> Booked:
    """What the ledger has to show of a dispute that stands so."""
    if state == "won":
        return "free"
    if state == "lost":
        return "taken"
    return "free" if stage == "inquiry" else "held"


def state_of(
    stage: DisputeStage, told: DisputeState, *, is_contested: bool, is_same_stage: bool
) -> DisputeState:
    """What a dispute is called that the provider says to stand so.

    A debit that came back is lost at once. What has been contested is under review, also at a
    provider that has no word for it.
    """
    if stage == "return" and told != "won":
        return "lost"
    if told == "open" and is_contested and is_same_stage:
        return "under_review"
    return told


_WAY: dict[tuple[Booked, Booked], tuple[MoveKind, ...]] = {
    ("free", "held"): ("hold",),
    ("free", "taken"): ("hold", "lose"),
    ("held", "free"): ("give_back",),
    ("held", "taken"): ("lose",),
    ("taken", "held"): ("regain",),
    ("taken", "free"): ("regain", "give_back"),
}
AFTER: dict[MoveKind, Booked] = {
    "hold": "held",
    "give_back": "free",
    "lose": "taken",
    "regain": "held",
}
"""What is booked after each move."""


def way(now: Booked, then: Booked, *, is_changed: bool) -> tuple[MoveKind, ...]:
    """The moves from what is booked to what has to be, each undoing or following the one before.

    ``is_changed``: another amount has to be held than is. Then everything is given back first.
    """
    if is_changed and now != "free":
        return (*_WAY[now, "free"], *_WAY.get(("free", then), ()))
    return _WAY.get((now, then), ())


@dataclass(frozen=True, slots=True)
class Bearing:
    """Who bears a dispute, and why in a sentence."""

    bearer: Bearer
    reason: str


def decide_bearer(
    category: DisputeCategory, liability: Liability | None, settings: DisputeSettings
) -> Bearing:
    """Who bears what may be lost.

    Fraud on a payment whose buyer was authenticated is the issuer's: if the bank takes the money all
    the same, it is between the marketplace and the bank, never the seller's.
    """
    if category == "fraud" and liability == "issuer":
        return Bearing(
            "issuer",
            "The buyer was authenticated (3-D Secure), so fraud is the issuer's to bear; "
            "until the bank agrees, the marketplace does.",
        )
    if category == "fraud":
        who = settings.fraud_bearer
        return Bearing(who, f"Fraud without a shift of liability is borne by the {who}.")
    who = settings.other_bearer
    named = category.replace("_", " ")
    return Bearing(who, f"By the marketplace's terms the {who} bears disputes for {named}.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about a dispute, and why in a sentence."""

    decision: Decision
    reason: str


def decide_at_once(
    dispute: Dispute, strength: Strength, settings: DisputeSettings, *, was_refused: bool
) -> Verdict | None:
    """What the rule decides without asking anybody; None if a person should look at it.

    Contesting what is worth less than its fee costs more than it brings. ``was_refused``: the provider
    has turned an answer away before, so a person looks.
    """
    if was_refused:
        return None
    if dispute.amount_minor <= max(dispute.fee_minor, settings.accept_below_minor):
        floor = Money.of(max(dispute.fee_minor, settings.accept_below_minor), dispute.currency)
        cheapest: Decision = "refund" if dispute.stage == "inquiry" else "accept"
        return Verdict(cheapest, f"Up to {floor} it is not worth contesting.")
    if strength == "strong" and settings.contests_by_itself:
        return Verdict("contest", "The evidence is strong.")
    return None


def decide_at_deadline(dispute: Dispute, strength: Strength) -> Verdict:
    """What the rule decides where nobody has: contest, unless there is nothing to say.

    A bank that only asks is answered in any case: that costs nothing.
    """
    if strength == "weak" and dispute.stage != "inquiry":
        return Verdict("accept", "Nobody decided by the deadline, and the evidence is weak.")
    return Verdict("contest", f"Nobody decided by the deadline, and the evidence is {strength}.")


def decide_by(respond_by: datetime, now: datetime, settings: DisputeSettings) -> datetime:
    """When an open question is decided by the rule: well before the bank's deadline.

    Of a deadline that is near, half of the time that is left is for people.
    """
    wanted = respond_by - timedelta(hours=settings.answer_hours_before)
    return max(wanted, now + max(timedelta(0), respond_by - now) / 2)
