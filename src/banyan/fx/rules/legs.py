"""An exchange as legs of the ledger.

No leg joins two currencies: each goes through its account ``fx:position``, so that every currency
still adds up to zero. What stands there is what we hold of a currency beyond what we owe in it.

    conversion  source → position (sold) · position → target (bought) · position → spread (own)
    trade       position → account (given) · account → position (got)
    gain        position → gain (own); a loss the other way
"""

from collections.abc import Sequence

from banyan.fx.model import DEAL, Deal, Gain, Quote
from banyan.kernel import Money, derived_id
from banyan.ledger import Account, Leg, Transfer

POSITION = "fx:position"
SPREAD = "fx:spread"
GAIN = "fx:gain"


def position(currency: str) -> Account:
    """What we hold of a currency (a balance above zero) or owe."""
    return Account(POSITION, currency)


def conversion_legs(quote: Quote, source: Account, target: Account) -> tuple[Leg, ...]:
    """The quoted exchange: ``sell`` out of ``source``, ``buy`` into ``target``, the spread to us.

    For a transfer of your own, together with what else moves: post it in the transaction that uses
    the quote (``use_quotes``). ``source`` is in the sold currency, ``target`` in the bought one.
    """
    own = quote.own_currency
    legs = (
        Leg(source, position(quote.sell_currency), quote.sell, "fx_sell"),
        Leg(position(quote.buy_currency), target, quote.buy, "fx_buy"),
        Leg(position(own), Account(SPREAD, own), quote.spread, "fx_spread"),
    )
    return tuple(leg for leg in legs if leg.amount.minor)


def trade_legs(
    *, sold: Money, sold_from: Account, bought: Money, bought_to: Account
) -> tuple[Leg, ...]:
    """A trade at a bank or provider: ``sold`` has left one account, ``bought`` is on another.

    For a transfer of your own: post it in the transaction that records it (``record_trades``).
    """
    return (
        Leg(position(sold.currency.code), sold_from, sold, "fx_trade"),
        Leg(bought_to, position(bought.currency.code), bought, "fx_trade"),
    )


def gain_transfer(deal: Deal, gains: Sequence[Gain]) -> Transfer | None:
    """What a deal has gained or lost; None if nothing."""
    own, gained = position(deal.own_currency), Account(GAIN, deal.own_currency)
    legs = [
        Leg(own, gained, amount, "fx_gain")
        if gain.gain_minor > 0
        else Leg(gained, own, amount, "fx_loss")
        for gain in gains
        if gain.gain_minor
        for amount in [Money.of(abs(gain.gain_minor), deal.own_currency)]
    ]
    if not legs:
        return None
    return Transfer(derived_id(deal.deal_id, "gain"), tuple(legs), DEAL.text(deal.deal_id))
