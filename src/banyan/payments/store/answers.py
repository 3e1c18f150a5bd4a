"""SQL of what we answered in disputes."""

from collections.abc import Collection
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.payments.model import AnswerState, DisputeAnswer
from banyan.runtime import Transaction


async def insert_answer(tx: Transaction, answer: DisputeAnswer) -> bool:
    """Write an answer; False if there is one to this challenge already, which stays."""
    touched = await tx.execute(
        """
        insert into payments.dispute_answers
          (marketplace_id, answer_id, dispute_id, challenge, kind, stage, state, strength, missing,
           evidence, page, made_by, created_at)
        values
          (%(marketplace_id)s, %(answer_id)s, %(dispute_id)s, %(challenge)s, %(kind)s, %(stage)s,
           %(state)s, %(strength)s, %(missing)s, %(evidence)s, %(page)s, %(made_by)s,
           %(created_at)s)
        on conflict (marketplace_id, answer_id) do nothing
        """,
        answer_id=answer.answer_id,
        dispute_id=answer.dispute_id,
        challenge=answer.challenge,
        kind=answer.kind,
        stage=answer.stage,
        state=answer.state,
        strength=answer.strength,
        missing=answer.missing,
        evidence=Jsonb(answer.evidence),
        page=answer.page,
        made_by=answer.made_by,
        created_at=answer.created_at,
    )
    return touched == 1


async def finish_answer(tx: Transaction, answer_id: UUID, state: AnswerState) -> None:
    await tx.execute(
        """
        update payments.dispute_answers
        set state = %(state)s
        where marketplace_id = %(marketplace_id)s and answer_id = %(answer_id)s
        """,
        answer_id=answer_id,
        state=state,
    )


async def answers_by_id(tx: Transaction, answer_ids: Collection[UUID]) -> list[DisputeAnswer]:
    return await tx.all(
        DisputeAnswer,
        """
        select *
        from payments.dispute_answers
        where marketplace_id = %(marketplace_id)s and answer_id = any(%(answer_ids)s)
        """,
        answer_ids=list(answer_ids),
    )


async def answers_of(tx: Transaction, dispute_id: UUID) -> list[DisputeAnswer]:
    """What was answered in a dispute, the oldest first."""
    return await tx.all(
        DisputeAnswer,
        """
        select *
        from payments.dispute_answers
        where marketplace_id = %(marketplace_id)s and dispute_id = %(dispute_id)s
        order by challenge, created_at, answer_id
        """,
        dispute_id=dispute_id,
    )
