"""What answers to authorizations lead to."""

from dataclasses import replace
from datetime import datetime

from banyan.payments.model import ATTEMPT, METHODS, OPEN, WITH_BUYER, Attempt, Payment, Route
from banyan.payments.providers import (
    AwaitingPayment,
    Declined,
    Definite,
    RequiresAction,
    Succeeded,
    Unavailable,
)
from banyan.payments.rules import EXPIRY_GRACE, UNAVAILABLE_MAX, retry_after
from banyan.payments.rules.routing import can_be_tried_elsewhere
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intent_for_payment
from banyan.payments.service.outcomes.batch import Batch
from banyan.payments.service.outcomes.captures import take
from banyan.runtime import JobDraft


def apply_authorization(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    payment = batch.payment_of(attempt)
    is_waiting = payment.state in OPEN or payment.state == "awaiting_payment"
    if attempt.ordinal != payment.ordinal or not (is_waiting or _is_taken(payment, answer)):
        apply_late(batch, attempt, answer)  # tried elsewhere, or given up, meanwhile
        return
    match answer:
        case Declined(code=code, is_hard=is_hard, detail=detail):
            _declined(batch, payment, code, detail, is_hard=is_hard)
        case Unavailable(detail=detail):
            _unavailable(batch, payment, detail)
        case RequiresAction(reference=reference, url=url, expires_at=expires_at):
            payment = replace(
                payment,
                state="requires_action",
                provider_reference=reference,
                action_url=url,
                action_expires_at=expires_at,
            )
            payment = void_if_asked(batch, payment)
            if payment.state == "requires_action":
                _ask_buyer(batch, payment, url, expires_at)
            batch.put(payment)
        case AwaitingPayment():
            _await_payment(batch, payment, answer)
        case Succeeded(is_captured=True):
            batch.learned.append((payment, True))
            _captured_at_once(batch, payment, answer)
        case Succeeded():
            batch.learned.append((payment, True))
            _authorized(batch, payment, answer)


def _is_taken(payment: Payment, answer: Definite) -> bool:
    """The buyer's money has arrived though we were about to give the payment up."""
    is_captured = isinstance(answer, Succeeded) and answer.is_captured
    return is_captured and payment.state in ("voiding", "requires_action")


def _authorized(batch: Batch, payment: Payment, answer: Succeeded) -> None:
    payment = replace(
        payment,
        state="authorized",
        provider_reference=answer.reference,
        liability=answer.liability,
        authorized_at=batch.now,
        action_url=None,
    )
    batch.transfers.append(bookings.authorization(payment))
    payment = void_if_asked(batch, payment)
    if payment.state == "authorized":
        reason = f"{payment.provider} authorized {payment.amount}."
        batch.events.append(news.about_payment("authorized", payment, reason))
    batch.put(payment)


def _declined(batch: Batch, payment: Payment, code: str, detail: str, *, is_hard: bool) -> None:
    """Ask the next provider where that may help, or else it is over."""
    if not is_hard:
        batch.learned.append((payment, False))
    if payment.void_reason is None and can_be_tried_elsewhere(code, is_hard=is_hard):
        route = batch.next_route(payment)
        if route is not None:
            why = f"{payment.provider} declined: {code}. {route.reason}"
            _reroute(batch, payment, route, why)
            return
    state = "expired" if code == "expired" else "declined"
    payment = replace(payment, state=state, decline_code=code)
    reason = f"{payment.provider} declined: {code}. {detail}"
    batch.events.append(news.about_payment(state, payment, reason, is_hard=is_hard))
    batch.put(payment)


def _unavailable(batch: Batch, payment: Payment, detail: str) -> None:
    """Certainly not done: ask another provider, or the same one again for a while."""
    if payment.void_reason is not None:
        payment = replace(payment, state="voided")
        batch.events.append(news.about_payment("voided", payment, payment.void_reason or ""))
        batch.put(payment)
        return
    route = batch.next_route(payment)
    if route is not None:
        why = f"{payment.provider} could not be reached. {route.reason}"
        _reroute(batch, payment, route, why)
    elif batch.now - payment.created_at < UNAVAILABLE_MAX:
        again = Route(payment.provider, f"{payment.provider} could not be reached; again later.")
        payment = replace(payment, state="authorizing", ordinal=payment.ordinal + 1)
        batch.later.append((retry_after(payment.ordinal), payment, again))
        batch.put(payment)
    else:
        code = "provider_unavailable"
        payment = replace(payment, state="declined", decline_code=code)
        reason = f"{payment.provider} could not be reached. {detail}"
        batch.events.append(news.about_payment("declined", payment, reason, is_hard=False))
        batch.put(payment)


def _reroute(batch: Batch, payment: Payment, route: Route, reason: str) -> None:
    payment = replace(
        payment,
        state="authorizing",
        provider=route.provider,
        ordinal=payment.ordinal + 1,
        provider_reference=None,
        action_url=None,
        action_expires_at=None,
    )
    batch.intents.append(intent_for_payment(payment, "authorize", route))
    batch.events.append(news.about_payment("rerouted", payment, reason))
    batch.put(payment)


def _await_payment(batch: Batch, payment: Payment, answer: AwaitingPayment) -> None:
    """The buyer has been told how to pay; until then we look now and then."""
    payment = replace(
        payment,
        state="awaiting_payment",
        provider_reference=answer.reference,
        instructions=answer.instructions,
        action_expires_at=answer.expires_at,
    )
    payment = void_if_asked(batch, payment)
    if payment.state == "awaiting_payment":
        reason = f"The buyer has until {answer.expires_at:%Y-%m-%d %H:%M} UTC to pay."
        batch.events.append(
            news.about_payment(
                "awaiting_payment",
                payment,
                reason,
                instructions=answer.instructions,
                expires_at=answer.expires_at.isoformat(),
            )
        )
        batch.polls.append(intent_for_payment(payment, "authenticate"))
        due_at = answer.expires_at + EXPIRY_GRACE
        batch.timers.append(_expiry(payment, due_at))
    batch.put(payment)


def _captured_at_once(batch: Batch, payment: Payment, answer: Succeeded) -> None:
    """Authorized and taken in one; given back if the payment had been given up."""
    payment = replace(
        payment,
        provider_reference=answer.reference,
        liability=answer.liability,
        authorized_at=batch.now,
        action_url=None,
    )
    batch.transfers.append(bookings.authorization(payment))
    take(batch, payment, answer)
    if payment.void_reason is not None:
        batch.timers.append(JobDraft("payment.return_late", str(payment.payment_id)))


def apply_late(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    """Money has arrived that nobody waited for any more, or that came another way than expected.

    For a payment that was over it goes back; for one that the buyer was still to act on it is on time.
    Where a capture is under way, that attempt will tell. What came of an authorization that was left
    for another provider is for people: it isn't booked where it is not.
    """
    payment = batch.payment_of(attempt)
    if not isinstance(answer, Succeeded) or not answer.is_captured:
        return
    if attempt.ordinal != payment.ordinal:
        reason = (
            f"{attempt.provider} took {attempt.amount} after all, though the payment was tried at "
            f"{payment.provider} after its refusal. It is not booked: a person has to give it back."
        )
        batch.events.append(
            news.about_payment(
                "taken_elsewhere",
                payment,
                reason,
                attempt=ATTEMPT.text(attempt.attempt_id),
                taken_by=attempt.provider,
                tries=0,
            )
        )
        return
    if payment.captured_minor or payment.state in ("authorized", "capturing"):
        return
    is_over = payment.state not in OPEN and payment.state not in WITH_BUYER
    if is_over and payment.void_reason is None:
        reason = f"The payment was {payment.state} when the money arrived."
        payment = replace(payment, void_reason=reason)
    _captured_at_once(batch, payment, answer)


def _ask_buyer(batch: Batch, payment: Payment, url: str, expires_at: datetime) -> None:
    reason = f"{payment.provider} wants the buyer to confirm the payment."
    if METHODS[payment.method_type].family == "card":
        reason = f"{payment.provider} wants the buyer to authenticate (3-D Secure)."
    batch.events.append(
        news.about_payment(
            "requires_action", payment, reason, url=url, expires_at=expires_at.isoformat()
        )
    )
    batch.timers.append(_expiry(payment, expires_at))


def _expiry(payment: Payment, due_at: datetime) -> JobDraft:
    """A timer for each authorization: the next provider gives the buyer time of its own."""
    key = f"{payment.payment_id}/{payment.ordinal}"
    return JobDraft("payment.expire_authentication", key, due_at=due_at)


def void_if_asked(batch: Batch, payment: Payment) -> Payment:
    """A void that was asked for while the outcome was open goes ahead now."""
    if payment.void_reason is None:
        return payment
    payment = replace(payment, state="voiding")
    batch.intents.append(intent_for_payment(payment, "void"))
    return payment
