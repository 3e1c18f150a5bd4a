"""What leaves a provider's balance for our bank, and what is lost on the way."""

from banyan.kernel import Money
from banyan.ledger import Account, Leg, Side, Transfer
from banyan.payments.model import Settlement
from banyan.payments.service.bookings.accounts import receivable
from banyan.payments.service.bookings.transfers import transfer_of


def bank(currency: str) -> Account:
    """Our own account at a bank."""
    return Account("platform:bank", currency, normal=Side.DEBIT)


def differences(currency: str) -> Account:
    return Account("platform:reconciliation_differences", currency, normal=Side.DEBIT)


def position(currency: str) -> Account:
    """What joins two currencies: each of them sums up to zero."""
    return Account("fx:position", currency)


def settled(settlement: Settlement) -> Transfer:
    taken, arrived = settlement.taken, settlement.arrived
    currency, other = taken.currency.code, arrived.currency.code
    source = receivable(settlement.provider, currency)
    target = (
        bank(other) if settlement.arrives_at == "bank" else receivable(settlement.provider, other)
    )
    if currency == other and not taken.minor:
        legs = _moved(differences(currency), target, arrived, "settlement_difference")
    elif currency == other:
        legs = [
            *_moved(source, target, arrived, "settlement"),
            *_moved(source, differences(currency), taken - arrived, "settlement_difference"),
        ]
    else:
        legs = [
            *_moved(source, position(currency), taken, "settlement_sold"),
            *_moved(position(other), target, arrived, "settlement_bought"),
        ]
    return transfer_of(settlement.settlement_id, "settle", settlement.subject, legs)


def _moved(source: Account, target: Account, amount: Money, code: str) -> list[Leg]:
    """What an asset loses and another gains: the gaining one is debited."""
    if amount.minor < 0:
        return [Leg(source, target, -amount, code)]
    return [Leg(target, source, amount, code)] if amount.minor else []
