"""What is to be asked of providers, written down first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from banyan.kernel import Money, derived_id
from banyan.payments.model import (
    Attempt,
    Debit,
    Dispute,
    DisputeAnswer,
    Operation,
    Payment,
    Payout,
    Refund,
    Route,
)
from banyan.payments.store import attempts as store
from banyan.runtime import JobDraft, Transaction

JOB_OF: dict[Operation, str] = {
    "authorize": "payment.authorize",
    "authenticate": "payment.authenticate",
    "capture": "payment.capture",
    "void": "payment.void",
    "refund": "refund.send",
    "payout": "payout.send",
    "debit": "debit.send",
    "contest": "dispute.contest",
    "accept": "dispute.accept",
    "give_back": "payment.give_back",
}
"""The kind of job that makes the call of each operation."""


def authorization_id(payment_id: UUID, ordinal: int) -> UUID:
    """The id of a payment's ``ordinal``-th authorization."""
    return _attempt_id(payment_id, "authorize", ordinal)


def intent_for_payment(
    payment: Payment, operation: Operation, route: Route | None = None
) -> Attempt:
    """``route``: why an authorization goes to the payment's provider.

    A void after one that was refused is another call, which the provider does anew.
    """
    ordinal = payment.ordinal + (payment.voids_refused if operation == "void" else 0)
    intent = _intent(
        operation,
        payment.payment_id,
        payment.payment_id,
        payment.provider,
        payment.amount,
        payment.marketplace_id,
        payment.created_at,
        ordinal,
    )
    return replace(intent, routing=msgspec.to_builtins(route)) if route else intent


def authentication_id(authorization: Attempt) -> UUID:
    """The attempt that goes on with an authorization once the buyer has acted."""
    return _attempt_id(authorization.subject_id, "authenticate", authorization.ordinal)


def late_intent(authorization: Attempt) -> Attempt:
    """What holds an answer that came when an authorization was over; nothing is asked for it."""
    return _intent(
        "late",
        authorization.subject_id,
        authorization.payment_id,
        authorization.provider,
        authorization.amount,
        authorization.marketplace_id,
        authorization.created_at,
        authorization.ordinal,
    )


def give_back_intent(taken: Attempt, ordinal: int, at: datetime) -> Attempt:
    """The ``ordinal``-th call that gives back what an attempt took, which is in no book of ours."""
    return _intent(
        "give_back",
        taken.attempt_id,
        taken.payment_id,
        taken.provider,
        taken.amount,
        taken.marketplace_id,
        at,
        ordinal,
    )


def return_intent(sent: Attempt, at: datetime) -> Attempt:
    """What holds the news that money which had arrived came back; nothing is asked for it."""
    return _intent(
        "return",
        sent.subject_id,
        sent.payment_id,
        sent.provider,
        sent.amount,
        sent.marketplace_id,
        at,
        sent.ordinal,
    )


def intent_for_refund(refund: Refund, operation: Operation | None = None) -> Attempt:
    """The present sending: the way that the money came, or a payout to the buyer's account."""
    return _intent(
        operation or ("refund" if refund.destination is None else "payout"),
        refund.refund_id,
        refund.payment_id,
        refund.provider,
        refund.amount,
        refund.marketplace_id,
        refund.created_at,
        refund.sending,
    )


def intent_for_answer(dispute: Dispute, answer: DisputeAnswer) -> Attempt:
    return _intent(
        answer.kind,
        answer.answer_id,
        dispute.payment_id,
        dispute.provider,
        dispute.amount,
        dispute.marketplace_id,
        answer.created_at,
    )


def intent_for_payout(payout: Payout) -> Attempt:
    return _intent(
        "payout",
        payout.payout_id,
        None,
        payout.provider,
        payout.amount,
        payout.marketplace_id,
        payout.created_at,
    )


def intent_for_debit(debit: Debit) -> Attempt:
    return _intent(
        "debit",
        debit.debit_id,
        None,
        debit.provider,
        debit.amount,
        debit.marketplace_id,
        debit.created_at,
    )


async def intend(
    tx: Transaction, intents: Sequence[Attempt], *, after: timedelta = timedelta(0)
) -> None:
    """Write what is to be asked, and enqueue the jobs that ask, now or ``after`` a while."""
    if not intents:
        return
    await store.insert_attempts(tx, intents)
    await tx.enqueue_all(job_of(intent, tx.now + after) for intent in intents)


def _intent(
    operation: Operation,
    subject_id: UUID,
    payment_id: UUID | None,
    provider: str,
    amount: Money,
    marketplace_id: UUID,
    created_at: datetime,
    ordinal: int = 1,
) -> Attempt:
    return Attempt(
        marketplace_id=marketplace_id,
        attempt_id=_attempt_id(subject_id, operation, ordinal),
        subject_id=subject_id,
        payment_id=payment_id,
        operation=operation,
        provider=provider,
        amount_minor=amount.minor,
        currency=amount.currency.code,
        state="intended",
        tries=0,
        outcome=None,
        code=None,
        note="",
        answer=None,
        created_at=created_at,
        sent_at=None,
        answered_at=None,
        ordinal=ordinal,
    )


def payout_attempt_id(payout_id: UUID) -> UUID:
    """The call that pays a payout out; there is one."""
    return _attempt_id(payout_id, "payout", 1)


def _attempt_id(subject_id: UUID, operation: Operation, ordinal: int) -> UUID:
    """The first one's id has no number, as the ids of attempts had before there were several."""
    labels = () if ordinal == 1 else (ordinal,)
    return derived_id(subject_id, "attempt", operation, *labels)


def job_of(attempt: Attempt, due_at: datetime) -> JobDraft:
    return JobDraft(JOB_OF[attempt.operation], str(attempt.attempt_id), due_at=due_at)
