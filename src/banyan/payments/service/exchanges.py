"""What providers exchange: kept, booked, read."""

from collections.abc import Sequence
from uuid import UUID

from banyan import fx, ledger
from banyan.ledger import Transfer
from banyan.payments.model import PAYMENT, Exchange, Payment, ProviderRate
from banyan.payments.service import bookings
from banyan.payments.store import exchanges as store
from banyan.runtime import Transaction


async def post(
    tx: Transaction,
    payment: Payment,
    transfers: Sequence[Transfer],
    told: ProviderRate | None = None,
) -> None:
    """Post steps of one payment with what its provider exchanges for them; all or nothing."""
    await post_all(tx, transfers, bookings.exchanges_of(payment, transfers, tx.now, told))


async def post_all(
    tx: Transaction, transfers: Sequence[Transfer], exchanges: Sequence[Exchange]
) -> None:
    """Post steps of payments and what was exchanged for them, in one call of the ledger.

    The money has moved already: so an exchange is booked without a rate to value it by as well.
    """
    if exchanges:
        await store.insert_exchanges(tx, exchanges)
        await fx.record_trades(tx, [_trade(made) for made in exchanges], has_happened=True)
    booked = [*transfers, *(bookings.exchange(made) for made in exchanges)]
    await ledger.post_or_refuse(tx, booked)  # last: it locks accounts that all share


async def exchanges_of(tx: Transaction, payment_id: UUID) -> list[Exchange]:
    """What the provider has exchanged for a payment, the oldest first."""
    return await store.select_exchanges(tx, payment_id)


def _trade(made: Exchange) -> fx.TradeDraft:
    return fx.TradeDraft(made.exchange_id, made.sold, made.bought, PAYMENT.text(made.payment_id))
