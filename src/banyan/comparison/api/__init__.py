"""HTTP operations of comparison."""

from banyan.comparison.api.operations import operations

__all__ = ["operations"]
