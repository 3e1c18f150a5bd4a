"""Answers, applied in batches."""

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import msgspec

from banyan.payments.model import Attempt, Operation
from banyan.payments.providers import Definite
from banyan.payments.service.outcomes.authorizations import apply_authorization, apply_late
from banyan.payments.service.outcomes.batch import Batch, load_batch, write_batch
from banyan.payments.service.outcomes.captures import apply_capture, apply_void
from banyan.payments.service.outcomes.debits import apply_debit
from banyan.payments.service.outcomes.disputes import apply_answer
from banyan.payments.service.outcomes.given_back import apply_give_back
from banyan.payments.service.outcomes.payouts import apply_payout, apply_return
from banyan.payments.service.outcomes.refunds import apply_refund
from banyan.payments.store import attempts as store
from banyan.runtime import Transaction

_ORDER: Sequence[Operation] = (
    "authorize", "authenticate", "late", "capture", "void", "refund", "payout", "debit",
    "return", "contest", "accept", "give_back",
)  # fmt: skip


async def apply_answers(tx: Transaction, attempt_ids: Collection[UUID]) -> None:
    """Apply the answers of these attempts that have not been applied yet."""
    attempts = await store.lock_answered(tx, attempt_ids)
    if not attempts:
        return
    batch = await load_batch(tx, attempts)
    for attempt in sorted(attempts, key=lambda attempt: _ORDER.index(attempt.operation)):
        answer = msgspec.convert(attempt.answer, Definite)
        _APPLY[attempt.operation](batch, attempt, answer)
    await write_batch(tx, batch)
    await store.mark_applied(tx, [attempt.attempt_id for attempt in attempts])


_APPLY: dict[Operation, Callable[[Batch, Attempt, Definite], None]] = {
    "authorize": apply_authorization,
    "authenticate": apply_authorization,
    "late": apply_late,
    "capture": apply_capture,
    "void": apply_void,
    "refund": apply_refund,
    "payout": apply_payout,
    "debit": apply_debit,
    "return": apply_return,
    "contest": apply_answer,
    "accept": apply_answer,
    "give_back": apply_give_back,
}
