"""What answers to debits of sellers lead to."""

from dataclasses import replace

from banyan.payments.errors import PaymentNotReady
from banyan.payments.model import Attempt
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.service import bookings, news
from banyan.payments.service.outcomes.batch import Batch


def apply_debit(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    debit = batch.debits[attempt.subject_id]
    if isinstance(answer, Succeeded):
        debit = replace(debit, state="succeeded", finished_at=batch.now)
        batch.transfers.append(bookings.debit_done(debit))
        event = news.about_debit("succeeded", debit, f"{debit.amount} came from the seller.")
    else:
        code = answer.code if isinstance(answer, Declined) else "not_debited"
        debit = replace(debit, state="failed", failure_code=code, finished_at=batch.now)
        event = news.about_debit("failed", debit, f"The debit failed: {code}.")
    batch.events.append(event)
    batch.debits[debit.debit_id] = debit
    batch.ended_debits.append(debit)


def return_debit(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    """The seller's bank took it back, which it may for weeks."""
    debit = batch.debits[attempt.subject_id]
    if debit.state != "succeeded":
        raise PaymentNotReady("The debit came back before it was booked; again later.")
    assert isinstance(answer, Declined), "a return says why"
    debit = replace(debit, state="returned", failure_code=answer.code)
    batch.transfers.append(bookings.debit_returned(debit))
    reason = f"The seller's bank took {debit.amount} back: {answer.code}. The seller owes it again."
    batch.events.append(news.about_debit("returned", debit, reason))
    batch.debits[debit.debit_id] = debit
    batch.ended_debits.append(debit)
