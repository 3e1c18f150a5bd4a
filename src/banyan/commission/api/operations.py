"""The operations, and their handlers."""

from collections.abc import Sequence
from dataclasses import dataclass

from banyan.commission.api.preview import (
    CommissionPreviewView,
    PreviewCommission,
    basket_of,
    preview_view,
)
from banyan.commission.api.shapes import (
    ChangeCommissionSettings,
    CommissionRuleView,
    CommissionSettingsView,
    CommissionTaxQuery,
    CommissionTaxView,
    CommissionTierView,
    EndCommissionRule,
    ListCommissionRules,
    SellerTierView,
    SetCommissionTier,
    SetSellerTier,
    WriteCommissionRule,
    draft_of,
    rule_view,
    seller_tier_view,
    settings_view,
    tier_view,
)
from banyan.commission.errors import (
    CommissionRuleNotFound,
    InvalidRule,
    RankTaken,
    RuleClash,
    RuleEnded,
    TierNotFound,
    VoucherTooLarge,
)
from banyan.commission.model.rule import RULE
from banyan.commission.model.tier import Tier
from banyan.commission.rules.taxes import tax_on_commission
from banyan.commission.service import rules, settings, tiers
from banyan.commission.service.pricing import DefaultsOf, price_baskets
from banyan.parties import SELLER, InvalidCountry, SellerNotFound, check_country
from banyan.runtime.http import Call, List, Operation

_REFUSED = (InvalidRule, RuleClash, SellerNotFound, TierNotFound)
_EXAMPLE = {
    "label": "Electronics",
    "category": "electronics",
    "rate_bp": 1200,
    "currency": "BRL",
    "minimum": 100,
}


def operations(defaults_of: DefaultsOf) -> list[Operation]:
    """The operations; ``defaults_of`` tells what holds where no rule does."""
    return [*_rules(), *_tiers(), *_settings(), *_Previews(defaults_of).operations()]


def _rules() -> Sequence[Operation]:
    return [
        Operation(
            id="createCommissionRule",
            method="POST",
            path="/v1/commission/rules",
            summary="Say what sales cost from an instant on",
            description="A rule is never edited: supersede it. What was charged stays as it is.",
            handler=create_rule,
            scope="commission:write",
            body=WriteCommissionRule,
            returns=CommissionRuleView,
            status=201,
            errors=_REFUSED,
            example=_EXAMPLE,
        ),
        Operation(
            id="listCommissionRules",
            method="GET",
            path="/v1/commission/rules",
            summary="List rules, the newest first; with `at`, those that hold then",
            handler=list_rules,
            scope="commission:read",
            query=ListCommissionRules,
            returns=List[CommissionRuleView],
        ),
        Operation(
            id="getCommissionRule",
            method="GET",
            path="/v1/commission/rules/{rule_id}",
            ids={"rule_id": RULE},
            summary="Fetch a rule",
            handler=get_rule,
            scope="commission:read",
            returns=CommissionRuleView,
            errors=(CommissionRuleNotFound,),
        ),
        Operation(
            id="supersedeCommissionRule",
            method="POST",
            path="/v1/commission/rules/{rule_id}/supersede",
            ids={"rule_id": RULE},
            summary="Put another rule in the place of this one, from now or later on",
            handler=supersede_rule,
            scope="commission:write",
            body=WriteCommissionRule,
            returns=CommissionRuleView,
            status=201,
            errors=(CommissionRuleNotFound, RuleEnded, *_REFUSED),
            example={**_EXAMPLE, "rate_bp": 1150},
        ),
        Operation(
            id="endCommissionRule",
            method="POST",
            path="/v1/commission/rules/{rule_id}/end",
            ids={"rule_id": RULE},
            summary="Let a rule hold no longer, from now or later on",
            handler=end_rule,
            scope="commission:write",
            body=EndCommissionRule,
            returns=CommissionRuleView,
            errors=(CommissionRuleNotFound, RuleEnded, InvalidRule),
            example={"reason": "The sale is over."},
        ),
    ]


def _tiers() -> Sequence[Operation]:
    return [
        Operation(
            id="setCommissionTier",
            method="POST",
            path="/v1/commission/tiers",
            summary="Make a tier of sellers, or change what it takes to reach it",
            description="Tiers with a volume are reviewed at every midnight (UTC).",
            handler=set_tier,
            scope="commission:write",
            body=SetCommissionTier,
            returns=CommissionTierView,
            errors=(RankTaken,),
            example={
                "tier": "gold",
                "rank": 20,
                "volume": {"amount": 5_000_000, "currency": "BRL"},
                "window_days": 90,
            },
        ),
        Operation(
            id="listCommissionTiers",
            method="GET",
            path="/v1/commission/tiers",
            summary="List the tiers, the highest first",
            handler=list_tiers,
            scope="commission:read",
            returns=List[CommissionTierView],
        ),
        Operation(
            id="setSellerTier",
            method="PUT",
            path="/v1/commission/sellers/{seller_id}/tier",
            ids={"seller_id": SELLER},
            summary="Put a seller into a tier from now on",
            handler=set_seller_tier,
            scope="commission:write",
            body=SetSellerTier,
            returns=SellerTierView,
            errors=(SellerNotFound, TierNotFound),
            example={"tier": "gold", "reason": "Agreed with the key account."},
        ),
        Operation(
            id="listSellerTiers",
            method="GET",
            path="/v1/commission/sellers/{seller_id}/tiers",
            ids={"seller_id": SELLER},
            summary="List what a seller has belonged to, the newest first",
            handler=list_seller_tiers,
            scope="commission:read",
            returns=List[SellerTierView],
            errors=(SellerNotFound,),
        ),
    ]


