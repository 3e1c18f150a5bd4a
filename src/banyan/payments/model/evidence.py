"""What we can say for ourselves in a dispute."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import IdKind, Money
from banyan.payments.model.disputes import DisputeStage, Strength

ANSWER = IdKind("ans")

AnswerState = Literal["sending", "submitted", "refused"]

EvidenceKind = Literal[
    "product_description",
    "order_total",
    "buyer_country",
    "shipping_carrier",
    "shipping_tracking_number",
    "shipped_at",
    "delivered_at",
    "timeline",
    "refunds_given",
    "authentication",
    "earlier_purchases",
    "communication",
    "refund_policy",
    "statement",
]
"""What a piece of evidence is. Providers map these names onto theirs."""


@dataclass(frozen=True, slots=True)
class Bought:
    """One line of what was ordered."""

    what: str
    quantity: int
    amount: Money
    seller: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to the order."""

    at: datetime
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What the order says about itself; handed in by whoever sells (see ``jobs``).

    ``earlier_purchases``: what the same buyer received before and did not dispute.
    """

    ordered_at: datetime
    country: str
    region: str
    bought: tuple[Bought, ...]
    shipping: Money
    total: Money
    carrier: str | None = None
    tracking: str | None = None
    promised_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    timeline: tuple[Moment, ...] = ()
    communication: str = ""
    earlier_purchases: int = 0


@dataclass(frozen=True, slots=True)
class Appraisal:
    """How strong a case is: what its category needs and what of it is missing, in a sentence."""

    strength: Strength
    missing: tuple[EvidenceKind, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAnswer:
    """What we told the provider, frozen: ``evidence`` for machines, ``page`` (HTML) for people."""

    marketplace_id: UUID
    answer_id: UUID
    dispute_id: UUID
    challenge: int
    kind: Literal["contest", "accept"]
    stage: DisputeStage
    state: AnswerState
    strength: Strength | None
    missing: list[EvidenceKind]
    evidence: Mapping[EvidenceKind, str]
    page: str
    made_by: str
    created_at: datetime
