"""Calls of providers: the intent first, then the call, then what came of it.

The intent is committed with what made it necessary, before any call. A call that gives no definite
answer is never taken for a failure: it is looked up by our reference, sent again under the same key
if the provider doesn't have it and stands by its keys, and so on until there is a definite answer,
however long it takes. The answer is kept as the provider gave it; ``outcomes`` then applies it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec

from banyan.kernel import Currency, Money, derived_id
from banyan.payments.model import (
    ATTEMPT,
    METHODS,
    PAYMENT,
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
from banyan.payments.providers import (
    Absent,
    Answer,
    AwaitingPayment,
    Declined,
    Definite,
    Found,
    Instruction,
    Pending,
    Provider,
    RequiresAction,
    Succeeded,
    Traits,
    Unavailable,
    Unknown,
)
from banyan.payments.rules import PENDING_POLL, TRIES_BEFORE_ALARM, retry_after
from banyan.payments.service import news
from banyan.payments.service.routing import observe_calls
from banyan.payments.store import answers as answers_store
from banyan.payments.store import attempts as store
from banyan.payments.store import debts as debts_store
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import JobDraft, Transaction

CALL_TIMEOUT_S = 5

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
}
"""The kind of job that makes the call of each operation."""

Resend: TypeAlias = Callable[[UUID], Awaitable[None]]
"""Notes for good, before the call, that an attempt is about to be sent once more."""


def authorization_id(payment_id: UUID, ordinal: int) -> UUID:
    """The id of a payment's ``ordinal``-th authorization."""
    return _attempt_id(payment_id, "authorize", ordinal)


