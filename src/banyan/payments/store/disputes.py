"""SQL of disputes, their bookings and how a marketplace deals with them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from banyan.payments.model import Dispute, DisputeMove, DisputeSettings, DisputeState
from banyan.runtime import Transaction


async def insert_dispute(tx: Transaction, dispute: Dispute) -> None:
    """What is known from the beginning; ``save_disputes`` writes the rest."""
    await tx.execute(
        """
        insert into payments.disputes
          (marketplace_id, dispute_id, payment_id, subject, provider, provider_reference, state,
           amount_minor, held_minor, fee_minor, currency, reason, opened_at)
        values
          (%(marketplace_id)s, %(dispute_id)s, %(payment_id)s, %(subject)s, %(provider)s,
           %(provider_reference)s, %(state)s, %(amount_minor)s, 0, 0, %(currency)s, %(reason)s,
           %(opened_at)s)
        """,
        dispute_id=dispute.dispute_id,
        payment_id=dispute.payment_id,
        subject=dispute.subject,
        provider=dispute.provider,
        provider_reference=dispute.provider_reference,
        state=dispute.state,
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
        reason=dispute.reason,
        opened_at=dispute.opened_at,
    )


async def save_dispute(tx: Transaction, dispute: Dispute) -> None:
    """Write what changes in the life of a dispute, whose payment is locked."""
    await tx.execute(
        """
        update payments.disputes
        set
          state = %(state)s,
          stage = %(stage)s,
          amount_minor = %(amount_minor)s,
          held_minor = %(held_minor)s,
          fee_minor = %(fee_minor)s,
          recharged_minor = %(recharged_minor)s,
          reason = %(reason)s,
          reason_code = %(reason_code)s,
          category = %(category)s,
          respond_by = %(respond_by)s,
          booked = %(booked)s,
          round = %(round)s,
          moves = %(moves)s,
          revision = %(revision)s,
          challenge = %(challenge)s,
          bearer = %(bearer)s,
          bearer_reason = %(bearer_reason)s,
          decision = %(decision)s,
          decided_by = %(decided_by)s,
          decision_reason = %(decision_reason)s,
          strength = %(strength)s,
          closed_at = %(closed_at)s
        where marketplace_id = %(marketplace_id)s and dispute_id = %(dispute_id)s
        """,
        dispute_id=dispute.dispute_id,
        state=dispute.state,
        stage=dispute.stage,
        amount_minor=dispute.amount_minor,
        held_minor=dispute.held_minor,
        fee_minor=dispute.fee_minor,
        recharged_minor=dispute.recharged_minor,
        reason=dispute.reason,
        reason_code=dispute.reason_code,
        category=dispute.category,
        respond_by=dispute.respond_by,
        booked=dispute.booked,
        round=dispute.round,
        moves=dispute.moves,
        revision=dispute.revision,
        challenge=dispute.challenge,
        bearer=dispute.bearer,
        bearer_reason=dispute.bearer_reason,
        decision=dispute.decision,
        decided_by=dispute.decided_by,
        decision_reason=dispute.decision_reason,
        strength=dispute.strength,
        closed_at=dispute.closed_at,
    )


async def insert_moves(tx: Transaction, moves: Sequence[DisputeMove]) -> None:
    await tx.execute(
        """
        insert into payments.dispute_moves
          (marketplace_id, dispute_id, ordinal, what, amount_minor, made_at)
        select %(marketplace_id)s, new.*
        from unnest(
          %(dispute_ids)s::uuid[], %(ordinals)s::int[], %(whats)s::text[], %(amounts)s::bigint[],
          %(made_at)s::timestamptz[]
        ) as new
        """,
        dispute_ids=[move.dispute_id for move in moves],
        ordinals=[move.ordinal for move in moves],
        whats=[move.what for move in moves],
        amounts=[move.amount_minor for move in moves],
        made_at=[move.made_at for move in moves],
    )


async def select_moves(tx: Transaction, dispute_id: UUID) -> list[DisputeMove]:
    """The bookings of a dispute, in order."""
    return await tx.all(
        DisputeMove,
        """
        select *
        from payments.dispute_moves
        where marketplace_id = %(marketplace_id)s and dispute_id = %(dispute_id)s
        order by ordinal
        """,
        dispute_id=dispute_id,
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


async def disputes_by_id(tx: Transaction, dispute_ids: Collection[UUID]) -> list[Dispute]:
    return await tx.all(
        Dispute,
        """
        select *
        from payments.disputes
        where marketplace_id = %(marketplace_id)s and dispute_id = any(%(dispute_ids)s)
        """,
        dispute_ids=list(dispute_ids),
    )


async def find_by_reference(tx: Transaction, provider: str, reference: str) -> Dispute | None:
    return await tx.one(
        Dispute,
        """
        select *
        from payments.disputes
        where marketplace_id = %(marketplace_id)s
          and provider = %(provider)s
          and provider_reference = %(reference)s
        """,
        provider=provider,
        reference=reference,
    )


async def find_revision(tx: Transaction, provider: str, reference: str) -> int | None:
    """How often the dispute of this reference has changed."""
    rows = await tx.rows(
        """
        select revision
        from payments.disputes
        where marketplace_id = %(marketplace_id)s
          and provider = %(provider)s
          and provider_reference = %(reference)s
        """,
        provider=provider,
        reference=reference,
    )
    return rows[0][0] if rows else None


async def disputes_of(tx: Transaction, payment_id: UUID) -> list[Dispute]:
    """The disputes of a payment, the oldest first."""
    return await tx.all(
        Dispute,
        """
        select *
        from payments.disputes
        where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
        order by opened_at, dispute_id
        """,
        payment_id=payment_id,
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


async def select_held(tx: Transaction, provider: str, closed_since: datetime) -> list[str]:
    """The references of disputes whose money is held, or was given back since an instant."""
    rows = await tx.rows(
        """
        select provider_reference
        from payments.disputes
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and (booked = 'held' or booked = 'free' and round > 0 and closed_at >= %(closed_since)s)
        """,
        provider=provider,
        closed_since=closed_since,
    )
    return [row[0] for row in rows]


async def sum_lost(tx: Transaction) -> dict[str, int]:
    """What was lost in disputes, by currency, without the fees."""
    rows = await tx.rows(
        """
        select currency, sum(amount_minor)::bigint
        from payments.disputes
        where marketplace_id = %(marketplace_id)s and booked = 'taken'
        group by currency
        """
    )
    return {row[0]: row[1] for row in rows}


async def find_dispute_settings(tx: Transaction) -> DisputeSettings | None:
    return await tx.one(
        DisputeSettings,
        """
        select
          fraud_bearer, other_bearer, fee_bearer, contests_by_itself, accept_below_minor,
          answer_hours_before, destination_days
        from payments.dispute_settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def save_dispute_settings(tx: Transaction, settings: DisputeSettings) -> None:
    await tx.execute(
        """
        insert into payments.dispute_settings
          (marketplace_id, fraud_bearer, other_bearer, fee_bearer, contests_by_itself,
           accept_below_minor, answer_hours_before, destination_days)
        values
          (%(marketplace_id)s, %(fraud_bearer)s, %(other_bearer)s, %(fee_bearer)s,
           %(contests_by_itself)s, %(accept_below_minor)s, %(answer_hours_before)s,
           %(destination_days)s)
        on conflict (marketplace_id) do update set
          fraud_bearer = excluded.fraud_bearer,
          other_bearer = excluded.other_bearer,
          fee_bearer = excluded.fee_bearer,
          contests_by_itself = excluded.contests_by_itself,
          accept_below_minor = excluded.accept_below_minor,
          answer_hours_before = excluded.answer_hours_before,
          destination_days = excluded.destination_days
        """,
        fraud_bearer=settings.fraud_bearer,
        other_bearer=settings.other_bearer,
        fee_bearer=settings.fee_bearer,
        contests_by_itself=settings.contests_by_itself,
        accept_below_minor=settings.accept_below_minor,
        answer_hours_before=settings.answer_hours_before,
        destination_days=settings.destination_days,
    )
