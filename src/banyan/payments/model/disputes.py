"""Disputes: how far they have gone, what is booked of them, who bears them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

DISPUTE = IdKind("dsp")

DisputeState = Literal["open", "under_review", "won", "lost"]
"""``open``: an answer is due. ``under_review``: evidence was handed in. A closed inquiry is won."""

DisputeResult = Literal["won", "lost"]

DisputeStage = Literal["inquiry", "chargeback", "pre_arbitration", "arbitration", "return"]
"""How far a dispute has gone. An inquiry takes no money yet; a return of a debit can't be contested."""

DisputeCategory = Literal[
    "fraud",
    "not_received",
    "not_as_described",
    "duplicate",
    "credit_not_processed",
    "cancelled",
    "processing_error",
    "debit_returned",
    "other",
]
"""What the bank's reason code says, whichever network's it is."""

Booked = Literal["free", "held", "taken"]
"""What the ledger has of a dispute: nothing, the money held, or the money gone."""

MoveKind = Literal["hold", "give_back", "lose", "regain", "fee"]

Bearer = Literal["issuer", "platform", "seller"]
"""Who bears a loss: the issuer by the rules of the networks, the marketplace, or its sellers."""

Decision = Literal["contest", "accept", "refund"]

Strength = Literal["weak", "fair", "strong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A buyer's objection at the bank.

    ``held_minor`` of it is held, or was lost, out of what was left of the payment; the rest of
    ``amount_minor`` is nobody's share and the marketplace's risk. ``round`` counts how often money was
    held, ``moves`` the bookings, ``challenge`` how often an answer was due. ``revision`` counts the
    changes: a look-up that began at an older one is not believed.
    """

    marketplace_id: UUID
    dispute_id: UUID
    payment_id: UUID
    subject: str
    provider: str
    provider_reference: str
    state: DisputeState
    stage: DisputeStage
    amount_minor: int
    held_minor: int
    fee_minor: int
    recharged_minor: int
    currency: str
    reason: str
    reason_code: str
    category: DisputeCategory
    respond_by: datetime | None
    booked: Booked
    round: int
    moves: int
    revision: int
    challenge: int
    bearer: Bearer
    bearer_reason: str
    decision: Decision | None
    decided_by: str | None
    decision_reason: str | None
    strength: Strength | None
    opened_at: datetime
    closed_at: datetime | None

    @property
    def amount(self) -> Money:
        return Money.of(self.amount_minor, self.currency)

    @property
    def held(self) -> Money:
        return Money.of(self.held_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money.of(self.fee_minor, self.currency)

    @property
    def is_answerable(self) -> bool:
        """Whether the bank waits for an answer."""
        return self.state == "open" and self.stage != "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeMove:
    """One booking of a dispute. A fee that was given back is below zero."""

    marketplace_id: UUID
    dispute_id: UUID
    ordinal: int
    what: MoveKind
    amount_minor: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeSettings:
    """How a marketplace deals with disputes.

    ``fraud_bearer`` and ``other_bearer`` bear what is lost, ``fee_bearer`` the fee of what a seller
    has lost. Disputes of at most ``accept_below_minor`` are accepted. A question that nobody has
    answered is decided ``answer_hours_before`` the bank's deadline. A refund without a way back is
    given to a person after ``destination_days``.
    """

    fraud_bearer: Literal["platform", "seller"] = "platform"
    other_bearer: Literal["platform", "seller"] = "seller"
    fee_bearer: Literal["platform", "seller"] = "platform"
    contests_by_itself: bool = True
    accept_below_minor: int = 0
    answer_hours_before: int = 24
    destination_days: int = 14
