"""Calls of providers: the intent first, then the call, then what came of it.

The intent is committed with what made it necessary, before any call. A call that gives no definite
answer is never taken for a failure: it is looked up by our reference, sent again under the same key
if the provider doesn't have it, and so on until there is a definite answer, however long it takes.
The answer is kept as the provider gave it; ``outcomes`` then applies it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from banyan.kernel import Money, derived_id
from banyan.payments.model import ATTEMPT, PAYMENT, Attempt, Operation, Payment, Payout, Refund
from banyan.payments.providers import (
    Absent,
    Answer,
    Declined,
    Found,
    Instruction,
    Pending,
    Provider,
    RequiresAction,
    Succeeded,
    Unknown,
)
from banyan.payments.rules import PENDING_POLL, TRIES_BEFORE_ALARM, retry_after
from banyan.payments.service import news
from banyan.payments.store import attempts as store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.runtime import JobDraft, Transaction

CALL_TIMEOUT_S = 5

JOB_OF: dict[Operation, str] = {
    "authorize": "payment.authorize",
    "authenticate": "payment.authenticate",
    "capture": "payment.capture",
    "void": "payment.void",
    "refund": "refund.send",
    "payout": "payout.send",
}
"""The kind of job that makes the call of each operation."""


def intent_for_payment(payment: Payment, operation: Operation) -> Attempt:
    return _intent(
        operation,
        payment.payment_id,
        payment.payment_id,
        payment.provider,
        payment.amount_minor,
        payment.currency,
        payment.marketplace_id,
        payment.created_at,
    )


def intent_for_refund(refund: Refund) -> Attempt:
    return _intent(
        "refund",
        refund.refund_id,
        refund.payment_id,
        refund.provider,
        refund.amount_minor,
        refund.currency,
        refund.marketplace_id,
        refund.created_at,
    )


def intent_for_payout(payout: Payout, operation: Operation = "payout") -> Attempt:
    return _intent(
        operation,
        payout.payout_id,
        None,
        payout.provider,
        payout.amount_minor,
        payout.currency,
        payout.marketplace_id,
        payout.created_at,
    )


async def intend(tx: Transaction, intents: Sequence[Attempt]) -> None:
    """Write what is to be asked, and enqueue the jobs that ask."""
    if not intents:
        return
    await store.insert_attempts(tx, intents)
    await tx.enqueue_all(_job(intent, tx.now) for intent in intents)


@dataclass(frozen=True, slots=True)
class Started:
    """A call that is about to be made."""

    provider: str
    instruction: Instruction
    is_first: bool


async def start(tx: Transaction, attempt_id: UUID) -> Started | None:
    """Note that a call is about to be made; None if the answer is known already."""
    attempt = await store.find_attempt(tx, attempt_id)
    if attempt is None or attempt.state in ("answered", "applied"):
        return None
    is_first = await store.mark_sent(tx, attempt_id)
    return Started(attempt.provider, await _instruction(tx, attempt), is_first)


async def ask(
    provider: Provider, instruction: Instruction, *, is_first: bool
) -> tuple[Answer, str]:
    """Do the operation, or find out what became of it; the answer, and how it was got.

    At most three calls of ``CALL_TIMEOUT_S`` each.
    """
    mid, key = instruction.marketplace_id, instruction.key
    found = Absent() if is_first else await look_up(provider, mid, key)
    if not isinstance(found, Absent):
        return checked(found, instruction.amount), "Found by a look-up."
    answer = await _call(provider, instruction)
    if isinstance(answer, Unknown):
        seen = await look_up(provider, mid, key)
        if not isinstance(seen, Absent | Unknown):
            return checked(seen, instruction.amount), f"{answer.detail} Found by a look-up."
    return checked(answer, instruction.amount), ""


def checked(answer: Answer, amount: Money) -> Answer:
    """The answer, unless it is about another amount: then the outcome is as good as unknown."""
    if not isinstance(answer, Succeeded):
        return answer
    if (answer.amount_minor, answer.currency) == (amount.minor, amount.currency.code):
        return answer
    return Unknown(
        f"The provider answered for {answer.amount_minor} {answer.currency}, not for {amount}."
    )


async def look_up(provider: Provider, marketplace_id: UUID, key: str) -> Found:
    """What the provider knows under a key; whatever goes wrong is ``Unknown``."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await provider.find(marketplace_id, key)
    except Exception as error:  # whatever it is, we don't know the outcome
        return Unknown(f"The look-up failed: {error!r}."[:300])


async def record(tx: Transaction, attempt_id: UUID, answer: Answer, note: str) -> None:
    """Keep an answer; ask again later if it isn't definite."""
    attempt = await store.find_attempt(tx, attempt_id)
    assert attempt is not None, "attempts are never deleted"
    match answer:
        case Succeeded() | Declined() | RequiresAction():
            await record_definite(tx, attempt, answer, note)
        case Pending(detail=detail):
            await store.save_unresolved(
                tx, attempt_id, tries=attempt.tries, outcome="pending", note=detail
            )
            await tx.enqueue(_job(attempt, tx.now + PENDING_POLL))
        case Unknown(detail=detail):
            unresolved = replace(attempt, tries=attempt.tries + 1, note=detail)
            await store.save_unresolved(
                tx, attempt_id, tries=unresolved.tries, outcome="unknown", note=detail
            )
            if unresolved.tries == TRIES_BEFORE_ALARM:
                await _alarm(tx, unresolved)
            await tx.enqueue(_job(attempt, tx.now + retry_after(unresolved.tries)))


async def record_definite(
    tx: Transaction, attempt: Attempt, answer: Succeeded | Declined | RequiresAction, note: str
) -> None:
    """Keep a definite answer, unless there is one, and have it applied."""
    is_new = await store.save_answer(
        tx,
        attempt.attempt_id,
        outcome=str(answer.__struct_config__.tag),
        code=answer.code if isinstance(answer, Declined) else None,
        note=f"{note} {answer.detail if isinstance(answer, Declined) else ''}".strip(),
        answer=msgspec.to_builtins(answer),
    )
    if is_new:
        await tx.enqueue(JobDraft("payment.apply", str(attempt.attempt_id)))


async def attempts_of(tx: Transaction, payment_id: UUID) -> list[Attempt]:
    """Every call about a payment and its refunds, the oldest first."""
    return await store.select_attempts(tx, payment_id)


async def _call(provider: Provider, instruction: Instruction) -> Answer:
    calls = {
        "authorize": provider.authorize,
        "authenticate": provider.authenticate,
        "capture": provider.capture,
        "void": provider.void,
        "refund": provider.refund,
        "payout": provider.payout,
    }
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await calls[instruction.operation](instruction)
    except Exception as error:  # whatever it is, we don't know the outcome
        return Unknown(f"The call failed: {error!r}."[:300])


async def _alarm(tx: Transaction, attempt: Attempt) -> None:
    """Tell people that an outcome has been unknown for a while; the looking goes on."""
    reason = (
        f"{attempt.provider} has given no definite answer to {attempt.operation} "
        f"after {attempt.tries} tries. {attempt.note}"
    )
    if attempt.payment_id is None:
        [payout] = await payouts_store.lock_payouts(tx, [attempt.subject_id])
        await tx.record(news.about_payout("unknown", payout, reason))
        return
    [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
    if payment.state == "authorizing":
        payment = replace(payment, state="unknown")
        await payments_store.save_payments(tx, [payment])
    await tx.record(news.about_payment("unknown", payment, reason, operation=attempt.operation))


async def _instruction(tx: Transaction, attempt: Attempt) -> Instruction:
    if attempt.payment_id is None:
        payout = await payouts_store.find_payout(tx, attempt.subject_id)
        assert payout is not None, "an attempt's payout is never deleted"
        return _instruct(attempt, destination=payout.destination)
    payment = await payments_store.find_payment(tx, attempt.payment_id)
    assert payment is not None, "an attempt's payment is never deleted"
    return _instruct(attempt, payment=payment)


def _instruct(
    attempt: Attempt, *, payment: Payment | None = None, destination: str = ""
) -> Instruction:
    return Instruction(
        marketplace_id=attempt.marketplace_id,
        key=ATTEMPT.text(attempt.attempt_id),
        operation=attempt.operation,
        payment="" if payment is None else PAYMENT.text(payment.payment_id),
        amount=attempt.amount,
        reference="" if payment is None else payment.provider_reference or "",
        method=None if payment is None else payment.method,
        destination=destination,
    )


def _intent(
    operation: Operation,
    subject_id: UUID,
    payment_id: UUID | None,
    provider: str,
    amount_minor: int,
    currency: str,
    marketplace_id: UUID,
    created_at: datetime,
) -> Attempt:
    return Attempt(
        marketplace_id=marketplace_id,
        attempt_id=derived_id(subject_id, "attempt", operation),
        subject_id=subject_id,
        payment_id=payment_id,
        operation=operation,
        provider=provider,
        amount_minor=amount_minor,
        currency=currency,
        state="intended",
        tries=0,
        outcome=None,
        code=None,
        note="",
        answer=None,
        created_at=created_at,
        sent_at=None,
        answered_at=None,
    )


def _job(attempt: Attempt, due_at: datetime) -> JobDraft:
    return JobDraft(JOB_OF[attempt.operation], str(attempt.attempt_id), due_at=due_at)
