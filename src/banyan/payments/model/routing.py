"""Which provider takes a payment: what is known, what is wanted, what was chosen and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from banyan.kernel import IdKind
from banyan.payments.model.methods import MethodType

ProviderKind = Literal["sandbox", "stripe", "adyen", "iso20022"]
FaultKind = Literal["outage", "timeout", "lost_answer", "decline"]
"""What a sandbox can be told to do wrong: turn calls away, let them hang, do them and not answer,
or decline as if the issuer could not be reached."""

FAULT = IdKind("flt")

_SOME = Meta(min_length=1, max_length=300)
_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
_Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
_Minor = Annotated[int, Meta(ge=0, le=10**15)]

ProviderName = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{1,39}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxFault:
    """What a sandbox does wrong for a while: ``share_bp`` of the calls; operations None: all."""

    marketplace_id: UUID
    fault_id: UUID
    provider: str
    starts_at: datetime
    ends_at: datetime
    operations: list[str] | None
    kind: FaultKind
    share_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A provider that a marketplace has connected under a name of its own.

    ``method_types``, ``currencies`` and ``countries`` (of buyers) narrow what it is asked for; None
    leaves all. ``fee_bp`` and ``fee_fixed_minor`` are what a payment is expected to cost there.
    """

    marketplace_id: UUID
    name: str
    kind: ProviderKind
    is_enabled: bool
    method_types: list[str] | None
    currencies: list[str] | None
    countries: list[str] | None
    fee_bp: int
    fee_fixed_minor: int


class RoutingRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which providers may take the payments that fit; the first rule that fits counts.

    What is None fits all. ``order``: ``listed`` takes the first of ``providers`` that works,
    ``learned`` the one that is worth most. ``providers`` may leave out what should not be used.
    """

    providers: Annotated[list[ProviderName], Meta(min_length=1, max_length=20)]
    method_types: Annotated[list[MethodType], _SOME] | None = None
    currencies: Annotated[list[_Currency], _SOME] | None = None
    countries: Annotated[list[_Country], _SOME] | None = None
    amount_min: _Minor | None = None
    amount_max: _Minor | None = None
    order: Literal["listed", "learned"] = "learned"


class RoutingPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a marketplace routes.

    ``exploration_bp``: the least share of payments that each usable provider gets, so that what is
    known of it stays fresh. ``value_bp``: what an approved payment is worth to the marketplace, of
    its amount; a provider's cost is weighed against it. ``attempts_max``: providers that one payment
    may be tried at, one after the other.
    """

    rules: Annotated[list[RoutingRule], Meta(max_length=50)] = []
    exploration_bp: Annotated[int, Meta(ge=0, le=2_000)] = 200
    value_bp: Annotated[int, Meta(ge=0, le=10_000)] = 1_200
    attempts_max: Annotated[int, Meta(ge=1, le=5)] = 3


@dataclass(frozen=True, slots=True)
class RouteStats:
    """Authorizations of one provider in one segment, counted with less weight the older they are.

    Hard declines are left out: they tell of the card, not of the provider.
    """

    provider: str
    segment: str
    approved: float
    declined: float
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """How well a provider answers: decayed counts, and since when its circuit is open."""

    provider: str
    answered: float
    failed: float
    counted_at: datetime
    opened_at: datetime | None
    probed_at: datetime | None


class Candidate(Struct, frozen=True):
    """A provider as it was weighed. ``value_minor`` is what choosing it is expected to bring."""

    provider: str
    approval: float
    trials: float
    cost_minor: int
    value_minor: float
    circuit: Literal["closed", "probing", "open"]


class Route(Struct, frozen=True):
    """The provider that was chosen, why in a sentence, and what it was weighed against."""

    provider: str
    reason: str
    is_explored: bool = False
    candidates: list[Candidate] = []