def intent_for_payment(
    payment: Payment, operation: Operation, route: Route | None = None
) -> Attempt:
    """``route``: why an authorization goes to the payment's provider."""
    intent = _intent(
        operation,
        payment.payment_id,
        payment.payment_id,
        payment.provider,
        payment.amount,
        payment.marketplace_id,
        payment.created_at,
        payment.ordinal,
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
    await tx.enqueue_all(_job(intent, tx.now + after) for intent in intents)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is about to be made.

    ``first_age`` and ``last_age``: how long ago it was first and last sent; None if it never was.
    """

    attempt: Attempt
    instruction: Instruction
    first_age: timedelta | None
    last_age: timedelta | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider answered, and how we got it."""

    answer: Answer
    note: str


async def begin(tx: Transaction, attempt_ids: Sequence[UUID]) -> list[Call | None]:
    """Note that calls are about to be made; None where the answer is known already."""
    found = await store.lock_attempts(tx, attempt_ids)
    open_ones = {a.attempt_id: a for a in found if a.state not in ("answered", "applied")}
    first = await store.mark_sent(tx, open_ones)  # from here on they can't be cancelled
    instructions = await _instructions(tx, open_ones.values())
    sent_before = [attempt_id for attempt_id in open_ones if attempt_id not in first]
    ages = await store.find_ages(tx, sent_before) if sent_before else {}
    none = (None, None)
    return [
        Call(
            open_ones[attempt_id],
            instructions[attempt_id],
            *(none if attempt_id in first else ages.get(attempt_id, none)),
        )
        if attempt_id in open_ones
        else None
        for attempt_id in attempt_ids
    ]


async def ask(provider: Provider, call: Call, resend: Resend) -> Told:
    """Do the operation, or find out what became of it. At most three calls of CALL_TIMEOUT_S."""
    instruction = call.instruction
    if call.last_age is not None:
        found = await look_up(provider, instruction)
        if not isinstance(found, Absent):
            return Told(checked(found, instruction.amount), "Found by a look-up.")
        refusal = _why_not_again(provider.traits, call)
        if refusal is not None:
            return Told(refusal, "")
        await resend(call.attempt.attempt_id)
    answer = await _call(provider, instruction)
    if isinstance(answer, Unknown):
        seen = await look_up(provider, instruction)
        if not isinstance(seen, Absent | Unknown):
            note = f"{answer.detail} Found by a look-up."
            return Told(checked(seen, instruction.amount), note)
    return Told(checked(answer, instruction.amount), "")


def _why_not_again(traits: Traits, call: Call) -> Unavailable | Unknown | None:
    """What to answer in place of sending once more what was not found; None: send it."""
    assert call.first_age is not None, "it was sent before"
    assert call.last_age is not None, "it was sent before"
    is_certain = traits.absence_after is not None and call.last_age >= traits.absence_after
    if is_certain and call.attempt.operation == "authorize":
        return Unavailable("Long after the call the provider has nothing under its key.")
    if is_certain or traits.key_ttl is None or call.first_age < traits.key_ttl:
        return None
    return Unknown("Not found, and not sent again before it is certain that it was not done.")


def checked(answer: Answer, amount: Money) -> Answer:
    """The answer, unless it is about another amount: then the outcome is as good as unknown."""
    if not isinstance(answer, Succeeded):
        return answer
    settled = answer.settled
    if settled and (settled.amount_minor < 0 or settled.currency not in Currency.codes()):
        return Unknown(f"The provider settles {settled.amount_minor} {settled.currency[:3]}.")
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
            case AwaitingPayment() if attempt.operation == "authenticate":
                await _record_pending(tx, attempt, "The buyer has not paid yet.")
            case Unavailable(detail=detail) if attempt.operation != "authorize":
                await _record_unknown(tx, replace(attempt, tries=attempt.tries + 1, note=detail))
            case (
                Succeeded() | Declined() | RequiresAction() | AwaitingPayment() | Unavailable()
            ) as answer:
                definite.append((attempt, answer, heard.note))
            case Pending(detail=detail):
                await _record_pending(tx, attempt, detail)
            case Unknown(detail=detail):
                await _record_unknown(tx, replace(attempt, tries=attempt.tries + 1, note=detail))
    await record_definite(tx, definite)
    await observe_calls(
        tx,
        (
            (call.attempt.provider, not isinstance(heard.answer, Unknown | Unavailable))
            for call, heard in told
        ),
    )


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
            note=f"{note} {_detail(answer)}".strip(),
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


async def _record_pending(tx: Transaction, attempt: Attempt, detail: str) -> None:
    """The provider will tell. A debit that it has taken on is on its way."""
    await store.save_unresolved(
        tx, attempt.attempt_id, tries=attempt.tries, outcome="pending", note=detail
    )
    await tx.enqueue(_job(attempt, tx.now + PENDING_POLL))
    if attempt.operation == "authorize" and attempt.payment_id is not None:
        [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
        if payment.state == "authorizing" and METHODS[payment.method_type].family == "debit":
            payment = replace(payment, state="processing")
            await payments_store.save_payments(tx, [payment])
            await tx.record(news.about_payment("processing", payment, detail))


async def record_return(tx: Transaction, attempt: Attempt, answer: Declined, note: str) -> bool:
    """Note that a payout, debit or refund that had succeeded has come back; whether that is news."""
    returned = _intent(
        "return",
        attempt.subject_id,
        attempt.payment_id,
        attempt.provider,
        attempt.amount,
        attempt.marketplace_id,
        tx.now,
        attempt.ordinal,
    )
    known = await store.find_attempt(tx, returned.attempt_id)
    await store.insert_attempts(tx, [returned])
    await record_definite(tx, [(returned, answer, note)])
    return known is None


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


async def note_sent_again(tx: Transaction, attempt_id: UUID) -> None:
    """Write down that an attempt is about to be sent once more."""
    await store.mark_sent_again(tx, attempt_id)


async def _call(provider: Provider, instruction: Instruction) -> Answer:
    calls = {
        "authorize": provider.authorize,
        "authenticate": provider.authenticate,
        "capture": provider.capture,
        "void": provider.void,
        "refund": provider.refund,
        "payout": provider.payout,
        "debit": provider.debit,
        "contest": provider.contest,
        "accept": provider.accept,
    }
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await calls[instruction.operation](instruction)
    except Exception as error:  # whatever it is, we don't know the outcome
        return Unknown(f"The call failed: {error!r}."[:300])


def _detail(answer: Definite) -> str:
    return answer.detail if isinstance(answer, Declined | Unavailable) else ""


async def _alarm(tx: Transaction, attempt: Attempt) -> None:
    """Tell people that an outcome has been unknown for a while; the looking goes on."""
    reason = (
        f"{attempt.provider} has given no definite answer to {attempt.operation} "
        f"after {attempt.tries} tries. {attempt.note}"
    )
    if attempt.payment_id is None:
        for payout in await payouts_store.lock_payouts(tx, [attempt.subject_id]):
            await tx.record(news.about_payout("unknown", payout, reason))
        for debit in await debts_store.lock_debits(tx, [attempt.subject_id]):
            await tx.record(news.about_debit("unknown", debit, reason))
        return
    [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
    if payment.state == "authorizing":
        payment = replace(payment, state="unknown")
        await payments_store.save_payments(tx, [payment])
    await tx.record(news.about_payment("unknown", payment, reason, operation=attempt.operation))


async def _instructions(tx: Transaction, attempts: Collection[Attempt]) -> dict[UUID, Instruction]:
    """What to tell providers, by attempt."""
    payment_ids = {attempt.payment_id for attempt in attempts if attempt.payment_id}
    subject_ids = {attempt.subject_id for attempt in attempts if attempt.payment_id is None}
    payments = {p.payment_id: p for p in await payments_store.find_payments(tx, payment_ids)}
    destinations = await _destinations(tx, subject_ids) if subject_ids else {}
    return {
        attempt.attempt_id: _instruct(attempt, payment=payments[attempt.payment_id])
        if attempt.payment_id
        else _instruct(attempt, destination=destinations[attempt.subject_id])
        for attempt in attempts
        if attempt.operation not in ("contest", "accept")
    } | {
        **await _instruct_answers(
            tx, [a for a in attempts if a.operation in ("contest", "accept")]
        ),
        **await _instruct_payouts_to_buyers(
            tx, [a for a in attempts if a.operation == "payout" and a.payment_id]
        ),
    }


async def _instruct_answers(
    tx: Transaction, attempts: Sequence[Attempt]
) -> dict[UUID, Instruction]:
    """What to tell about disputes: by the provider's name of it, with our evidence."""
    if not attempts:
        return {}
    found = await answers_store.answers_by_id(tx, [attempt.subject_id for attempt in attempts])
    answers = {answer.answer_id: answer for answer in found}
    about = await disputes_store.disputes_by_id(tx, [answer.dispute_id for answer in found])
    disputes = {dispute.dispute_id: dispute for dispute in about}
    return {
        attempt.attempt_id: replace(
            _instruct(attempt),
            payment=PAYMENT.text(disputes[answer.dispute_id].payment_id),
            subject=disputes[answer.dispute_id].subject,
            reference=disputes[answer.dispute_id].provider_reference,
            evidence={str(kind): text for kind, text in answer.evidence.items()},
        )
        for attempt in attempts
        for answer in [answers[attempt.subject_id]]
    }


async def _instruct_payouts_to_buyers(
    tx: Transaction, attempts: Sequence[Attempt]
) -> dict[UUID, Instruction]:
    """What to tell about refunds that go to an account which the buyer has named."""
    if not attempts:
        return {}
    refunds = await refunds_store.refunds_by_id(tx, [attempt.subject_id for attempt in attempts])
    by_id = {refund.refund_id: refund for refund in refunds}
    return {
        attempt.attempt_id: replace(
            _instruct(attempt, destination=by_id[attempt.subject_id].destination or ""),
            payment=PAYMENT.text(by_id[attempt.subject_id].payment_id),
            subject=by_id[attempt.subject_id].subject,
        )
        for attempt in attempts
    }


async def _destinations(tx: Transaction, subject_ids: Collection[UUID]) -> dict[UUID, str]:
    """The bank accounts that payouts go to, and debits come from."""
    payouts = await payouts_store.find_payouts(tx, subject_ids)
    debits = await debts_store.find_debits(tx, subject_ids)
    return {
        **{payout.payout_id: payout.destination for payout in payouts},
        **{debit.debit_id: debit.destination for debit in debits},
    }


def _instruct(
    attempt: Attempt, *, payment: Payment | None = None, destination: str = ""
) -> Instruction:
    base = Instruction(
        marketplace_id=attempt.marketplace_id,
        key=ATTEMPT.text(attempt.attempt_id),
        operation=attempt.operation,
        payment="",
        amount=attempt.amount,
        destination=destination,
    )
    if payment is None:
        return base
    method = payment.method
    is_current = attempt.provider == payment.provider
    return replace(
        base,
        payment=PAYMENT.text(payment.payment_id),
        subject=payment.subject,
        reference=payment.provider_reference or "" if is_current else "",
        method=replace(method, token=method.token_for(attempt.provider), tokens={}),
        country=payment.country or "",
        authentication=payment.authentication,
    )


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


def _attempt_id(subject_id: UUID, operation: Operation, ordinal: int) -> UUID:
    """The first one's id has no number, as the ids of attempts had before there were several."""
    labels = () if ordinal == 1 else (ordinal,)
    return derived_id(subject_id, "attempt", operation, *labels)


def _job(attempt: Attempt, due_at: datetime) -> JobDraft:
    return JobDraft(JOB_OF[attempt.operation], str(attempt.attempt_id), due_at=due_at)
