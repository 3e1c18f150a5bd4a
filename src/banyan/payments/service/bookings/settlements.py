"""What leaves a provider's balance for our bank, and what is lost on the way."""

from collections.abc import Iterator, Sequence

from banyan.fx import trade_legs
from banyan.kernel import Money
from banyan.ledger import Account, Leg, Side, Transfer
from banyan.payments.model import Settlement
from banyan.payments.service.bookings.accounts import bank, receivable
from banyan.payments.service.bookings.transfers import transfer_of


def differences(currency: str) -> Account:
    return Account("platform:reconciliation_differences", currency, normal=Side.DEBIT)


def settled(settlement: Settlement) -> Transfer:
    return transfer_of(
        settlement.settlement_id, "settle", settlement.subject, list(_legs(settlement))
    )


def _legs(settlement: Settlement) -> Iterator[Leg]:
    taken, arrived = settlement.taken, settlement.arrived
    currency, other = taken.currency.code, arrived.currency.code
    if not taken.minor:  # the bank alone: what it charged
        yield from _moved(differences(other), bank(other), arrived, "settlement_difference")
        return
    source = receivable(settlement.provider, currency)
    is_to_bank = settlement.arrives_at == "bank"
    target = bank(other) if is_to_bank else receivable(settlement.provider, other)
    if currency == other:
        difference = taken - arrived
        yield from _moved(source, target, arrived, "settlement")
        yield from _moved(source, differences(currency), difference, "settlement_difference")
    else:
        yield from _exchanged(taken, source, arrived, target)


def _exchanged(taken: Money, source: Account, arrived: Money, target: Account) -> Sequence[Leg]:
    """The provider has sold what it took for what arrived; or bought it back, for a refund."""
    if taken.minor < 0:
        return trade_legs(sold=-arrived, sold_from=target, bought=-taken, bought_to=source)
    return trade_legs(sold=taken, sold_from=source, bought=arrived, bought_to=target)


def _moved(source: Account, target: Account, amount: Money, code: str) -> list[Leg]:
    """What an asset loses and another gains: the gaining one is debited."""
    if amount.minor < 0:
        return [Leg(source, target, -amount, code)]
    return [Leg(target, source, amount, code)] if amount.minor else []
