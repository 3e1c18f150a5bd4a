"""HTTP operations of reconciliation."""

from banyan.reconciliation.api.operations import operations

__all__ = ["operations"]