def _settings() -> Sequence[Operation]:
    return [
        Operation(
            id="getCommissionSettings",
            method="GET",
            path="/v1/commission/settings",
            summary="Fetch whose shipping is",
            handler=get_settings,
            scope="commission:read",
            returns=CommissionSettingsView,
        ),
        Operation(
            id="changeCommissionSettings",
            method="POST",
            path="/v1/commission/settings",
            summary="Say whose shipping is: the seller's, or the platform's that runs it",
            handler=change_settings,
            scope="commission:write",
            body=ChangeCommissionSettings,
            returns=CommissionSettingsView,
            example={"shipping_to": "seller"},
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Previews:
    """The operations that need to know what holds where no rule does."""

    defaults_of: DefaultsOf

    def operations(self) -> Sequence[Operation]:
        return [
            Operation(
                id="previewCommission",
                method="POST",
                path="/v1/commission/preview",
                summary="What an order would pay, to whom, and why; nothing is kept",
                handler=self.preview,
                scope="commission:read",
                body=PreviewCommission,
                returns=CommissionPreviewView,
                errors=(SellerNotFound, VoucherTooLarge),
                example={
                    "lines": [
                        {
                            "seller": "sel_01h455vb4pex5vsknk084sn02q",
                            "category": "electronics",
                            "goods": {"amount": 18_990, "currency": "BRL"},
                        }
                    ],
                    "vouchers": [{"code": "SPRING", "funded_by": "platform", "rate_bp": 1000}],
                },
            ),
            Operation(
                id="getCommissionTax",
                method="GET",
                path="/v1/commission/tax",
                summary="Which tax stands on a commission for a seller in a country, and why",
                handler=self.get_tax,
                scope="commission:read",
                query=CommissionTaxQuery,
                returns=CommissionTaxView,
                errors=(InvalidCountry,),
            ),
        ]

    async def preview(self, call: Call, body: PreviewCommission) -> CommissionPreviewView:
        basket = basket_of(body, call.tx.now)
        [pricing] = await price_baskets(call.tx, [basket], await self.defaults_of(call.tx))
        if isinstance(pricing, VoucherTooLarge):
            raise pricing
        return preview_view(pricing, basket.at, livemode=call.key.livemode)

    async def get_tax(self, call: Call[CommissionTaxQuery]) -> CommissionTaxView:
        query = call.query
        check_country(query.country)
        own = (await self.defaults_of(call.tx)).own_tax
        home = call.tx.marketplace.country
        tax = tax_on_commission(home, query.country, query.at or call.tx.now, own=own)
        return CommissionTaxView(
            livemode=call.key.livemode,
            country=query.country,
            jurisdiction=tax.jurisdiction,
            rate_bp=tax.rate_bp,
            reason=tax.reason,
        )


async def create_rule(call: Call, body: WriteCommissionRule) -> CommissionRuleView:
    rule = await rules.create_rule(call.tx, draft_of(body))
    return rule_view(rule, livemode=call.key.livemode)


async def list_rules(call: Call[ListCommissionRules]) -> List[CommissionRuleView]:
    query = call.query
    page = await rules.list_rules(
        call.tx,
        kind=query.kind,
        seller_id=None if query.seller is None else SELLER.parse(query.seller),
        tier=query.tier,
        category=query.category,
        at=query.at,
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[CommissionRuleView].of(
        page, lambda rule: rule_view(rule, livemode=call.key.livemode)
    )


async def get_rule(call: Call) -> CommissionRuleView:
    rule = await rules.get_rule(call.tx, call.path["rule_id"])
    return rule_view(rule, livemode=call.key.livemode)


async def supersede_rule(call: Call, body: WriteCommissionRule) -> CommissionRuleView:
    rule = await rules.supersede_rule(call.tx, call.path["rule_id"], draft_of(body))
    return rule_view(rule, livemode=call.key.livemode)


async def end_rule(call: Call, body: EndCommissionRule) -> CommissionRuleView:
    rule = await rules.end_rule(call.tx, call.path["rule_id"], body.at, body.reason)
    return rule_view(rule, livemode=call.key.livemode)


async def set_tier(call: Call, body: SetCommissionTier) -> CommissionTierView:
    volume = None if body.volume is None else body.volume.money()
    tier = Tier(
        marketplace_id=call.tx.marketplace_id,
        tier=body.tier,
        rank=body.rank,
        volume_minor=None if volume is None else volume.minor,
        currency=None if volume is None else volume.currency.code,
        window_days=body.window_days,
        updated_at=call.tx.now,
    )
    return tier_view(await tiers.set_tier(call.tx, tier), livemode=call.key.livemode)


async def list_tiers(call: Call) -> List[CommissionTierView]:
    found = await tiers.list_tiers(call.tx)
    return List[CommissionTierView].whole(
        tier_view(tier, livemode=call.key.livemode) for tier in found
    )


async def set_seller_tier(call: Call, body: SetSellerTier) -> SellerTierView:
    row = await tiers.set_seller_tier(
        call.tx, call.path["seller_id"], body.tier, is_fixed=body.fixed, reason=body.reason
    )
    return seller_tier_view(row, livemode=call.key.livemode)


async def list_seller_tiers(call: Call) -> List[SellerTierView]:
    history = await tiers.tier_history(call.tx, call.path["seller_id"])
    return List[SellerTierView].whole(
        seller_tier_view(row, livemode=call.key.livemode) for row in history
    )


async def get_settings(call: Call) -> CommissionSettingsView:
    return settings_view(await settings.get_settings(call.tx), livemode=call.key.livemode)


async def change_settings(call: Call, body: ChangeCommissionSettings) -> CommissionSettingsView:
    changed = await settings.change_settings(call.tx, shipping_to=body.shipping_to)
    return settings_view(changed, livemode=call.key.livemode)
