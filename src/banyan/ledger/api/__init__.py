"""HTTP operations of the ledger."""

from banyan.ledger.api import accounts, periods, reports, transfers, verification
from banyan.runtime.http import Operation


def operations() -> list[Operation]:
    return [
        *accounts.operations(),
        *transfers.operations(),
        *reports.operations(),
        *periods.operations(),
        *verification.operations(),
    ]
