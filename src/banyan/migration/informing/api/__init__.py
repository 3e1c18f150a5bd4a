"""HTTP operations of informing."""

from banyan.migration.informing.api.operations import operations

__all__ = ["operations"]
