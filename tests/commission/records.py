"""Rules and books as tests write them: what isn't named is as plain as it can be."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from banyan.commission import Defaults, RateBook, Rule, SellerTerms
from banyan.commission.rules.choosing import by_scope
from banyan.kernel import derived_id

ROOT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
START = datetime(2018, 1, 1, tzinfo=UTC)
AT = datetime(2018, 3, 1, 12, 30, tzinfo=UTC)
SELLERS = [derived_id(ROOT, "seller", n) for n in range(4)]

_PLAIN: dict[str, Any] = {
    "marketplace_id": ROOT,
    "kind": "commission",
    "label": "Plain",
    "seller_id": None,
    "tier": None,
    "category": None,
    "currency": None,
    "effect": "rate",
    "rate_bp": 1_000,
    "fixed_minor": 0,
    "minimum_minor": 0,
    "maximum_minor": None,
    "per": "order",
    "base": "goods",
    "price": "reduced",
    "priority": 0,
    "stacks": False,
    "valid_from": START,
    "valid_until": None,
    "supersedes": None,
    "reason": "",
    "created_at": START,
    "created_by": "ann",
}


def rule(label: str, **fields: Any) -> Rule:
    return Rule(rule_id=derived_id(ROOT, "rule", label), **{**_PLAIN, "label": label, **fields})


def book(rules: Sequence[Rule] = (), **fields: Any) -> RateBook:
    """A book of a platform in Brazil whose sellers are there too; 12 % by default."""
    plain: dict[str, Any] = {
        "country": "BR",
        "defaults": Defaults(1_200),
        "sellers": {seller_id: SellerTerms("BR") for seller_id in SELLERS},
    }
    return RateBook(**{**plain, "rules": by_scope(rules), **fields})
