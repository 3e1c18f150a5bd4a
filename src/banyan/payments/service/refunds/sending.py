"""What comes after a refund's first try: another account, another try, or a change of mind.

A refund is sent again only after a definite "no" to the try before, or when the bank has sent the money
back; so the buyer never gets it twice.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from banyan import ledger, operations
from banyan.operations import Case, CaseDraft
from banyan.payments.errors import RefundNotFound, RefundNotReady
from banyan.payments.model import PAYMENT, REFUND, Payment, Refund
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intend, intent_for_refund
from banyan.payments.service.refunds.making import check_refundable, hold
from banyan.payments.service.settings import check_destination
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import refunds as store
from banyan.runtime import JobDraft, Transaction

CASE_KIND = "refund.no_destination"
DESTINATION_DAYS_DEFAULT = 14


async def send_refund_again(
    tx: Transaction, refund_id: UUID, *, destination: str | None = None
) -> Refund:
    """Try a refund once more that failed, or for which the buyer has named an account now.

    The money of a failed one is held anew. Naming the same account again changes nothing.
    ``RefundNotFound``, ``RefundNotReady``, ``RefundTooLarge``, ``UnknownToken``.
    """
    payment, refund = await _lock(tx, refund_id)
    if destination is not None:
        check_destination(destination, livemode=tx.livemode)
        if destination == refund.destination and refund.state in ("pending", "succeeded"):
            return refund
    if refund.state == "needs_destination" and destination is None:
        raise RefundNotReady(
            f"The way that the money of {REFUND.text(refund_id)} came is closed; name an account."
        )
    if refund.state not in ("failed", "needs_destination"):
        raise _not_ready(refund, "can't be sent again")
    was_failed = refund.state == "failed"
    refund = replace(
        refund,
        state="pending",
        destination=destination or refund.destination,
        decline_code=None,
        finished_at=None,
        sending=refund.sending + 1,
        round=refund.round + was_failed,
    )
    if was_failed:
        await check_refundable(tx, payment, refund.amount)
    await store.save_refund(tx, refund)
    await intend(tx, [intent_for_refund(refund)])
    await _withdraw_case(tx, refund)
    reason = f"{refund.amount} is sent once more" + (
        " to the account that the buyer named." if refund.destination else "."
    )
    await tx.record(news.about_refund("sent_again", refund, reason))
    if was_failed:
        await hold(tx, payment, refund)
    return refund


async def cancel_refund(tx: Transaction, refund_id: UUID, reason: str) -> Refund:
    """Keep the money after all, while it is certain that it has not been sent.

    Repeating it changes nothing. ``RefundNotFound``, ``RefundNotReady``.
    """
    payment, refund = await _lock(tx, refund_id)
    if refund.state == "cancelled":
        return refund
    if refund.state == "pending":
        attempt_id = intent_for_refund(refund).attempt_id
        if not await attempts_store.withdraw_attempt(
            tx, attempt_id, "Cancelled before it was sent."
        ):
            raise _not_ready(refund, "has been sent")
    elif refund.state != "needs_destination":
        raise _not_ready(refund, "can't be cancelled")
    refund = replace(refund, state="cancelled", finished_at=tx.now)
    reversals = await store.select_reversals(tx, [refund.reversal_id])
    reversed_minor = payment.reversed_minor - refund.amount_minor
    await payments_store.add_to_reversed(tx, reversals, -1)
    await payments_store.save_payments(tx, [replace(payment, reversed_minor=reversed_minor)])
    await store.save_refund(tx, refund)
    await _withdraw_case(tx, refund)
    await tx.enqueue(JobDraft("dispute.rebook", str(payment.payment_id)))
    await tx.record(news.about_refund("cancelled", refund, reason))
    is_released = payment.released_at is not None
    await ledger.post_or_refuse(
        tx, [bookings.refund_failed(refund, reversals, is_released=is_released)]
    )
    return refund


async def await_destination(tx: Transaction, refund_id: UUID) -> None:
    """Have a person look at it if the buyer names no account in time."""
    settings = await disputes_store.find_dispute_settings(tx)
    days = settings.destination_days if settings else DESTINATION_DAYS_DEFAULT
    due_at = tx.now + timedelta(days=days)
    await tx.enqueue(JobDraft("refund.remind", str(refund_id), due_at=due_at))


async def remind(tx: Transaction, refund_id: UUID) -> None:
    """Ask a person what to do about a refund that still has nowhere to go."""
    _, refund = await _lock(tx, refund_id)
    if refund.state != "needs_destination":
        return
    name = REFUND.text(refund_id)
    draft = CaseDraft(
        key=f"{name}/{refund.sending}/{tx.now.isoformat()}",
        queue="payments",
        kind=CASE_KIND,
        subject=refund.subject,
        title="A refund has nowhere to go",
        reason=_nowhere_to_go(refund),
        due_at=tx.now + timedelta(days=1),
        resolutions=("keep_waiting", "cancel"),
        at_risk=refund.amount,
        evidence={"refund": name, "payment": PAYMENT.text(refund.payment_id)},
    )
    await operations.open_cases(tx, [draft])


async def follow_case(tx: Transaction, case: Case) -> None:
    """Carry out what a person has decided about a refund without a way."""
    if case.kind != CASE_KIND:
        return
    refund_id = REFUND.parse(str(case.evidence["refund"]))
    _, refund = await _lock(tx, refund_id)
    if refund.state != "needs_destination":
        return
    if case.resolution == "cancel":
        await cancel_refund(tx, refund_id, case.note or f"{case.resolved_by} decided so.")
    else:
        await await_destination(tx, refund_id)


async def _withdraw_case(tx: Transaction, refund: Refund) -> None:
    await tx.cancel_job("refund.remind", str(refund.refund_id))
    open_ones = [
        case.key
        for case in await operations.cases_of(tx, refund.subject)
        if case.kind == CASE_KIND and case.evidence["refund"] == REFUND.text(refund.refund_id)
    ]
    if open_ones:
        await operations.withdraw_cases(tx, [refund.subject], kinds=[CASE_KIND], keys=open_ones)


async def _lock(tx: Transaction, refund_id: UUID) -> tuple[Payment, Refund]:
    """The refund, read after its payment was locked."""
    found = await store.find_refund(tx, refund_id)
    if found is None:
        raise RefundNotFound(f"There is no refund {REFUND.text(refund_id)}.")
    [payment] = await payments_store.lock_payments(tx, [found.payment_id])
    [refund] = await store.refunds_by_id(tx, [refund_id])
    return payment, refund


def _not_ready(refund: Refund, what: str) -> RefundNotReady:
    return RefundNotReady(f"Refund {REFUND.text(refund.refund_id)} is {refund.state} and {what}.")


def _nowhere_to_go(refund: Refund) -> str:
    why = f"The way it came is closed ({refund.decline_code})"
    if refund.decline_code is None:
        why = "It can't go back the way it came"
    return f"{why}, and the buyer has not named a bank account."
