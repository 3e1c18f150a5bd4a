"""What answers to captures and voids lead to."""

from dataclasses import replace

from banyan.payments.model import ATTEMPT, Attempt, Payment
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import authorization_id, intent_for_payment
from banyan.payments.service.outcomes.batch import Batch
from banyan.runtime import JobDraft


def take(batch: Batch, payment: Payment, answer: Succeeded) -> None:
    """The money has been taken: share it out."""
    payment = replace(
        _with_fee(payment, answer),
        state="captured",
        captured_minor=payment.amount_minor,
        captured_at=batch.now,
    )
    splits = batch.splits[payment.payment_id]
    batch.transfers += bookings.top_up(payment, splits)
    batch.book(payment, bookings.capture(payment, splits))
    settles = f", settles {payment.settled}" if payment.settled else ""
    batch.events.append(
        news.about_payment(
            "captured",
            payment,
            f"{payment.provider} took {payment.amount}{settles} and keeps {payment.fee}.",
            fee=news.amount(payment.fee),
            settled=news.amount(payment.settled) if payment.settled else None,
            splits=news.shares(splits),
        )
    )
    batch.put(payment)


def _with_fee(payment: Payment, answer: Succeeded) -> Payment:
    """The payment with what the provider keeps, and settles in another currency."""
    settled = answer.settled
    if settled is None:
        return replace(payment, fee_minor=answer.fee_minor)
    is_fee_settled = settled.fee_minor is not None
    return replace(
        payment,
        fee_minor=settled.fee_minor if is_fee_settled else answer.fee_minor,
        fee_currency=settled.currency if is_fee_settled else None,
        settled_minor=settled.amount_minor,
        settled_currency=settled.currency,
    )


def apply_capture(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    payment = batch.payment_of(attempt)
    assert payment.state == "capturing", f"captured while {payment.state}"
    if isinstance(answer, Succeeded):
        take(batch, payment, answer)
        return
    code = answer.code if isinstance(answer, Declined) else "requires_action"
    payment = replace(payment, state="capture_failed", decline_code=code)
    batch.transfers.append(bookings.void(payment))
    reason = f"{payment.provider} did not capture: {code}. Nothing was taken."
    batch.events.append(news.about_payment("capture_failed", payment, reason))
    batch.intents.append(intent_for_payment(payment, "void"))  # or the buyer's bank holds it on
    batch.put(payment)


def apply_void(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    payment = batch.payment_of(attempt)
    if isinstance(answer, Declined) and not payment.captured_minor:
        _look_why(batch, payment)
    if payment.state != "voiding":
        return  # tidied up at the provider after the payment had come to its end
    reason = payment.void_reason or ""
    is_authorized = payment.authorized_at is not None
    if isinstance(answer, Succeeded):
        if is_authorized:
            batch.transfers.append(bookings.void(payment))
        payment = replace(payment, state="voided")
        event = news.about_payment("voided", payment, reason)
    else:
        code = answer.code if isinstance(answer, Declined) else "requires_action"
        payment = replace(payment, voids_refused=payment.voids_refused + 1)
        if payment.instructions is not None:
            payment = replace(payment, state="awaiting_payment")  # if it comes, it goes back
        else:
            state = "authorized" if is_authorized else "requires_action"
            payment = replace(payment, state=state, void_reason=None)
        reason = f"{payment.provider} did not void: {code}."
        event = news.about_payment(
            "void_failed", payment, reason, attempt=ATTEMPT.text(attempt.attempt_id)
        )
    batch.events.append(event)
    batch.put(payment)


def _look_why(batch: Batch, payment: Payment) -> None:
    """What can't be voided may have been paid: the provider is asked about the authorization."""
    key = ATTEMPT.text(authorization_id(payment.payment_id, payment.ordinal))
    hint = {"provider": payment.provider, "key": key, "dispute": None}
    batch.timers.append(JobDraft("payment.look_up", f"void/{key}", hint))
