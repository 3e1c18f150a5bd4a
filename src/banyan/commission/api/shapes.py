"""What the API of commission takes and answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.commission.model.basket import Settings, ShippingTo
from banyan.commission.model.rule import (
    RULE,
    Base,
    Effect,
    Per,
    Price,
    Rate,
    Rule,
    RuleDraft,
    RuleKind,
    Scope,
)
from banyan.commission.model.tier import SellerTier, Tier
from banyan.commission.rules.words import rule_in_words
from banyan.kernel import MINOR_MAX
from banyan.parties import SELLER
from banyan.runtime.http import (
    Amount,
    CurrencyCode,
    Instant,
    ListQuery,
    PositiveAmount,
    check_currency,
    id_meta,
)

Label = Annotated[str, Meta(min_length=1, max_length=80, description="Its name in every reason.")]
RateBp = Annotated[
    int, Meta(ge=0, le=10_000, description="Hundredths of a percent.", examples=[1200])
]
Minor = Annotated[int, Meta(ge=0, le=MINOR_MAX, description="Minor units of `currency`.")]
Category = Annotated[str, Meta(min_length=1, max_length=80)]
TierName = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$", description="Your name of it.", examples=["gold"])
]
Priority = Annotated[int, Meta(ge=0, le=1000, description="Of promotions: the highest applies.")]
Reason = Annotated[str, Meta(min_length=1, max_length=500, description="For the record.")]
SellerId = Annotated[str, id_meta(SELLER)]


class WriteCommissionRule(Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule. What isn't named in `seller`, `tier`, `category` and `currency` doesn't matter to it.

    `effect`, `priority` and `stacks` are of promotions. `per` tells what `fixed`, `minimum` and
    `maximum` are for; `price` whether vouchers that the seller funds lower what it is reckoned from.
    """

    kind: RuleKind = "commission"
    label: Label
    rate_bp: RateBp
    seller: SellerId | None = None
    tier: TierName | None = None
    category: Category | None = None
    currency: CurrencyCode | None = None
    fixed: Minor = 0
    minimum: Minor = 0
    maximum: Minor | None = None
    per: Per = "order"
    base: Base = "goods"
    price: Price = "reduced"
    effect: Effect = "rate"
    priority: Priority = 0
    stacks: bool = False
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    reason: Annotated[str, Meta(max_length=500, description="For the record.")] = ""

    def __post_init__(self) -> None:
        if self.currency is not None:
            check_currency(self.currency)


class EndCommissionRule(Struct, kw_only=True, forbid_unknown_fields=True):
    """`at` absent: now."""

    at: Instant | None = None
    reason: Reason


class CommissionRuleView(Struct, kw_only=True):
    """A rule. `words` is how it reads in the reason of a payment's split."""

    id: str
    object: Literal["commission_rule"] = "commission_rule"
    livemode: bool
    kind: RuleKind
    label: str
    words: str
    seller: str | None
    tier: str | None
    category: str | None
    currency: str | None
    effect: Effect
    rate_bp: int
    fixed: int
    minimum: int
    maximum: int | None
    per: Per
    base: Base
    price: Price
    priority: int
    stacks: bool
    valid_from: datetime
    valid_until: datetime | None
    supersedes: str | None
    reason: str
    created_at: datetime
    created_by: str


class ListCommissionRules(ListQuery, kw_only=True, forbid_unknown_fields=True):
    """`at`: only rules that hold at that instant."""

    kind: RuleKind | None = None
    seller: SellerId | None = None
    tier: TierName | None = None
    category: Category | None = None
    at: Instant | None = None


