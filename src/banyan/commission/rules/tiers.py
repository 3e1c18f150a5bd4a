"""Which tier a seller's sales reach."""

from collections.abc import Mapping, Sequence

from banyan.commission.model.tier import Tier
from banyan.kernel import Money

Sales = Mapping[int, Mapping[str, int]]
"""One seller's sales: by the days of the window, then by currency, in minor units."""


def tier_reached(sales: Sales, tiers: Sequence[Tier]) -> Tier | None:
    """The highest tier whose volume the sales of its window have reached, in its currency."""
    reached = [tier for tier in tiers if _is_reached(tier, sales)]
    return max(reached, key=lambda tier: tier.rank, default=None)


def why_tier(tier: Tier | None, sales: Sales) -> str:
    """The reason that the seller's history keeps."""
    if tier is None or tier.volume is None or tier.window_days is None:
        return "The sales reach no tier."
    sold = Money(_sold(tier, sales), tier.volume.currency)
    return f"Sales of {sold} in {tier.window_days} days reach {tier.tier} (from {tier.volume} on)."


def _is_reached(tier: Tier, sales: Sales) -> bool:
    return tier.volume_minor is not None and _sold(tier, sales) >= tier.volume_minor


def _sold(tier: Tier, sales: Sales) -> int:
    return sales.get(tier.window_days or 0, {}).get(tier.currency or "", 0)
