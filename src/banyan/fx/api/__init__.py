"""HTTP operations of foreign exchange."""

from banyan.fx.api import deals, quotes, rates, settings
from banyan.runtime.http import Operation


def operations() -> list[Operation]:
    """Every operation of foreign exchange."""
    return [
        *rates.operations(),
        *quotes.operations(),
        *deals.operations(),
        *settings.operations(),
    ]
