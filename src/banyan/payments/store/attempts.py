"""SQL of attempts: what was asked of providers."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.payments.model import Attempt
from banyan.runtime import Transaction


async def insert_attempts(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """Write intents. An attempt that is there already stays as it is."""
    await tx.execute(
        """
        insert into payments.attempts
          (marketplace_id, attempt_id, subject_id, payment_id, operation, provider, amount_minor,
           currency, state, ordinal, routing, created_at)
        select
          %(marketplace_id)s, new.attempt_id, new.subject_id, new.payment_id, new.operation,
          new.provider, new.amount_minor, new.currency, 'intended', new.ordinal, new.routing,
          %(now)s
        from unnest(
          %(attempt_ids)s::uuid[], %(subject_ids)s::uuid[], %(payment_ids)s::uuid[],
          %(operations)s::text[], %(providers)s::text[], %(amounts)s::bigint[],
          %(currencies)s::text[], %(ordinals)s::int[], %(routings)s::jsonb[]
        ) as new (attempt_id, subject_id, payment_id, operation, provider, amount_minor, currency,
                  ordinal, routing)
        order by new.attempt_id
        on conflict (marketplace_id, attempt_id) do nothing
        """,
        now=tx.now,
        attempt_ids=[attempt.attempt_id for attempt in attempts],
        subject_ids=[attempt.subject_id for attempt in attempts],
        payment_ids=[attempt.payment_id for attempt in attempts],
        operations=[attempt.operation for attempt in attempts],
        providers=[attempt.provider for attempt in attempts],
        amounts=[attempt.amount_minor for attempt in attempts],
        currencies=[attempt.currency for attempt in attempts],
        ordinals=[attempt.ordinal for attempt in attempts],
        routings=[
            None if attempt.routing is None else Jsonb(attempt.routing) for attempt in attempts
        ],
    )


async def mark_sent(tx: Transaction, attempt_ids: Collection[UUID]) -> set[UUID]:
    """Note that calls are about to be made; those for which it is the first."""
    rows = await tx.rows(
        """
        update payments.attempts
        set state = 'sent', sent_at = %(now)s, first_sent_at = now(), last_sent_at = now()
        where marketplace_id = %(marketplace_id)s
          and attempt_id = any(%(attempt_ids)s)
          and state = 'intended'
        returning attempt_id
        """,
        attempt_ids=list(attempt_ids),
        now=tx.now,
    )
    return {row[0] for row in rows}


async def mark_sent_again(tx: Transaction, attempt_id: UUID) -> None:
    """Note that the call is about to be made once more."""
    await tx.execute(
        """
        update payments.attempts
        set last_sent_at = now()
        where marketplace_id = %(marketplace_id)s and attempt_id = %(attempt_id)s
        """,
        attempt_id=attempt_id,
    )


async def find_ages(
    tx: Transaction, attempt_ids: Collection[UUID]
) -> dict[UUID, tuple[timedelta, timedelta]]:
    """How long ago, in real time, each attempt was first and last sent."""
    rows = await tx.rows(
        """
        select attempt_id, now() - first_sent_at, now() - last_sent_at
        from payments.attempts
        where marketplace_id = %(marketplace_id)s
          and attempt_id = any(%(attempt_ids)s)
          and last_sent_at is not null
        """,
        attempt_ids=list(attempt_ids),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def tried_providers(tx: Transaction, payment_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The providers that each payment has been asked of, the first one first."""
    rows = await tx.rows(
        """
        select subject_id, array_agg(provider order by ordinal)
        from payments.attempts
        where marketplace_id = %(marketplace_id)s
          and subject_id = any(%(payment_ids)s)
          and operation = 'authorize'
        group by subject_id
        """,
        payment_ids=list(payment_ids),
    )
    return {row[0]: row[1] for row in rows}


async def save_unresolved(
    tx: Transaction, attempt_id: UUID, *, tries: int, outcome: str, note: str
) -> None:
    """Note an answer that isn't definite."""
    await tx.execute(
        """
        update payments.attempts
        set
          state = case when %(outcome)s = 'unknown' then 'unknown' else state end,
          tries = %(tries)s,
          outcome = %(outcome)s,
          note = %(note)s
        where marketplace_id = %(marketplace_id)s
          and attempt_id = %(attempt_id)s
          and state in ('sent', 'unknown')
        """,
        attempt_id=attempt_id,
        tries=tries,
        outcome=outcome,
        note=note,
    )


