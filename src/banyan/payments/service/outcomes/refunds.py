"""What answers to refunds lead to."""

from dataclasses import replace

from banyan.kernel import Money
from banyan.payments.errors import PaymentNotReady
from banyan.payments.model import Attempt, ProviderRate, Refund
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.rules import state_after_refund
from banyan.payments.service import bookings, news
from banyan.payments.service.outcomes.batch import Batch
from banyan.runtime import JobDraft


def apply_refund(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    """Done; or closed for good, so that the buyer has to name an account; or to be tried again."""
    payment, refund = batch.payment_of(attempt), batch.refunds[attempt.subject_id]
    reversals = batch.reversals[refund.refund_id]
    if isinstance(answer, Succeeded):
        refund = replace(refund, state="succeeded", finished_at=batch.now)
        batch.book(payment, bookings.refund_done(refund, reversals), _rate_of(refund, answer))
        refunded_minor = payment.refunded_minor + refund.amount_minor
        payment = replace(
            payment,
            refunded_minor=refunded_minor,
            state=state_after_refund(payment.captured_minor, refunded_minor),
        )
        reason = f"{refund.amount} went back to the buyer: {refund.reason}"
        batch.events.append(news.about_refund("succeeded", refund, reason))
    elif isinstance(answer, Declined) and (answer.is_hard or refund.destination is not None):
        refund = _ask_for_account(batch, refund, answer.code)
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        refund = replace(refund, state="failed", decline_code=code, finished_at=batch.now)
        is_released = payment.released_at is not None
        batch.transfers.append(bookings.refund_failed(refund, reversals, is_released=is_released))
        batch.undone += reversals
        payment = replace(payment, reversed_minor=payment.reversed_minor - refund.amount_minor)
        batch.timers.append(JobDraft("dispute.rebook", str(payment.payment_id)))
        reason = f"{refund.provider} did not refund: {code}. The money is where it was."
        batch.events.append(news.about_refund("failed", refund, reason))
    batch.refunds[refund.refund_id] = refund
    batch.put(payment)


def apply_returned_refund(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    """The buyer's bank has sent a refund back: it is held again, until there is another way."""
    payment, refund = batch.payment_of(attempt), batch.refunds[attempt.subject_id]
    if refund.state != "succeeded":
        raise PaymentNotReady("The refund came back before it was booked; again later.")
    assert isinstance(answer, Declined), "a return says why"
    again = replace(refund, round=refund.round + 1, finished_at=None)
    reversals = [
        replace(
            reversal,
            reversal_id=again.reversal_id,
            is_from_available=reversal.is_from_available or payment.released_at is not None,
        )
        for reversal in batch.reversals[refund.refund_id]
    ]
    batch.held_again += reversals
    batch.reversals[refund.refund_id] = reversals
    batch.book(payment, bookings.refund_returned(refund, reversals))
    batch.transfers.append(bookings.refund_hold(again, reversals))
    refunded_minor = payment.refunded_minor - refund.amount_minor
    batch.put(
        replace(
            payment,
            refunded_minor=refunded_minor,
            state=state_after_refund(payment.captured_minor, refunded_minor),
        )
    )
    reason = f"The buyer's bank sent {refund.amount} back: {answer.code}."
    batch.events.append(news.about_refund("returned", again, reason))
    batch.refunds[refund.refund_id] = _ask_for_account(batch, again, answer.code)


def _ask_for_account(batch: Batch, refund: Refund, code: str) -> Refund:
    """The money can't go back this way, ever; it stays held until the buyer names an account."""
    refund = replace(refund, state="needs_destination", destination=None, decline_code=code)
    reason = f"{refund.provider} can't refund this way: {code}. The buyer has to name an account."
    batch.events.append(news.about_refund("needs_destination", refund, reason))
    batch.timers.append(JobDraft("refund.await_destination", str(refund.refund_id)))
    return refund


def _rate_of(refund: Refund, answer: Succeeded) -> ProviderRate | None:
    """The rate at which the provider has given it back; None if it hasn't told."""
    if answer.settled is None:
        return None
    settled = Money.of(answer.settled.amount_minor, answer.settled.currency)
    return ProviderRate(refund.amount, settled)
