"""Disputes as they stand, and how the marketplace deals with them."""

from uuid import UUID

from banyan.kernel import Page, id_of_cursor, page_of
from banyan.payments.errors import DisputeNotFound
from banyan.payments.model import (
    DISPUTE,
    Dispute,
    DisputeAnswer,
    DisputeMove,
    DisputeSettings,
    DisputeState,
)
from banyan.payments.store import answers as answers_store
from banyan.payments.store import disputes as store
from banyan.runtime import Transaction


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


async def moves_of(tx: Transaction, dispute_id: UUID) -> list[DisputeMove]:
    """Every booking of a dispute, in order."""
    return await store.select_moves(tx, dispute_id)


async def answers_of(tx: Transaction, dispute_id: UUID) -> list[DisputeAnswer]:
    """What we told the provider in a dispute, the oldest first."""
    return await answers_store.answers_of(tx, dispute_id)


async def get_dispute_settings(tx: Transaction) -> DisputeSettings:
    """The marketplace's own, or what every marketplace starts with."""
    return await store.find_dispute_settings(tx) or DisputeSettings()


async def update_dispute_settings(tx: Transaction, settings: DisputeSettings) -> DisputeSettings:
    """Set how disputes are dealt with from now on; what is held or lost stays as it was decided."""
    await store.save_dispute_settings(tx, settings)
    return settings
