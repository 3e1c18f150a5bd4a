"""What answers to refunds lead to."""

from dataclasses import replace

from banyan.payments.model import Attempt
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.rules import state_after_refund
from banyan.payments.service import bookings, news
from banyan.payments.service.outcomes.batch import Batch


def apply_refund(batch: Batch, attempt: Attempt, answer: Definite) -> None:
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
