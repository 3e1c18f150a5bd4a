"""What providers must report by our books, and what they have paid to our bank."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from banyan import ledger
from banyan.fx import TradeDraft, record_trades
from banyan.kernel import derived_id
from banyan.payments.errors import ConnectionNotFound
from banyan.payments.model import Settlement, SettlementEntry
from banyan.payments.service import bookings
from banyan.payments.service.connections import check_connected
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import settlements as store
from banyan.runtime import Transaction

_REPORTED_WITHIN = timedelta(days=5)
_COMMIT_WITHIN = timedelta(minutes=5)
"""Longer than any transaction: what was booked before that is seen."""


async def settlement_entries(
    tx: Transaction, provider: str, since: datetime, until: datetime
) -> list[SettlementEntry]:
    """What our books say happened on a provider's balance in [since, until), the oldest first."""
    return await store.select_entries(tx, provider, since, until)


async def held_chargebacks(tx: Transaction, provider: str) -> set[str]:
    """The provider's names of disputes that it may have booked, and our books have not.

    Providers take the money when a dispute opens; we book it when it is lost. Of what was won, the
    report that it came back may take some days.
    """
    return {*await disputes_store.select_held(tx, provider, tx.now - _REPORTED_WITHIN)}


async def settlement_horizon(tx: Transaction, provider: str) -> datetime:
    """Until when the entries are complete: nothing older will be booked any more."""
    oldest = await store.oldest_unapplied(tx, provider)
    return min(oldest or tx.now, tx.now) - _COMMIT_WITHIN


async def used_providers(tx: Transaction) -> list[str]:
    """The providers that anything was ever asked of, by name."""
    return await store.select_providers(tx)


async def check_provider(tx: Transaction, name: str) -> None:
    """``ConnectionNotFound`` unless a provider of this name is connected, or was ever used."""
    try:
        await check_connected(tx, name)
    except ConnectionNotFound:
        if name not in await used_providers(tx):
            raise


async def settle(tx: Transaction, settlement: Settlement) -> None:
    """Book what has left a provider's balance; the same id again changes nothing.

    Into another currency it is a trade that the provider made for us: ``InvalidTrade`` if nothing was
    sold or bought. Between two of which neither is the marketplace's own, that needs a rate:
    ``RateMissing``, ``RateStale``. ``ConnectionNotFound`` for a provider that nobody here knows.
    """
    if settlement.provider:  # what the bank charges is no provider's
        await check_provider(tx, settlement.provider)
    if await store.insert_settlement(tx, settlement):
        await _record_trade(tx, settlement, "trade")
        await ledger.post_or_refuse(tx, [bookings.settled(settlement)])


async def unsettle(tx: Transaction, settlement_id: UUID) -> None:
    """Take a settlement back: its transfer is reversed, once, and a trade is made the other way."""
    settlement = await store.mark_reversed(tx, settlement_id)
    if settlement is not None:
        await _record_trade(
            tx, replace(settlement, taken=-settlement.taken, arrived=-settlement.arrived), "untrade"
        )
        transfer_id = derived_id(settlement_id, "settle")
        reversal_id = derived_id(settlement_id, "unsettle")
        await ledger.reverse(tx, transfer_id, reversal_id, may_break_limits=True)


async def _record_trade(tx: Transaction, settlement: Settlement, step: str) -> None:
    """An exchange of currencies is in the book of positions, too; its legs are the settlement's."""
    taken, arrived = settlement.taken, settlement.arrived
    if taken.currency == arrived.currency:
        return
    is_back = taken.minor < 0
    draft = TradeDraft(
        trade_id=derived_id(settlement.settlement_id, step),
        sold=-arrived if is_back else taken,
        bought=-taken if is_back else arrived,
        subject=settlement.subject,
    )
    await record_trades(tx, [draft])
