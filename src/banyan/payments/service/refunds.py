"""Refunds: money on its way back to the buyer."""

from dataclasses import replace
from uuid import UUID

from banyan import ledger
from banyan.kernel import Money, Page, id_of_cursor, page_of
from banyan.payments.errors import (
    PaymentNotFound,
    PaymentNotReady,
    RefundIdReused,
    RefundNotFound,
    RefundTooLarge,
)
from banyan.payments.model import PAYMENT, REFUND, TAKEN, Payment, Refund
from banyan.payments.rules import share_reversal
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intend, intent_for_refund
from banyan.payments.store import payments as payments_store
from banyan.payments.store import refunds as store
from banyan.runtime import Transaction


async def refund(
    tx: Transaction,
    payment_id: UUID,
    amount: Money | None,
    refund_id: UUID,
    reason: str,
    by: str,
) -> Refund:
    """Give ``amount`` (None: all that is left) back to the buyer; the outcome comes as an event.

    The sellers, the commission and its tax give in proportion. Their money is held at once; a
    seller who has been paid owes it. The same id with the same content changes nothing.
    ``PaymentNotFound``, ``PaymentNotReady``, ``RefundTooLarge``, ``RefundIdReused``.
    """
    [payment] = await payments_store.lock_payments(tx, [payment_id]) or [None]
    if payment is None:
        raise PaymentNotFound(f"There is no payment {PAYMENT.text(payment_id)}.")
    known = await store.find_refund(tx, refund_id)
    if known is not None:
        return _same(known, payment_id, amount)
    amount = payment.left if amount is None else amount
    _check_refundable(payment, amount)
    draft = Refund(
        marketplace_id=tx.marketplace_id,
        refund_id=refund_id,
        payment_id=payment_id,
        subject=payment.subject,
        provider=payment.provider,
        state="pending",
        amount_minor=amount.minor,
        currency=payment.currency,
        reason=reason,
        requested_by=by,
        decline_code=None,
        created_at=tx.now,
        finished_at=None,
    )
    await store.insert_refund(tx, draft)
    await intend(tx, [intent_for_refund(draft)])
    await tx.record(news.about_refund("created", draft, reason))
    await _hold(tx, payment, draft)
    return draft


async def get_refund(tx: Transaction, refund_id: UUID) -> Refund:
    found = await store.find_refund(tx, refund_id)
    if found is None:
        raise RefundNotFound(f"There is no refund {REFUND.text(refund_id)}.")
    return found


async def list_refunds(
    tx: Transaction,
    *,
    payment_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Refund]:
    """Refunds, the newest first."""
    rows = await store.select_refunds(
        tx, payment_id=payment_id, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda refund: refund.refund_id)


async def _hold(tx: Transaction, payment: Payment, draft: Refund) -> None:
    """Hold the money of a refund where it is."""
    reversals = share_reversal(
        draft.refund_id,
        draft.amount,
        await payments_store.select_splits(tx, [payment.payment_id]),
        is_from_available=payment.released_at is not None,
    )
    await store.insert_reversals(tx, reversals)
    await payments_store.add_to_reversed(tx, reversals, 1)
    reversed_minor = payment.reversed_minor + draft.amount_minor
    await payments_store.save_payments(tx, [replace(payment, reversed_minor=reversed_minor)])
    await ledger.post_or_refuse(tx, [bookings.refund_hold(draft, reversals)])


def _check_refundable(payment: Payment, amount: Money) -> None:
    name = PAYMENT.text(payment.payment_id)
    if payment.state not in TAKEN:
        raise PaymentNotReady(f"Payment {name} is {payment.state}: nothing was taken.")
    if amount > payment.left or amount.minor <= 0:
        raise RefundTooLarge(
            f"{payment.left} of payment {name} is left to refund, {amount} was asked for."
        )


def _same(known: Refund, payment_id: UUID, amount: Money | None) -> Refund:
    if known.payment_id != payment_id or amount not in (None, known.amount):
        raise RefundIdReused(
            f"{REFUND.text(known.refund_id)} is a refund of {known.amount} "
            f"of {PAYMENT.text(known.payment_id)}."
        )
    return known
