"""HTTP operations of informing."""

from banyan.migration.informing.api.operations import operations, status_view

__all__ = ["operations", "status_view"]
