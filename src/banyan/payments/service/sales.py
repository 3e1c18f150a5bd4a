"""What sellers have sold: for tiers of commission that hang on it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from banyan.payments.store.sales import sum_sales
from banyan.runtime import Transaction


async def sales_since(tx: Transaction, since: datetime) -> Mapping[UUID, Mapping[str, int]]:
    """What each seller's captured payments since an instant came to, less what went back.

    By currency, in minor units. What went back is the seller's part with its commission and tax.
    """
    sales: dict[UUID, dict[str, int]] = {}
    for seller_id, currency, minor in await sum_sales(tx, since):
        sales.setdefault(seller_id, {})[currency] = minor
    return sales
