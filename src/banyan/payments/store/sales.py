"""SQL of what sellers have sold."""

from datetime import datetime
from uuid import UUID

from banyan.runtime import Transaction


async def sum_sales(tx: Transaction, since: datetime) -> list[tuple[UUID, str, int]]:
    """Each seller's sales in payments captured since an instant, less what was reversed of them.

    The platform's discounts count as sold: the seller is paid for them.
    """
    rows = await tx.rows(
        """
        select
          s.seller_id,
          s.currency,
          sum(s.gross_minor + s.platform_discount_minor - s.reversed_seller_minor
              - s.reversed_commission_minor - s.reversed_tax_minor
              - s.reversed_shipping_kept_minor)::bigint
        from payments.payments p
        join payments.splits s using (marketplace_id, payment_id)
        where marketplace_id = %(marketplace_id)s and p.captured_at >= %(since)s
        group by s.seller_id, s.currency
        order by s.seller_id, s.currency
        """,
        since=since,
    )
    return [(row[0], row[1], row[2]) for row in rows]
