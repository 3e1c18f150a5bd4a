"""HTTP operations on commission: rules, tiers, settings, and what an order would pay."""

from banyan.commission.api.operations import operations

__all__ = ["operations"]
