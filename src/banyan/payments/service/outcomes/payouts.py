"""What answers to payouts lead to."""

from dataclasses import replace

from banyan.payments.errors import PaymentNotReady
from banyan.payments.model import Attempt
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.service import bookings, news
from banyan.payments.service.outcomes.batch import Batch
from banyan.payments.service.outcomes.debits import return_debit
from banyan.payments.service.outcomes.refunds import apply_refund, apply_returned_refund


def apply_payout(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    if attempt.payment_id is not None:  # to an account of the buyer
        apply_refund(batch, attempt, answer)
        return
    payout = batch.payouts[attempt.subject_id]
    if isinstance(answer, Succeeded):
        payout = replace(payout, state="paid", finished_at=batch.now)
        batch.transfers.append(bookings.payout_paid(payout))
        event = news.about_payout("paid", payout, f"{payout.amount} paid out.")
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        payout = replace(payout, state="failed", failure_code=code, finished_at=batch.now)
        batch.transfers.append(bookings.payout_failed(payout))
        if isinstance(answer, Declined) and not answer.is_hard:
            batch.unpaid_sellers.add(payout.seller_id)  # nothing is wrong with the account
        else:
            batch.failed_payouts.append(payout)
        reason = f"The payout failed: {code}. {payout.amount} is available to the seller again."
        event = news.about_payout("failed", payout, reason)
    batch.events.append(event)
    batch.payouts[payout.payout_id] = payout


def apply_return(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    """A payout, a debit, or a refund has come back."""
    if attempt.payment_id is not None:
        apply_returned_refund(batch, attempt, answer)
        return
    if attempt.subject_id in batch.debits:
        return_debit(batch, attempt, answer)
        return
    payout = batch.payouts[attempt.subject_id]
    if payout.state != "paid":
        raise PaymentNotReady("The payout came back before it was booked as paid; again later.")
    assert isinstance(answer, Declined), "a return says why"
    payout = replace(payout, state="returned", failure_code=answer.code)
    batch.transfers.append(bookings.payout_returned(payout))
    if answer.is_hard:
        batch.failed_payouts.append(payout)
    else:
        batch.unpaid_sellers.add(payout.seller_id)  # nothing is wrong with the account
    reason = f"The bank returned the payout. {payout.amount} is available to the seller again."
    batch.events.append(news.about_payout("failed", payout, reason))
    batch.payouts[payout.payout_id] = payout
