"""Commission: what the platform takes for a sale, from whom, by which rule, and why.

    price(basket, book) -> Pricing                     pure: shares, taxes, service fee, reasons
    price_baskets(tx, baskets, defaults) -> list       by the rules of each order's instant
    create_rule · supersede_rule · end_rule            never edited
    set_tier · set_seller_tier · review_tiers          who sells much pays less
    tax_on_commission(platform, seller, at) -> Tax     by country, dated

Prices are reckoned once, when an order is paid for, and kept by payments with their reasons.
"""

from banyan.commission.errors import (
    CommissionRuleNotFound,
    InvalidRule,
    RankTaken,
    RuleClash,
    RuleEnded,
    TierNotFound,
    VoucherTooLarge,
)
from banyan.commission.model.basket import (
    Basket,
    Defaults,
    FundedBy,
    Line,
    RateBook,
    SellerTerms,
    Settings,
    Tax,
    Voucher,
)
from banyan.commission.model.pricing import Charge, Pricing, SellerShare, ServiceFee
from banyan.commission.model.rule import RULE, Rate, Rule, RuleDraft, RuleKind, Scope
from banyan.commission.model.tier import SellerTier, Tier
from banyan.commission.rules.pricing import price, voucher_value
from banyan.commission.rules.taxes import domestic_tax, tax_on_commission
from banyan.commission.rules.words import percent, rule_in_words
from banyan.commission.service.pricing import DefaultsOf, price_baskets
from banyan.commission.service.rules import (
    create_rule,
    end_rule,
    get_rule,
    list_rules,
    supersede_rule,
)
from banyan.commission.service.settings import change_settings, get_settings
from banyan.commission.service.tiers import (
    SalesSince,
    list_tiers,
    review_tiers,
    set_seller_tier,
    set_tier,
    tier_history,
)

__all__ = [
    "RULE",
    "Basket",
    "Charge",
    "CommissionRuleNotFound",
    "Defaults",
    "DefaultsOf",
    "FundedBy",
    "InvalidRule",
    "Line",
    "Pricing",
    "RankTaken",
    "Rate",
    "RateBook",
    "Rule",
    "RuleClash",
    "RuleDraft",
    "RuleEnded",
    "RuleKind",
    "SalesSince",
    "Scope",
    "SellerShare",
    "SellerTerms",
    "SellerTier",
    "ServiceFee",
    "Settings",
    "Tax",
    "Tier",
    "TierNotFound",
    "Voucher",
    "VoucherTooLarge",
    "change_settings",
    "create_rule",
    "domestic_tax",
    "end_rule",
    "get_rule",
    "get_settings",
    "list_rules",
    "list_tiers",
    "percent",
    "price",
    "price_baskets",
    "review_tiers",
    "rule_in_words",
    "set_seller_tier",
    "set_tier",
    "supersede_rule",
    "tax_on_commission",
    "tier_history",
    "voucher_value",
]
