"""What a provider exchanges, where it settles in another currency than the buyer paid in.

Every step is booked as if there were one currency. Then what the step has put on the receivable, or
taken from it, moves on into the currency that is settled: so of the buyer's currency nothing stays
with the provider, whatever the step was.

    money taken    position ← receivable (paid)      receivable ← position (settled)
    money back     receivable ← position (paid)      position ← receivable (settled)
"""

from collections.abc import Iterable
from datetime import datetime

from banyan import fx
from banyan.kernel import Money, derived_id
from banyan.ledger import Kind, Transfer
from banyan.payments.model import Exchange, Payment, ProviderRate
from banyan.payments.service.bookings.accounts import receivable
from banyan.payments.service.bookings.transfers import transfer_of


def exchanges_of(
    payment: Payment,
    transfers: Iterable[Transfer],
    now: datetime,
    told: ProviderRate | None = None,
) -> list[Exchange]:
    """What the provider exchanges after these steps of a payment, at the rate that it has told.

    Without one the rate of the capture counts. Nothing where it settles what was paid, nor for what
    is worth less than half a minor unit of the other currency.
    """
    rate = told or payment.settled_rate
    if rate is None or rate.settled.currency == payment.amount.currency or rate.paid.minor <= 0:
        return []
    made = [_exchange(payment, transfer, rate, now) for transfer in transfers]
    return [exchange for exchange in made if exchange]


def exchange(made: Exchange) -> Transfer:
    """The provider holds less for us of one currency, and more of the other."""
    legs = fx.trade_legs(
        sold=made.sold,
        sold_from=receivable(made.provider, made.sold_currency),
        bought=made.bought,
        bought_to=receivable(made.provider, made.bought_currency),
    )
    return transfer_of(made.exchange_id, "book", made.subject, legs)


def _exchange(
    payment: Payment, transfer: Transfer, rate: ProviderRate, now: datetime
) -> Exchange | None:
    moved_minor = _put_on_receivable(payment, transfer)
    paid = Money.of(abs(moved_minor), payment.currency)
    settled = rate.of(paid)
    if paid.minor == 0 or settled.minor == 0:
        return None
    sold, bought = (paid, settled) if moved_minor > 0 else (settled, paid)
    return Exchange(
        marketplace_id=payment.marketplace_id,
        exchange_id=derived_id(transfer.id, "exchange"),
        payment_id=payment.payment_id,
        subject=payment.subject,
        provider=payment.provider,
        sold_minor=sold.minor,
        sold_currency=sold.currency.code,
        bought_minor=bought.minor,
        bought_currency=bought.currency.code,
        made_at=now,
    )


def _put_on_receivable(payment: Payment, transfer: Transfer) -> int:
    """By how much the provider holds more of the buyer's currency, in minor units."""
    account = receivable(payment.provider, payment.currency)
    moving = [leg for leg in transfer.legs if leg.kind in (Kind.POSTED, Kind.POST)]
    return sum(leg.amount.minor for leg in moving if leg.debit == account) - sum(
        leg.amount.minor for leg in moving if leg.credit == account
    )
