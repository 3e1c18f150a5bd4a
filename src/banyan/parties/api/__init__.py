"""HTTP operations on sellers, buyers and offers."""

from banyan.parties.api import buyers, offers, sellers
from banyan.runtime.http import Operation

__all__ = ["operations"]


def operations() -> list[Operation]:
    return [*sellers.operations(), *buyers.operations(), *offers.operations()]
