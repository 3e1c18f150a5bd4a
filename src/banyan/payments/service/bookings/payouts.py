"""Money on its way to a seller.

Where the account is in another currency than the balance, the same transfer exchanges first: out of
what is available in the one currency, into what is available in the other, and from there on its way.
What fails or comes back is therefore available in the currency of the account; the exchange stays.
"""

from banyan import fx
from banyan.kernel import Money
from banyan.ledger import Kind, Leg, PendingRef, Transfer
from banyan.payments.model import PAYOUT, Payout
from banyan.payments.service.bookings.accounts import in_transit, seller, source
from banyan.payments.service.bookings.transfers import transfer_of


def payout_hold(payout: Payout, quote: fx.Quote | None = None) -> Transfer:
    """Money on its way to a seller; rejected if the seller has less. ``quote`` if it is exchanged."""
    legs = [_on_its_way(payout)]
    if quote is not None:
        sell, buy, *spread = fx.conversion_legs(
            quote,
            seller(payout.seller_id, "available", quote.sell_currency),
            seller(payout.seller_id, "available", quote.buy_currency),
        )
        legs = [sell, buy, *legs, *spread]
    return transfer_of(payout.payout_id, "hold", PAYOUT.text(payout.payout_id), legs)


def payout_paid(payout: Payout) -> Transfer:
    """It has arrived, out of what the provider held for us or out of our bank account."""
    target = source(payout.rail, payout.provider, payout.currency)
    legs = [
        _resolved(payout, Kind.POST),
        Leg(in_transit(payout.currency), target, payout.amount, "payout_paid"),
    ]
    return transfer_of(payout.payout_id, "paid", PAYOUT.text(payout.payout_id), legs)


def payout_failed(payout: Payout) -> Transfer:
    """Nothing was paid, and it is the seller's again; also when it is cancelled."""
    legs = [_resolved(payout, Kind.VOID)]
    return transfer_of(payout.payout_id, "failed", PAYOUT.text(payout.payout_id), legs)


def payout_returned(payout: Payout) -> Transfer:
    """It came back to where it was paid from, and the seller has it again."""
    transit = in_transit(payout.currency)
    origin = source(payout.rail, payout.provider, payout.currency)
    legs = [
        Leg(origin, transit, payout.amount, "payout_returned"),
        Leg(
            transit,
            seller(payout.seller_id, "available", payout.currency),
            payout.amount,
            "payout_returned",
        ),
    ]
    return transfer_of(payout.payout_id, "returned", PAYOUT.text(payout.payout_id), legs)


def _on_its_way(payout: Payout) -> Leg:
    return Leg(
        seller(payout.seller_id, "available", payout.currency),
        in_transit(payout.currency),
        payout.amount,
        "payout",
        kind=Kind.PENDING,
    )


def _resolved(payout: Payout, kind: Kind) -> Leg:
    """The pending leg of the hold, posted or given back; it follows the two of an exchange."""
    held = _on_its_way(payout)
    place = 0 if payout.quote_id is None else 2
    amount = held.amount if kind == Kind.POST else Money.zero(payout.currency)
    hold_id = payout_hold(payout).id
    return Leg(
        held.debit, held.credit, amount, held.code, kind=kind, pending=PendingRef(hold_id, place)
    )
