"""What a provider's answers lead to, applied in batches.

Everything that the attempts of a batch touch is locked and loaded; each answer is decided in
memory; the result is written at once: one call of the ledger and one insert of events, however many
there are.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import msgspec

from banyan import ledger
from banyan.ledger import Transfer
from banyan.payments.errors import PaymentNotReady
from banyan.payments.model import (
    Attempt,
    Operation,
    Payment,
    PaymentSplit,
    Payout,
    Refund,
    Reversal,
)
from banyan.payments.providers import Declined, RequiresAction, Succeeded
from banyan.payments.rules import state_after_refund
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intend, intent_for_payment
from banyan.payments.service.payouts import stop_failed
from banyan.payments.store import attempts as store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import Event, JobDraft, Transaction

Definite = Succeeded | Declined | RequiresAction

_ORDER: Sequence[Operation] = (
    "authorize", "authenticate", "capture", "void", "refund", "payout", "return",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Batch:
    """The records that a batch of answers is about, and what the answers lead to."""

    now: datetime
    payments: dict[UUID, Payment]
    splits: dict[UUID, list[PaymentSplit]]
    refunds: dict[UUID, Refund]
    reversals: dict[UUID, list[Reversal]]
    payouts: dict[UUID, Payout]
    transfers: list[Transfer] = field(default_factory=list[Transfer])
    events: list[Event] = field(default_factory=list[Event])
    intents: list[Attempt] = field(default_factory=list[Attempt])
    timers: list[JobDraft] = field(default_factory=list[JobDraft])
    undone: list[Reversal] = field(default_factory=list[Reversal])
    failed_payouts: list[Payout] = field(default_factory=list[Payout])

    def payment_of(self, attempt: Attempt) -> Payment:
        assert attempt.payment_id is not None, "only payouts have no payment"
        return self.payments[attempt.payment_id]

    def put(self, payment: Payment) -> None:
        self.payments[payment.payment_id] = payment


async def apply_answers(tx: Transaction, attempt_ids: Collection[UUID]) -> None:
    """Apply the answers of these attempts that have not been applied yet."""
    attempts = await store.lock_answered(tx, attempt_ids)
    if not attempts:
        return
    batch = await _load(tx, attempts)
    for attempt in sorted(attempts, key=lambda attempt: _ORDER.index(attempt.operation)):
        answer = msgspec.convert(attempt.answer, Definite)
        _APPLY[attempt.operation](batch, attempt, answer)
    await _write(tx, batch)
    await store.mark_applied(tx, [attempt.attempt_id for attempt in attempts])


async def _load(tx: Transaction, attempts: Sequence[Attempt]) -> _Batch:
    payment_ids = {attempt.payment_id for attempt in attempts if attempt.payment_id is not None}
    captured = {attempt.subject_id for attempt in attempts if attempt.operation == "capture"}
    refund_ids = [attempt.subject_id for attempt in attempts if attempt.operation == "refund"]
    payout_ids = [attempt.subject_id for attempt in attempts if attempt.payment_id is None]
    payments = await payments_store.lock_payments(tx, payment_ids) if payment_ids else []
    splits = await payments_store.select_splits(tx, captured) if captured else []
    refunds = await refunds_store.refunds_by_id(tx, refund_ids) if refund_ids else []
    reversals = await refunds_store.select_reversals(tx, refund_ids) if refund_ids else []
    payouts = await payouts_store.lock_payouts(tx, payout_ids) if payout_ids else []
    return _Batch(
        now=tx.now,
        payments={payment.payment_id: payment for payment in payments},
        splits={id_: [s for s in splits if s.payment_id == id_] for id_ in captured},
        refunds={refund.refund_id: refund for refund in refunds},
        reversals={id_: [r for r in reversals if r.reversal_id == id_] for id_ in refund_ids},
        payouts={payout.payout_id: payout for payout in payouts},
    )


async def _write(tx: Transaction, batch: _Batch) -> None:
    await payments_store.save_payments(tx, list(batch.payments.values()))
    if batch.undone:
        await payments_store.add_to_reversed(tx, batch.undone, -1)
    for refund in batch.refunds.values():
        await refunds_store.finish_refund(tx, refund)
    if batch.payouts:
        await payouts_store.finish_payouts(tx, list(batch.payouts.values()))
    if batch.failed_payouts:
        await stop_failed(tx, batch.failed_payouts)
    await intend(tx, batch.intents)
    await tx.enqueue_all(batch.timers)
    await tx.record_all(batch.events)
    await ledger.post_or_refuse(tx, batch.transfers)  # last: it locks accounts that all share


def _authorization(batch: _Batch, attempt: Attempt, answer: Definite) -> None:
    payment = batch.payment_of(attempt)
    if payment.state not in ("authorizing", "unknown"):
        return  # given up meanwhile; its void is under way
    match answer:
        case Declined(code=code, is_hard=is_hard, detail=detail):
            payment = replace(payment, state="declined", decline_code=code)
            reason = f"{payment.provider} declined: {code}. {detail}"
            batch.events.append(news.about_payment("declined", payment, reason, is_hard=is_hard))
        case RequiresAction(reference=reference, url=url, expires_at=expires_at):
            payment = replace(
                payment,
                state="requires_action",
                provider_reference=reference,
                action_url=url,
                action_expires_at=expires_at,
            )
            payment = _void_if_asked(batch, payment)
            if payment.state == "requires_action":
                _ask_buyer(batch, payment, url, expires_at)
        case Succeeded(reference=reference):
            payment = replace(
                payment,
                state="authorized",
                provider_reference=reference,
                authorized_at=batch.now,
                action_url=None,
            )
            batch.transfers.append(bookings.authorization(payment))
            payment = _void_if_asked(batch, payment)
            if payment.state == "authorized":
                reason = f"{payment.provider} authorized {payment.amount}."
                batch.events.append(news.about_payment("authorized", payment, reason))
    batch.put(payment)


def _ask_buyer(batch: _Batch, payment: Payment, url: str, expires_at: datetime) -> None:
    reason = f"{payment.provider} wants the buyer to authenticate (3-D Secure)."
    batch.events.append(
        news.about_payment(
            "requires_action", payment, reason, url=url, expires_at=expires_at.isoformat()
        )
    )
    batch.timers.append(
        JobDraft("payment.expire_authentication", str(payment.payment_id), due_at=expires_at)
    )


def _void_if_asked(batch: _Batch, payment: Payment) -> Payment:
    """A void that was asked for while the outcome was open goes ahead now."""
    if payment.void_reason is None:
        return payment
    payment = replace(payment, state="voiding")
    batch.intents.append(intent_for_payment(payment, "void"))
    return payment


def _capture(batch: _Batch, attempt: Attempt, answer: Definite) -> None:
    payment = batch.payment_of(attempt)
    assert payment.state == "capturing", f"captured while {payment.state}"
    if isinstance(answer, Succeeded):
        payment = replace(
            payment,
            state="captured",
            captured_minor=payment.amount_minor,
            fee_minor=answer.fee_minor,
            captured_at=batch.now,
        )
        splits = batch.splits[payment.payment_id]
        batch.transfers.append(bookings.capture(payment, splits))
        reason = f"{payment.provider} took {payment.amount} and keeps {payment.fee}."
        event = news.about_payment(
            "captured", payment, reason, fee=news.amount(payment.fee), splits=news.shares(splits)
        )
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        payment = replace(payment, state="capture_failed", decline_code=code)
        batch.transfers.append(bookings.void(payment))
        reason = f"{payment.provider} did not capture: {code}. Nothing was taken."
        event = news.about_payment("capture_failed", payment, reason)
    batch.events.append(event)
    batch.put(payment)


def _void(batch: _Batch, attempt: Attempt, answer: Definite) -> None:
    payment = batch.payment_of(attempt)
    if payment.state != "voiding":
        return  # tidied up at the provider after the authentication had expired
    reason = payment.void_reason or ""
    is_authorized = payment.authorized_at is not None
    if isinstance(answer, Succeeded):
        if is_authorized:
            batch.transfers.append(bookings.void(payment))
        payment = replace(payment, state="voided")
        event = news.about_payment("voided", payment, reason)
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        state = "authorized" if is_authorized else "requires_action"
        payment = replace(payment, state=state, void_reason=None)
        reason = f"{payment.provider} did not void: {code}."
        event = news.about_payment("void_failed", payment, reason)
    batch.events.append(event)
    batch.put(payment)


def _refund(batch: _Batch, attempt: Attempt, answer: Definite) -> None:
    payment, refund = batch.payment_of(attempt), batch.refunds[attempt.subject_id]
    reversals = batch.reversals[refund.refund_id]
    if isinstance(answer, Succeeded):
        refund = replace(refund, state="succeeded", finished_at=batch.now)
        batch.transfers.append(bookings.refund_done(refund, reversals))
        refunded_minor = payment.refunded_minor + refund.amount_minor
        payment = replace(
            payment,
            refunded_minor=refunded_minor,
            state=state_after_refund(payment.captured_minor, refunded_minor),
        )
        reason = f"{refund.amount} went back to the buyer: {refund.reason}"
        batch.events.append(news.about_refund("succeeded", refund, reason))
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        refund = replace(refund, state="failed", decline_code=code, finished_at=batch.now)
        is_released = payment.released_at is not None
        batch.transfers.append(bookings.refund_failed(refund, reversals, is_released=is_released))
        batch.undone += reversals
        payment = replace(payment, reversed_minor=payment.reversed_minor - refund.amount_minor)
        reason = f"{refund.provider} did not refund: {code}. The money is where it was."
        batch.events.append(news.about_refund("failed", refund, reason))
    batch.refunds[refund.refund_id] = refund
    batch.put(payment)


def _payout(batch: _Batch, attempt: Attempt, answer: Definite) -> None:
    payout = batch.payouts[attempt.subject_id]
    if isinstance(answer, Succeeded):
        payout = replace(payout, state="paid", finished_at=batch.now)
        batch.transfers.append(bookings.payout_paid(payout))
        event = news.about_payout("paid", payout, f"{payout.amount} paid out.")
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        payout = replace(payout, state="failed", failure_code=code, finished_at=batch.now)
        batch.transfers.append(bookings.payout_failed(payout))
        batch.failed_payouts.append(payout)
        reason = f"The payout failed: {code}. {payout.amount} is available to the seller again."
        event = news.about_payout("failed", payout, reason)
    batch.events.append(event)
    batch.payouts[payout.payout_id] = payout


def _return(batch: _Batch, attempt: Attempt, answer: Definite) -> None:
    payout = batch.payouts[attempt.subject_id]
    if payout.state != "paid":
        raise PaymentNotReady("The payout came back before it was booked as paid; again later.")
    assert isinstance(answer, Declined), "a return says why"
    payout = replace(payout, state="returned", failure_code=answer.code)
    batch.transfers.append(bookings.payout_returned(payout))
    batch.failed_payouts.append(payout)
    reason = f"The bank returned the payout. {payout.amount} is available to the seller again."
    batch.events.append(news.about_payout("failed", payout, reason))
    batch.payouts[payout.payout_id] = payout


_APPLY: dict[Operation, Callable[[_Batch, Attempt, Definite], None]] = {
    "authorize": _authorization,
    "authenticate": _authorization,
    "capture": _capture,
    "void": _void,
    "refund": _refund,
    "payout": _payout,
    "return": _return,
}