async def save_answers(tx: Transaction, attempts: Sequence[Attempt]) -> set[UUID]:
    """Keep definite answers, unless there was one before, which stays; those that are new."""
    rows = await tx.rows(
        """
        update payments.attempts a
        set
          state = 'answered',
          outcome = new.outcome,
          code = new.code,
          note = new.note,
          answer = new.answer,
          answered_at = %(now)s
        from unnest(
          %(attempt_ids)s::uuid[], %(outcomes)s::text[], %(codes)s::text[], %(notes)s::text[],
          %(answers)s::jsonb[]
        ) as new (attempt_id, outcome, code, note, answer)
        where a.marketplace_id = %(marketplace_id)s
          and a.attempt_id = new.attempt_id
          and a.answer is null
        returning a.attempt_id
        """,
        attempt_ids=[attempt.attempt_id for attempt in attempts],
        outcomes=[attempt.outcome for attempt in attempts],
        codes=[attempt.code for attempt in attempts],
        notes=[attempt.note for attempt in attempts],
        answers=[Jsonb(attempt.answer) for attempt in attempts],
        now=tx.now,
    )
    return {row[0] for row in rows}


async def lock_answered(tx: Transaction, attempt_ids: Collection[UUID]) -> list[Attempt]:
    """The attempts whose answers have not been applied yet, locked."""
    return await tx.all(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s
          and attempt_id = any(%(attempt_ids)s)
          and state = 'answered'
        order by attempt_id
        for no key update
        """,
        attempt_ids=list(attempt_ids),
    )


async def mark_applied(tx: Transaction, attempt_ids: Collection[UUID]) -> None:
    await tx.execute(
        """
        update payments.attempts
        set state = 'applied'
        where marketplace_id = %(marketplace_id)s and attempt_id = any(%(attempt_ids)s)
        """,
        attempt_ids=list(attempt_ids),
    )


async def lock_attempts(tx: Transaction, attempt_ids: Collection[UUID]) -> list[Attempt]:
    """The attempts, locked: one that is withdrawn meanwhile is seen as withdrawn."""
    return await tx.all(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s and attempt_id = any(%(attempt_ids)s)
        order by attempt_id
        for no key update
        """,
        attempt_ids=list(attempt_ids),
    )


async def withdraw_attempt(tx: Transaction, attempt_id: UUID, reason: str) -> bool:
    """Take an attempt back before it is sent; False if it has been, or is being sent now."""
    changed = await tx.execute(
        """
        update payments.attempts
        set
          state = 'applied',
          outcome = 'declined',
          code = 'cancelled',
          note = %(reason)s::text,
          answer = jsonb_build_object(
            'outcome', 'declined', 'code', 'cancelled', 'is_hard', true, 'detail', %(reason)s::text),
          answered_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and attempt_id = %(attempt_id)s
          and state = 'intended'
        """,
        attempt_id=attempt_id,
        reason=reason,
        now=tx.now,
    )
    return changed == 1


async def find_attempt(tx: Transaction, attempt_id: UUID) -> Attempt | None:
    return await tx.one(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s and attempt_id = %(attempt_id)s
        """,
        attempt_id=attempt_id,
    )


async def find_attempts(tx: Transaction, attempt_ids: Collection[UUID]) -> list[Attempt]:
    return await tx.all(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s and attempt_id = any(%(attempt_ids)s)
        """,
        attempt_ids=list(attempt_ids),
    )


async def select_give_backs(tx: Transaction, taken_id: UUID) -> list[Attempt]:
    """The calls that were to give back what an attempt took, the last one first."""
    return await tx.all(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s
          and subject_id = %(taken_id)s
          and operation = 'give_back'
        order by ordinal desc
        """,
        taken_id=taken_id,
    )


async def select_attempts(tx: Transaction, payment_id: UUID) -> list[Attempt]:
    """The attempts of a payment, its refunds included, the oldest first."""
    return await tx.all(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
        order by created_at, first_sent_at, ordinal, attempt_id
        """,
        payment_id=payment_id,
    )
