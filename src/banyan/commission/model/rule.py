"""Rules: from when until when, for whom and what, how much, and in which order they apply.

A standard rule (``commission``) says what a sale costs. A ``promotion`` makes that cheaper for a
time: in place of the rate, or taken off it. A ``service_fee`` is what the buyer pays on top.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from banyan.kernel import IdKind

RULE = IdKind("cru")

RuleKind = Literal["commission", "promotion", "service_fee"]
Effect = Literal["rate", "reduction"]
Per = Literal["unit", "line", "order"]
Base = Literal["goods", "goods_and_shipping"]
Price = Literal["full", "reduced"]


class Scope(NamedTuple):
    """For whom and what a rule holds; None: for all. The fields stand from the closest to the widest.

    Of two scopes that hold for a sale the closer one is the greater ``closeness``: a rule for the
    seller goes before one for the tier, that before one for the category, that before one for the
    currency alone.
    """

    seller_id: UUID | None = None
    tier: str | None = None
    category: str | None = None
    currency: str | None = None

    @property
    def closeness(self) -> tuple[bool, bool, bool, bool]:
        return (
            self.seller_id is not None,
            self.tier is not None,
            self.category is not None,
            self.currency is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much: ``rate_bp`` hundredths of a percent of the base, plus ``fixed_minor``, within bounds.

    The amounts are for each unit, for each line, or for all that the rule covers of a seller's part
    of the order. ``base``: whether shipping counts. ``price``: whether vouchers that the seller funds
    lower the base ("reduced") or not ("full"); those of the platform never do.
    """

    rate_bp: int
    fixed_minor: int = 0
    minimum_minor: int = 0
    maximum_minor: int | None = None
    per: Per = "order"
    base: Base = "goods"
    price: Price = "reduced"

    @property
    def has_amounts(self) -> bool:
        return bool(self.fixed_minor or self.minimum_minor) or self.maximum_minor is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule to be. ``valid_from`` None: from now on. ``label`` is its name in every reason."""

    kind: RuleKind
    label: str
    scope: Scope
    rate: Rate
    effect: Effect = "rate"
    priority: int = 0
    stacks: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as it stands. Nothing of it ever changes but ``valid_until``, which may come sooner.

    ``effect`` and those after it are a promotion's: its rate stands in place of the standard rule,
    or is a ``reduction`` of it. Of several promotions the one of the highest ``priority`` applies
    alone, unless it ``stacks``: then the others that stack are taken off as well.
    """

    marketplace_id: UUID
    rule_id: UUID
    kind: RuleKind
    label: str
    seller_id: UUID | None
    tier: str | None
    category: str | None
    currency: str | None
    effect: Effect
    rate_bp: int
    fixed_minor: int
    minimum_minor: int
    maximum_minor: int | None
    per: Per
    base: Base
    price: Price
    priority: int
    stacks: bool
    valid_from: datetime
    valid_until: datetime | None
    supersedes: UUID | None
    reason: str
    created_at: datetime
    created_by: str

    @property
    def scope(self) -> Scope:
        return Scope(self.seller_id, self.tier, self.category, self.currency)

    @property
    def rate(self) -> Rate:
        return Rate(
            rate_bp=self.rate_bp,
            fixed_minor=self.fixed_minor,
            minimum_minor=self.minimum_minor,
            maximum_minor=self.maximum_minor,
            per=self.per,
            base=self.base,
            price=self.price,
        )

    def holds_at(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)
