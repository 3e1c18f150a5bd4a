"""SQL of attempts: what was asked of providers."""

from collections.abc import Collection, Mapping, Sequence
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
           currency, state, created_at)
        select
          %(marketplace_id)s, new.attempt_id, new.subject_id, new.payment_id, new.operation,
          new.provider, new.amount_minor, new.currency, 'intended', %(now)s
        from unnest(
          %(attempt_ids)s::uuid[], %(subject_ids)s::uuid[], %(payment_ids)s::uuid[],
          %(operations)s::text[], %(providers)s::text[], %(amounts)s::bigint[],
          %(currencies)s::text[]
        ) as new (attempt_id, subject_id, payment_id, operation, provider, amount_minor, currency)
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
    )


async def mark_sent(tx: Transaction, attempt_id: UUID) -> bool:
    """Note that a call is about to be made; whether it is the first one."""
    first = await tx.value(
        """
        update payments.attempts
        set state = 'sent', sent_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and attempt_id = %(attempt_id)s
          and state = 'intended'
        returning true
        """,
        attempt_id=attempt_id,
        now=tx.now,
    )
    return bool(first)


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


async def save_answer(
    tx: Transaction,
    attempt_id: UUID,
    *,
    outcome: str,
    code: str | None,
    note: str,
    answer: Mapping[str, object],
) -> bool:
    """Keep a definite answer; False if there was one before, which stays."""
    touched = await tx.execute(
        """
        update payments.attempts
        set
          state = 'answered',
          outcome = %(outcome)s,
          code = %(code)s,
          note = %(note)s,
          answer = %(answer)s,
          answered_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and attempt_id = %(attempt_id)s
          and answer is null
        """,
        attempt_id=attempt_id,
        outcome=outcome,
        code=code,
        note=note,
        answer=Jsonb(answer),
        now=tx.now,
    )
    return touched == 1


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


async def select_attempts(tx: Transaction, payment_id: UUID) -> list[Attempt]:
    """The attempts of a payment, its refunds included, the oldest first."""
    return await tx.all(
        Attempt,
        """
        select *
        from payments.attempts
        where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
        order by created_at, attempt_id
        """,
        payment_id=payment_id,
    )
