"""Keeping what providers answered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec

from banyan.operations import CaseDraft, open_cases
from banyan.payments.model import ATTEMPT, DEBIT, METHODS, PAYOUT, Attempt
from banyan.payments.providers import (
    AwaitingPayment,
    Declined,
    Definite,
    Pending,
    RequiresAction,
    Succeeded,
    Unavailable,
    Unknown,
)
from banyan.payments.rules import ACTION_POLL, PENDING_POLL, TRIES_BEFORE_ALARM, retry_after
from banyan.payments.service import news
from banyan.payments.service.attempts.calls import Call, Told
from banyan.payments.service.attempts.intents import job_of, payout_attempt_id, return_intent
from banyan.payments.service.routing import observe_calls
from banyan.payments.store import attempts as store
from banyan.payments.store import debts as debts_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.runtime import JobDraft, Transaction


async def record(tx: Transaction, told: Sequence[tuple[Call, Told]]) -> None:
    """Keep what providers answered; ask again later where it isn't definite."""
    definite: list[tuple[Attempt, Definite, str]] = []
    for call, heard in told:
        attempt = call.attempt
        match heard.answer:
            case RequiresAction() if attempt.operation == "authenticate":
                await _record_pending(tx, attempt, "The buyer is not done yet.", ACTION_POLL)
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


async def _record_pending(
    tx: Transaction, attempt: Attempt, detail: str, again_after: timedelta = PENDING_POLL
) -> None:
    """The provider will tell. A debit that it has taken on is on its way."""
    await store.save_unresolved(
        tx, attempt.attempt_id, tries=attempt.tries, outcome="pending", note=detail
    )
    await tx.enqueue(job_of(attempt, tx.now + again_after))
    if attempt.operation == "authorize" and attempt.payment_id is not None:
        [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
        if payment.state == "authorizing" and METHODS[payment.method_type].family == "debit":
            payment = replace(payment, state="processing")
            await payments_store.save_payments(tx, [payment])
            await tx.record(news.about_payment("processing", payment, detail))


async def record_return(tx: Transaction, attempt: Attempt, answer: Declined, note: str) -> bool:
    """Note that a payout, debit or refund that had succeeded has come back; whether that is news."""
    returned = return_intent(attempt, tx.now)
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
    await tx.enqueue(job_of(attempt, tx.now + retry_after(attempt.tries)))


async def attempts_of(tx: Transaction, payment_id: UUID) -> list[Attempt]:
    """Every call about a payment and its refunds, the oldest first."""
    return await store.select_attempts(tx, payment_id)


async def attempts_of_payout(tx: Transaction, payout_id: UUID) -> list[Attempt]:
    """What the provider or the bank was asked about a payout: one call, or none yet."""
    return await store.find_attempts(tx, [payout_attempt_id(payout_id)])


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
            await _ask(tx, "payout.unknown", PAYOUT.text(payout.payout_id), attempt, reason)
        for debit in await debts_store.lock_debits(tx, [attempt.subject_id]):
            await tx.record(news.about_debit("unknown", debit, reason))
            await _ask(tx, "debit.unknown", DEBIT.text(debit.debit_id), attempt, reason)
        return
    [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
    if payment.state == "authorizing":
        payment = replace(payment, state="unknown")
        await payments_store.save_payments(tx, [payment])
    await tx.record(news.about_unknown(payment, attempt, "no_answer", reason))


async def _ask(tx: Transaction, kind: str, subject: str, attempt: Attempt, reason: str) -> None:
    """Have a person ask the provider; withdrawn once the answer has come."""
    case = CaseDraft(
        key=f"{kind}/{ATTEMPT.text(attempt.attempt_id)}",
        queue="payments",
        kind=kind,
        subject=subject,
        title="The provider has not said what became of it",
        reason=reason,
        due_at=tx.now + timedelta(days=1),
        resolutions=("keep_waiting",),
        at_risk=attempt.amount,
        evidence={"attempt": ATTEMPT.text(attempt.attempt_id), "provider": attempt.provider},
    )
    await open_cases(tx, [case])