class SetCommissionTier(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tier. With `volume` and `window_days` sales of so much reach it; without, only by hand."""

    tier: TierName
    rank: Annotated[int, Meta(ge=1, le=1000, description="The higher one counts.")]
    volume: PositiveAmount | None = None
    window_days: Annotated[int, Meta(ge=1, le=730)] | None = None

    def __post_init__(self) -> None:
        if (self.volume is None) != (self.window_days is None):
            raise ValueError("volume and window_days go together")


class CommissionTierView(Struct, kw_only=True):
    object: Literal["commission_tier"] = "commission_tier"
    livemode: bool
    tier: str
    rank: int
    volume: Amount | None
    window_days: int | None
    updated_at: datetime


class SetSellerTier(Struct, kw_only=True, forbid_unknown_fields=True):
    """`tier` null: none. `fixed`: sales don't change it until it is set again."""

    tier: TierName | None
    fixed: bool = True
    reason: Reason


class SellerTierView(Struct, kw_only=True):
    """What a seller belongs to from `since` on, until the next one."""

    object: Literal["seller_tier"] = "seller_tier"
    livemode: bool
    seller: str
    tier: str | None
    since: datetime
    fixed: bool
    reason: str
    set_by: str


class CommissionSettingsView(Struct, kw_only=True):
    """Whose shipping is. `updated_at` null: this is the default."""

    object: Literal["commission_settings"] = "commission_settings"
    livemode: bool
    shipping_to: ShippingTo
    updated_at: datetime | None
    updated_by: str


class ChangeCommissionSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    shipping_to: ShippingTo


class CommissionTaxView(Struct, kw_only=True):
    """The tax that would stand on a commission for a seller in `country` at an instant."""

    object: Literal["commission_tax"] = "commission_tax"
    livemode: bool
    country: str
    jurisdiction: str
    rate_bp: int
    reason: str


class CommissionTaxQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", description="Where the seller is.")]
    at: Instant | None = None


def draft_of(body: WriteCommissionRule) -> RuleDraft:
    return RuleDraft(
        kind=body.kind,
        label=body.label,
        scope=Scope(
            seller_id=None if body.seller is None else SELLER.parse(body.seller, pointer="/seller"),
            tier=body.tier,
            category=body.category,
            currency=body.currency,
        ),
        rate=Rate(
            rate_bp=body.rate_bp,
            fixed_minor=body.fixed,
            minimum_minor=body.minimum,
            maximum_minor=body.maximum,
            per=body.per,
            base=body.base,
            price=body.price,
        ),
        effect=body.effect,
        priority=body.priority,
        stacks=body.stacks,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        reason=body.reason,
    )


def rule_view(rule: Rule, *, livemode: bool) -> CommissionRuleView:
    return CommissionRuleView(
        id=RULE.text(rule.rule_id),
        livemode=livemode,
        kind=rule.kind,
        label=rule.label,
        words=rule_in_words(rule),
        seller=None if rule.seller_id is None else SELLER.text(rule.seller_id),
        tier=rule.tier,
        category=rule.category,
        currency=rule.currency,
        effect=rule.effect,
        rate_bp=rule.rate_bp,
        fixed=rule.fixed_minor,
        minimum=rule.minimum_minor,
        maximum=rule.maximum_minor,
        per=rule.per,
        base=rule.base,
        price=rule.price,
        priority=rule.priority,
        stacks=rule.stacks,
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
        supersedes=None if rule.supersedes is None else RULE.text(rule.supersedes),
        reason=rule.reason,
        created_at=rule.created_at,
        created_by=rule.created_by,
    )


def tier_view(tier: Tier, *, livemode: bool) -> CommissionTierView:
    return CommissionTierView(
        livemode=livemode,
        tier=tier.tier,
        rank=tier.rank,
        volume=None if tier.volume is None else Amount.of(tier.volume),
        window_days=tier.window_days,
        updated_at=tier.updated_at,
    )


def seller_tier_view(row: SellerTier, *, livemode: bool) -> SellerTierView:
    return SellerTierView(
        livemode=livemode,
        seller=SELLER.text(row.seller_id),
        tier=row.tier,
        since=row.since,
        fixed=row.is_fixed,
        reason=row.reason,
        set_by=row.set_by,
    )


def settings_view(settings: Settings, *, livemode: bool) -> CommissionSettingsView:
    return CommissionSettingsView(
        livemode=livemode,
        shipping_to=settings.shipping_to,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )
