"""Calls of providers: the intent first, then the call, then what came of it.

The intent is committed with what made it necessary, before any call. A call that gives no definite
answer is never taken for a failure: it is looked up by our reference, sent again under the same key
if the provider doesn't have it, and so on until there is a definite answer, however long it takes.
The answer is kept as the provider gave it; ``outcomes`` then applies it.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from banyan.kernel import Money, derived_id
from banyan.payments.model import ATTEMPT, PAYMENT, Attempt, Operation, Payment, Payout, Refund
from banyan.payments.providers import (
    Absent,
    Answer,
    AwaitingPayment,
    Declined,
    Found,
    Instruction,
    Pending,
    Provider,
    RequiresAction,
    Succeeded,
    Unavailable,
    Unknown,
)
from banyan.payments.rules import PENDING_POLL, TRIES_BEFORE_ALARM, retry_after
from banyan.payments.service import news
from banyan.payments.store import attempts as store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.runtime import JobDraft, Transaction

CALL_TIMEOUT_S = 5

Definite: TypeAlias = Succeeded | Declined | RequiresAction

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
class Call:
    """A call that is about to be made."""

    attempt: Attempt
    instruction: Instruction
    is_first: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider answered, and how we got it."""

    answer: Answer
    note: str


async def begin(tx: Transaction, attempt_ids: Sequence[UUID]) -> list[Call | None]:
    """Note that calls are about to be made; None where the answer is known already."""
    found = await store.find_attempts(tx, attempt_ids)
    open_ones = {a.attempt_id: a for a in found if a.state not in ("answered", "applied")}
    instructions = await _instructions(tx, open_ones.values())
    first = await store.mark_sent(tx, open_ones)
    return [
        Call(open_ones[attempt_id], instructions[attempt_id], attempt_id in first)
        if attempt_id in open_ones
        else None
        for attempt_id in attempt_ids
    ]


async def ask(provider: Provider, call: Call) -> Told:
    """Do the operation, or find out what became of it. At most three calls of CALL_TIMEOUT_S."""
    instruction = call.instruction
    found = Absent() if call.is_first else await look_up(provider, instruction)
    if not isinstance(found, Absent):
        return Told(checked(found, instruction.amount), "Found by a look-up.")
    answer = await _call(provider, instruction)
    if isinstance(answer, Unknown):
        seen = await look_up(provider, instruction)
        if not isinstance(seen, Absent | Unknown):
            note = f"{answer.detail} Found by a look-up."
            return Told(checked(seen, instruction.amount), note)
    return Told(checked(answer, instruction.amount), "")


def checked(answer: Answer, amount: Money) -> Answer:
    """The answer, unless it is about another amount: then the outcome is as good as unknown."""
    if not isinstance(answer, Succeeded):
        return answer
    if (answer.amount_minor, answer.currency) == (amount.minor, amount.currency.code):
        return answer
    return Unknown(
        f"The provider answered for {answer.amount_minor} {answer.currency}, not for {amount}."
    )


async def look_up(provider: Provider, instruction: Instruction) -> Found:
    """What the provider knows of an operation; whatever goes wrong is ``Unknown``."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await provider.find(instruction)
    except Exception as error:  # whatever it is, we don't know the outcome
        return Unknown(f"The look-up failed: {error!r}."[:300])


async def record(tx: Transaction, told: Sequence[tuple[Call, Told]]) -> None:
    """Keep what providers answered; ask again later where it isn't definite."""
    definite: list[tuple[Attempt, Definite, str]] = []
    for call, heard in told:
        attempt = call.attempt
        match heard.answer:
            case Succeeded() | Declined() | RequiresAction() as answer:
                definite.append((attempt, answer, heard.note))
            case Pending(detail=detail):
                await store.save_unresolved(
                    tx, attempt.attempt_id, tries=attempt.tries, outcome="pending", note=detail
                )
                await tx.enqueue(_job(attempt, tx.now + PENDING_POLL))
            case (
                Unknown(detail=detail)
                | Unavailable(detail=detail)
                | AwaitingPayment(reference=detail)
            ):
                await _record_unknown(tx, replace(attempt, tries=attempt.tries + 1, note=detail))
    await record_definite(tx, definite)


async def record_definite(
    tx: Transaction, answers: Sequence[tuple[Attempt, Definite, str]]
) -> None:
    """Keep definite answers, where there is none yet, and have them applied."""
    if not answers:
        return
    answered = [
        replace(
            attempt,
            outcome=str(answer.__struct_config__.tag),
            code=answer.code if isinstance(answer, Declined) else None,
            note=f"{note} {answer.detail if isinstance(answer, Declined) else ''}".strip(),
            answer=msgspec.to_builtins(answer),
        )
        for attempt, answer, note in answers
    ]
    new = await store.save_answers(tx, answered)
    await tx.enqueue_all(
        JobDraft("payment.apply", str(attempt.attempt_id))
        for attempt in answered
        if attempt.attempt_id in new
    )


async def _record_unknown(tx: Transaction, attempt: Attempt) -> None:
    await store.save_unresolved(
        tx, attempt.attempt_id, tries=attempt.tries, outcome="unknown", note=attempt.note
    )
    if attempt.tries == TRIES_BEFORE_ALARM:
        await _alarm(tx, attempt)
    await tx.enqueue(_job(attempt, tx.now + retry_after(attempt.tries)))


async def instruction_of(tx: Transaction, attempt: Attempt) -> Instruction:
    """What the provider was told, or is to be told."""
    return (await _instructions(tx, [attempt]))[attempt.attempt_id]


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


async def _instructions(tx: Transaction, attempts: Collection[Attempt]) -> dict[UUID, Instruction]:
    """What to tell providers, by attempt."""
    payment_ids = {attempt.payment_id for attempt in attempts if attempt.payment_id}
    payout_ids = {attempt.subject_id for attempt in attempts if attempt.payment_id is None}
    payments = {p.payment_id: p for p in await payments_store.find_payments(tx, payment_ids)}
    payouts = {p.payout_id: p for p in await payouts_store.find_payouts(tx, payout_ids)}
    return {
        attempt.attempt_id: _instruct(attempt, payment=payments[attempt.payment_id])
        if attempt.payment_id
        else _instruct(attempt, destination=payouts[attempt.subject_id].destination)
        for attempt in attempts
    }


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
