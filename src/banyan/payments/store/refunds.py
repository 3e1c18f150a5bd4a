"""SQL of refunds, and of who gives back how much of a refund or dispute."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.payments.model import CommissionTerms, Refund, Reversal
from banyan.runtime import Transaction


async def insert_refund(tx: Transaction, refund: Refund) -> None:
    await tx.execute(
        """
        insert into payments.refunds
          (marketplace_id, refund_id, payment_id, subject, provider, state, amount_minor, currency,
           reason, reason_code, items, destination, requested_by, created_at)
        values
          (%(marketplace_id)s, %(refund_id)s, %(payment_id)s, %(subject)s, %(provider)s, %(state)s,
           %(amount_minor)s, %(currency)s, %(reason)s, %(reason_code)s, %(items)s, %(destination)s,
           %(requested_by)s, %(created_at)s)
        """,
        refund_id=refund.refund_id,
        payment_id=refund.payment_id,
        subject=refund.subject,
        provider=refund.provider,
        state=refund.state,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        reason_code=refund.reason_code,
        items=None if refund.items is None else Jsonb(refund.items),
        destination=refund.destination,
        requested_by=refund.requested_by,
        created_at=refund.created_at,
    )


async def save_refund(tx: Transaction, refund: Refund) -> None:
    """Write what changes in the life of a refund, whose payment is locked."""
    await tx.execute(
        """
        update payments.refunds
        set
          state = %(state)s,
          destination = %(destination)s,
          round = %(round)s,
          sending = %(sending)s,
          decline_code = %(decline_code)s,
          finished_at = %(finished_at)s
        where marketplace_id = %(marketplace_id)s and refund_id = %(refund_id)s
        """,
        refund_id=refund.refund_id,
        state=refund.state,
        destination=refund.destination,
        round=refund.round,
        sending=refund.sending,
        decline_code=refund.decline_code,
        finished_at=refund.finished_at,
    )


async def find_refund(tx: Transaction, refund_id: UUID) -> Refund | None:
    return await tx.one(
        Refund,
        """
        select *
        from payments.refunds
        where marketplace_id = %(marketplace_id)s and refund_id = %(refund_id)s
        """,
        refund_id=refund_id,
    )


async def refunds_by_id(tx: Transaction, refund_ids: Collection[UUID]) -> list[Refund]:
    return await tx.all(
        Refund,
        """
        select *
        from payments.refunds
        where marketplace_id = %(marketplace_id)s and refund_id = any(%(refund_ids)s)
        """,
        refund_ids=list(refund_ids),
    )


async def refunds_of(tx: Transaction, payment_id: UUID) -> list[Refund]:
    """The refunds of a payment, the oldest first."""
    return await tx.all(
        Refund,
        """
        select *
        from payments.refunds
        where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
        order by refund_id
        """,
        payment_id=payment_id,
    )


async def select_refunds(
    tx: Transaction, *, payment_id: UUID | None, after: UUID | None, limit: int
) -> list[Refund]:
    """The newest first, older than ``after``."""
    return await tx.all(
        Refund,
        """
        select *
        from payments.refunds
        where marketplace_id = %(marketplace_id)s
          and (%(payment_id)s::uuid is null or payment_id = %(payment_id)s)
          and (%(after)s::uuid is null or refund_id < %(after)s)
        order by refund_id desc
        limit %(limit)s
        """,
        payment_id=payment_id,
        after=after,
        limit=limit,
    )


async def insert_reversals(tx: Transaction, reversals: Sequence[Reversal]) -> None:
    await tx.execute(
        """
        insert into payments.reversals
          (marketplace_id, reversal_id, payment_id, seller_id, currency, seller_minor,
           commission_minor, tax_minor, tax_jurisdiction, is_from_available, shipping_kept_minor,
           service_fee_minor, service_fee_tax_minor, service_fee_jurisdiction,
           platform_discount_minor, keeps_commission)
        select %(marketplace_id)s, new.*
        from unnest(
          %(reversal_ids)s::uuid[], %(payment_ids)s::uuid[], %(seller_ids)s::uuid[],
          %(currencies)s::text[], %(sellers)s::bigint[], %(commissions)s::bigint[],
          %(taxes)s::bigint[], %(jurisdictions)s::text[], %(from_available)s::boolean[],
          %(shipping_kept)s::bigint[], %(service_fees)s::bigint[], %(service_fee_taxes)s::bigint[],
          %(service_fee_jurisdictions)s::text[], %(platform_discounts)s::bigint[],
          %(keeping)s::boolean[]
        ) as new
        """,
        reversal_ids=[reversal.reversal_id for reversal in reversals],
        payment_ids=[reversal.payment_id for reversal in reversals],
        seller_ids=[reversal.seller_id for reversal in reversals],
        currencies=[reversal.currency for reversal in reversals],
        sellers=[reversal.seller_minor for reversal in reversals],
        commissions=[reversal.commission_minor for reversal in reversals],
        taxes=[reversal.tax_minor for reversal in reversals],
        jurisdictions=[reversal.tax_jurisdiction for reversal in reversals],
        from_available=[reversal.is_from_available for reversal in reversals],
        shipping_kept=[reversal.shipping_kept_minor for reversal in reversals],
        service_fees=[reversal.service_fee_minor for reversal in reversals],
        service_fee_taxes=[reversal.service_fee_tax_minor for reversal in reversals],
        service_fee_jurisdictions=[reversal.service_fee_jurisdiction for reversal in reversals],
        platform_discounts=[reversal.platform_discount_minor for reversal in reversals],
        keeping=[reversal.keeps_commission for reversal in reversals],
    )


async def select_reversals(tx: Transaction, reversal_ids: Collection[UUID]) -> list[Reversal]:
    return await tx.all(
        Reversal,
        """
        select *
        from payments.reversals
        where marketplace_id = %(marketplace_id)s and reversal_id = any(%(reversal_ids)s)
        order by reversal_id, seller_id
        """,
        reversal_ids=list(reversal_ids),
    )


async def find_commission_terms(tx: Transaction, at: datetime) -> CommissionTerms | None:
    """The terms that were in force at an instant."""
    return await tx.value(
        """
        select commission
        from payments.refund_terms
        where marketplace_id = %(marketplace_id)s and starts_at <= %(at)s
        order by starts_at desc
        limit 1
        """,
        at=at,
    )


async def insert_commission_terms(tx: Transaction, commission: CommissionTerms) -> None:
    """Terms for payments that are made from now on."""
    await tx.execute(
        """
        insert into payments.refund_terms (marketplace_id, starts_at, commission)
        values (%(marketplace_id)s, %(now)s, %(commission)s)
        on conflict (marketplace_id, starts_at) do update set commission = excluded.commission
        """,
        commission=commission,
        now=tx.now,
    )
