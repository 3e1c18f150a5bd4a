"""What providers must report by our books, and what they have paid to our bank."""

from datetime import datetime, timedelta
from uuid import UUID

from banyan import ledger
from banyan.kernel import derived_id
from banyan.payments.model import Settlement, SettlementEntry
from banyan.payments.service import bookings
from banyan.payments.store import settlements as store
from banyan.runtime import Transaction

_COMMIT_WITHIN = timedelta(minutes=5)
"""Longer than any transaction: what was booked before that is seen."""


async def settlement_entries(
    tx: Transaction, provider: str, since: datetime, until: datetime
) -> list[SettlementEntry]:
    """What our books say happened on a provider's balance in [since, until), the oldest first."""
    return await store.select_entries(tx, provider, since, until)


async def settlement_horizon(tx: Transaction, provider: str) -> datetime:
    """Until when the entries are complete: nothing older will be booked any more."""
    oldest = await store.oldest_unapplied(tx, provider)
    return min(oldest or tx.now, tx.now) - _COMMIT_WITHIN


async def used_providers(tx: Transaction) -> list[str]:
    """The providers that anything was ever asked of, by name."""
    return await store.select_providers(tx)


async def settle(tx: Transaction, settlement: Settlement) -> None:
    """Book what has left a provider's balance; the same id again changes nothing."""
    if await store.insert_settlement(tx, settlement):
        await ledger.post_or_refuse(tx, [bookings.settled(settlement)])


async def unsettle(tx: Transaction, settlement_id: UUID) -> None:
    """Take a settlement back: its transfer is reversed, once."""
    if await store.mark_reversed(tx, settlement_id):
        transfer_id = derived_id(settlement_id, "settle")
        reversal_id = derived_id(settlement_id, "unsettle")
        await ledger.reverse(tx, transfer_id, reversal_id, may_break_limits=True)
