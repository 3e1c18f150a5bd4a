"""A refund is asked for: its money is held where it is, and the provider is told."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from banyan import ledger
from banyan.kernel import Money, Page, id_of_cursor, page_of
from banyan.parties import SELLER
from banyan.payments.errors import (
    PaymentNotFound,
    PaymentNotReady,
    RefundIdReused,
    RefundItemsInvalid,
    RefundNotFound,
    RefundTooLarge,
)
from banyan.payments.model import (
    METHODS,
    PAYMENT,
    REFUND,
    TAKEN,
    CommissionTerms,
    KeptItem,
    Payment,
    Refund,
    RefundItem,
    RefundReason,
    Reversal,
)
from banyan.payments.rules import share_items, share_reversal
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intend, intent_for_refund
from banyan.payments.service.settings import check_destination
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import refunds as store
from banyan.runtime import JobDraft, Transaction


async def refund(
    tx: Transaction,
    payment_id: UUID,
    amount: Money | None,
    refund_id: UUID,
    reason: str,
    by: str,
    *,
    reason_code: RefundReason = "other",
    items: Sequence[RefundItem] | None = None,
    destination: str | None = None,
) -> Refund:
    """Give ``amount`` (None: all that is left, or the sum of ``items``) back to the buyer.

    The outcome comes as an event. Without ``items`` the sellers, the commission and its tax give in
    proportion, else only the sellers that are named. Their money is held at once; a seller who has
    been paid owes it. ``destination`` is a bank account of the buyer, in place of the way the money
    came. The same id with the same content changes nothing.

    ``PaymentNotFound``, ``PaymentNotReady``, ``RefundTooLarge``, ``RefundItemsInvalid``,
    ``RefundIdReused``; ``UnknownToken`` for a destination that nobody knows.
    """
    [payment] = await payments_store.lock_payments(tx, [payment_id]) or [None]
    if payment is None:
        raise PaymentNotFound(f"There is no payment {PAYMENT.text(payment_id)}.")
    amount = _amount_of(payment, amount, items)
    kept = _kept(items)
    known = await store.find_refund(tx, refund_id)
    if known is not None:
        return _same(known, payment_id, amount, kept)
    amount = payment.left if amount is None else amount
    if destination is not None:
        check_destination(destination, livemode=tx.livemode)
    await check_refundable(tx, payment, amount)
    has_a_way = destination is not None or METHODS[payment.method_type].refunds_to == "source"
    draft = Refund(
        marketplace_id=tx.marketplace_id,
        refund_id=refund_id,
        payment_id=payment_id,
        subject=payment.subject,
        provider=payment.provider,
        state="pending" if has_a_way else "needs_destination",
        amount_minor=amount.minor,
        currency=payment.currency,
        reason=reason,
        reason_code=reason_code,
        items=kept,
        destination=destination,
        round=1,
        sending=1,
        requested_by=by,
        decline_code=None,
        created_at=tx.now,
        finished_at=None,
    )
    await store.insert_refund(tx, draft)
    await tx.record(news.about_refund("created", draft, reason))
    if has_a_way:
        await intend(tx, [intent_for_refund(draft)])
    else:
        why = f"Nothing goes back by {payment.method_type}; the buyer has to name an account."
        await tx.record(news.about_refund("needs_destination", draft, why))
        await tx.enqueue(JobDraft("refund.await_destination", str(refund_id)))
    await hold(tx, payment, draft)
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


async def get_commission_terms(tx: Transaction) -> CommissionTerms:
    """What becomes of the commission when a payment that is made now is refunded."""
    return await store.find_commission_terms(tx, tx.now) or "given_back"


async def set_commission_terms(tx: Transaction, commission: CommissionTerms) -> None:
    """Set the terms of payments that are made from now on; older ones keep theirs."""
    if await get_commission_terms(tx) != commission:
        await store.insert_commission_terms(tx, commission)


async def hold(tx: Transaction, payment: Payment, refund: Refund) -> None:
    """Hold the money of a refund's present round where it is; the payment is locked."""
    terms = await store.find_commission_terms(tx, payment.created_at)
    reversals = [
        replace(reversal, keeps_commission=terms == "kept")
        for reversal in await _reversals(tx, payment, refund)
    ]
    await store.insert_reversals(tx, reversals)
    await payments_store.add_to_reversed(tx, reversals, 1)
    reversed_minor = payment.reversed_minor + refund.amount_minor
    await payments_store.save_payments(tx, [replace(payment, reversed_minor=reversed_minor)])
    await ledger.post_or_refuse(tx, [bookings.refund_hold(refund, reversals)])


async def check_refundable(tx: Transaction, payment: Payment, amount: Money) -> None:
    """``PaymentNotReady`` or ``RefundTooLarge`` if so much can't be given back."""
    name = PAYMENT.text(payment.payment_id)
    if payment.state not in TAKEN:
        raise PaymentNotReady(f"Payment {name} is {payment.state}: nothing was taken.")
    if amount > payment.left or amount.minor <= 0:
        disputes = await disputes_store.disputes_of(tx, payment.payment_id)
        held = sum(dispute.held_minor for dispute in disputes if dispute.booked != "free")
        disputed = f"; the buyer's bank disputes {Money.of(held, payment.currency)}" if held else ""
        raise RefundTooLarge(
            f"{payment.left} of payment {name} is left to refund, {amount} was asked for{disputed}."
        )


async def _reversals(tx: Transaction, payment: Payment, refund: Refund) -> list[Reversal]:
    """Who gives how much, by what is left of each part now."""
    splits = await payments_store.select_splits(tx, [payment.payment_id])
    is_released = payment.released_at is not None
    if refund.items is None:
        return share_reversal(
            refund.reversal_id, refund.amount, splits, is_from_available=is_released
        )
    items = {
        SELLER.parse(item["seller"]): Money.of(item["amount_minor"], refund.currency)
        for item in refund.items
    }
    return share_items(refund.reversal_id, items, splits, is_from_available=is_released)


def _amount_of(
    payment: Payment, amount: Money | None, items: Sequence[RefundItem] | None
) -> Money | None:
    if items is None:
        return amount
    if not items or len({item.seller_id for item in items}) != len(items):
        raise RefundItemsInvalid("Name each seller once.")
    total = sum((item.amount for item in items), Money.zero(payment.currency))
    if amount not in (None, total):
        raise RefundItemsInvalid(f"The items come to {total}, the refund is {amount}.")
    return total


def _kept(items: Sequence[RefundItem] | None) -> list[KeptItem] | None:
    if items is None:
        return None
    in_order = sorted(items, key=lambda item: item.seller_id)
    return [
        {"seller": SELLER.text(item.seller_id), "amount_minor": item.amount.minor}
        for item in in_order
    ]


def _same(
    known: Refund, payment_id: UUID, amount: Money | None, items: list[KeptItem] | None
) -> Refund:
    is_same = known.payment_id == payment_id and amount in (None, known.amount)
    if not is_same or items != known.items:
        raise RefundIdReused(
            f"{REFUND.text(known.refund_id)} is a refund of {known.amount} "
            f"of {PAYMENT.text(known.payment_id)}."
        )
    return known
