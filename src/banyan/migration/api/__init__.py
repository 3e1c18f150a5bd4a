"""HTTP operations of migration."""

from banyan.migration.api.operations import operations

__all__ = ["operations"]
