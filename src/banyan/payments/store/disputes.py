"""SQL of disputes."""

from uuid import UUID

from banyan.payments.model import Dispute, DisputeState
from banyan.runtime import Transaction


async def insert_dispute(tx: Transaction, dispute: Dispute) -> None:
    await tx.execute(
        """
        insert into payments.disputes
          (marketplace_id, dispute_id, payment_id, subject, provider, provider_reference, state,
           amount_minor, held_minor, fee_minor, currency, reason, opened_at)
        values
          (%(marketplace_id)s, %(dispute_id)s, %(payment_id)s, %(subject)s, %(provider)s,
           %(provider_reference)s, %(state)s, %(amount_minor)s, %(held_minor)s, %(fee_minor)s,
           %(currency)s, %(reason)s, %(opened_at)s)
        """,
        dispute_id=dispute.dispute_id,
        payment_id=dispute.payment_id,
        subject=dispute.subject,
        provider=dispute.provider,
        provider_reference=dispute.provider_reference,
        state=dispute.state,
        amount_minor=dispute.amount_minor,
        held_minor=dispute.held_minor,
        fee_minor=dispute.fee_minor,
        currency=dispute.currency,
        reason=dispute.reason,
        opened_at=dispute.opened_at,
    )


async def close_dispute(tx: Transaction, dispute_id: UUID, state: DisputeState) -> None:
    await tx.execute(
        """
        update payments.disputes
        set state = %(state)s, closed_at = %(now)s
        where marketplace_id = %(marketplace_id)s and dispute_id = %(dispute_id)s
        """,
        dispute_id=dispute_id,
        state=state,
        now=tx.now,
    )


async def find_dispute(tx: Transaction, dispute_id: UUID) -> Dispute | None:
    return await tx.one(
        Dispute,
        """
        select *
        from payments.disputes
        where marketplace_id = %(marketplace_id)s and dispute_id = %(dispute_id)s
        """,
        dispute_id=dispute_id,
    )


async def select_disputes(
    tx: Transaction,
    *,
    state: DisputeState | None,
    payment_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[Dispute]:
    """The newest first, older than ``after``."""
    return await tx.all(
        Dispute,
        """
        select *
        from payments.disputes
        where marketplace_id = %(marketplace_id)s
          and (%(state)s::text is null or state = %(state)s)
          and (%(payment_id)s::uuid is null or payment_id = %(payment_id)s)
          and (%(after)s::uuid is null or dispute_id < %(after)s)
        order by dispute_id desc
        limit %(limit)s
        """,
        state=state,
        payment_id=payment_id,
        after=after,
        limit=limit,
    )


async def sum_lost(tx: Transaction) -> dict[str, int]:
    """What was lost in disputes, by currency, without the fees."""
    rows = await tx.rows(
        """
        select currency, sum(amount_minor)::bigint
        from payments.disputes
        where marketplace_id = %(marketplace_id)s and state = 'lost'
        group by currency
        """
    )
    return {row[0]: row[1] for row in rows}
