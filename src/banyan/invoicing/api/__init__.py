"""HTTP operations of invoicing: who issues, what is issued, what accounting takes out."""

from banyan.invoicing.api import exports, invoices, parties
from banyan.runtime.http import Operation

__all__ = ["operations"]


def operations() -> list[Operation]:
    """Every operation of invoicing."""
    return [operation for noun in (parties, invoices, exports) for operation in noun.operations()]
