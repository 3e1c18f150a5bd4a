"""Whose commission a booking has moved."""

from collections.abc import Collection
from uuid import UUID

from banyan.payments.model import Taking
from banyan.payments.store.payments import select_splits
from banyan.payments.store.refunds import select_reversals
from banyan.runtime import Transaction


async def takings_of(tx: Transaction, booked_for: Collection[UUID]) -> dict[UUID, list[Taking]]:
    """Each seller's part in the commission of these payments, and rounds of refunds and disputes.

    A first round goes by the id of its refund or dispute, and so do older bookings of later ones.
    The ledger says how much went which way; where a leg sums up several sellers, this says how it
    is shared between them. Others than those three are left out.
    """
    takings: dict[UUID, list[Taking]] = {}
    for split in await select_splits(tx, booked_for):
        takings.setdefault(split.payment_id, []).append(
            Taking(
                split.payment_id,
                split.seller_id,
                split.commission_minor,
                split.tax_minor,
                split.tax_jurisdiction,
            )
        )
    for reversal in await select_reversals(tx, booked_for):
        takings.setdefault(reversal.reversal_id, []).append(
            Taking(
                reversal.payment_id,
                reversal.seller_id,
                reversal.commission_minor,
                reversal.tax_minor,
                reversal.tax_jurisdiction,
            )
        )
    return takings
