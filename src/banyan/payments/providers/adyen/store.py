"""SQL of what Adyen has told by webhook. It can't be asked what became of a capture or a refund."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing told. ``key`` is our name of the operation, ``reference`` theirs."""

    notice_id: str
    key: str
    reference: str
    event: str
    is_success: bool
    amount_minor: int | None
    currency: str | None
    reason: str
    details: Mapping[str, str]


async def keep_notice(tx: Transaction, provider: str, notice: Notice) -> None:
    await tx.execute(
        """
        insert into payments.provider_notices
          (marketplace_id, provider, notice_id, key, reference, event, is_success, amount_minor,
           currency, reason, details, received_at)
        values
          (%(marketplace_id)s, %(provider)s, %(notice_id)s, %(key)s, %(reference)s, %(event)s,
           %(is_success)s, %(amount_minor)s, %(currency)s, %(reason)s, %(details)s, %(now)s)
        on conflict (marketplace_id, provider, notice_id) do nothing
        """,
        now=tx.now,
        provider=provider,
        notice_id=notice.notice_id,
        key=notice.key,
        reference=notice.reference,
        event=notice.event,
        is_success=notice.is_success,
        amount_minor=notice.amount_minor,
        currency=notice.currency,
        reason=notice.reason,
        details=Jsonb(dict(notice.details)),
    )


async def notices_of_key(tx: Transaction, provider: str, key: str) -> list[Notice]:
    return await tx.all(
        Notice,
        """
        select
          notice_id, key, reference, event, is_success, amount_minor, currency, reason, details
        from payments.provider_notices
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s and key = %(key)s
        order by received_at, notice_id
        """,
        provider=provider,
        key=key,
    )


async def notices_of_reference(tx: Transaction, provider: str, reference: str) -> list[Notice]:
    return await tx.all(
        Notice,
        """
        select
          notice_id, key, reference, event, is_success, amount_minor, currency, reason, details
        from payments.provider_notices
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and reference = %(reference)s
        order by received_at, notice_id
        """,
        provider=provider,
        reference=reference,
    )


async def reports_of(
    tx: Transaction, provider: str, since: datetime, before: datetime
) -> list[str]:
    """Names of the reports that were announced in this span."""
    rows = await tx.rows(
        """
        select reference
        from payments.provider_notices
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and event = 'REPORT_AVAILABLE' and received_at >= %(since)s and received_at < %(before)s
        order by received_at, reference
        """,
        provider=provider,
        since=since,
        before=before,
    )
    return [row[0] for row in rows]
