"""HTTP on orders."""

from banyan.orders.api.operations import operations

__all__ = ["operations"]
