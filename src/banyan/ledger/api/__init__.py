"""HTTP operations of the ledger."""

from banyan.ledger.api import accounts, transfers, verification
from banyan.runtime.http import Operation


def operations() -> list[Operation]:
    return [*accounts.operations(), *transfers.operations(), *verification.operations()]
