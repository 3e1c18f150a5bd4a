"""Disputes: the buyer's bank takes money back, and may give it back again."""

from dataclasses import replace
from uuid import UUID

from banyan import ledger
from banyan.kernel import Page, derived_id, id_of_cursor, page_of
from banyan.payments.errors import DisputeNotFound, PaymentNotReady
from banyan.payments.model import (
    DISPUTE,
    PAYMENT,
    TAKEN,
    Dispute,
    DisputeResult,
    DisputeState,
    Payment,
)
from banyan.payments.providers import DisputeReport
from banyan.payments.rules import share_reversal
from banyan.payments.service import bookings, news
from banyan.payments.store import disputes as store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import Transaction


async def apply_report(tx: Transaction, report: DisputeReport) -> None:
    """Bring a dispute to where the provider says that it stands, whatever we have seen before."""
    payment_id = PAYMENT.parse(report.payment)
    [payment] = await payments_store.lock_payments(tx, [payment_id]) or [None]
    if payment is None or payment.state not in TAKEN:
        raise PaymentNotReady(f"{report.payment} is disputed before it is booked as captured.")
    dispute_id = derived_id(payment_id, "dispute", report.reference)
    dispute = await store.find_dispute(tx, dispute_id)
    if dispute is None:
        payment, dispute = await _open(tx, payment, dispute_id, report)
    if dispute.state == "open" and report.state != "open":
        await _close(tx, payment, dispute, report.state)


async def get_dispute(tx: Transaction, dispute_id: UUID) -> Dispute:
    found = await store.find_dispute(tx, dispute_id)
    if found is None:
        raise DisputeNotFound(f"There is no dispute {DISPUTE.text(dispute_id)}.")
    return found


async def list_disputes(
    tx: Transaction,
    *,
    state: DisputeState | None = None,
    payment_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Dispute]:
    """Disputes, the newest first."""
    rows = await store.select_disputes(
        tx, state=state, payment_id=payment_id, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda dispute: dispute.dispute_id)


async def _open(
    tx: Transaction, payment: Payment, dispute_id: UUID, report: DisputeReport
) -> tuple[Payment, Dispute]:
    """Hold the disputed money, as much of it as has not gone back already."""
    held = min(report.amount, payment.left)
    dispute = Dispute(
        marketplace_id=tx.marketplace_id,
        dispute_id=dispute_id,
        payment_id=payment.payment_id,
        subject=payment.subject,
        provider=payment.provider,
        provider_reference=report.reference,
        state="open",
        amount_minor=report.amount.minor,
        held_minor=held.minor,
        fee_minor=report.fee.minor,
        currency=payment.currency,
        reason=report.reason,
        opened_at=tx.now,
        closed_at=None,
    )
    splits = await payments_store.select_splits(tx, [payment.payment_id])
    is_from_available = payment.released_at is not None
    reversals = (
        share_reversal(dispute_id, held, splits, is_from_available=is_from_available)
        if held.minor
        else []
    )
    payment = replace(payment, reversed_minor=payment.reversed_minor + held.minor)
    await store.insert_dispute(tx, dispute)
    await refunds_store.insert_reversals(tx, reversals)
    await payments_store.add_to_reversed(tx, reversals, 1)
    await payments_store.save_payments(tx, [payment])
    await tx.record(news.about_dispute("opened", dispute, report.reason))
    await ledger.post_or_refuse(tx, bookings.dispute_opened(dispute, reversals))
    return payment, dispute


async def _close(tx: Transaction, payment: Payment, dispute: Dispute, state: DisputeResult) -> None:
    reversals = await refunds_store.select_reversals(tx, [dispute.dispute_id])
    if state == "won":
        is_released = payment.released_at is not None
        transfers = bookings.dispute_won(dispute, reversals, is_released=is_released)
        await payments_store.add_to_reversed(tx, reversals, -1)
        reversed_minor = payment.reversed_minor - dispute.held_minor
        await payments_store.save_payments(tx, [replace(payment, reversed_minor=reversed_minor)])
        reason = f"The dispute was won; {dispute.amount} goes back to where it came from."
    else:
        transfers = [bookings.dispute_lost(dispute)]
        reason = f"The dispute was lost; {dispute.amount} goes back to the buyer."
    await store.close_dispute(tx, dispute.dispute_id, state)
    await tx.record(news.about_dispute(state, dispute, reason))
    await ledger.post_or_refuse(tx, transfers)
