"""Money on its way to a seller."""

from banyan.ledger import Kind, Leg, Transfer
from banyan.payments.model import PAYOUT, Payout
from banyan.payments.service.bookings.accounts import in_transit, seller, source
from banyan.payments.service.bookings.transfers import resolved, transfer_of


def payout_hold(payout: Payout) -> Transfer:
    """Money on its way to a seller; rejected if the seller has less."""
    leg = Leg(
        seller(payout.seller_id, "available", payout.currency),
        in_transit(payout.currency),
        payout.amount,
        "payout",
        kind=Kind.PENDING,
    )
    return transfer_of(payout.payout_id, "hold", PAYOUT.text(payout.payout_id), [leg])


def payout_paid(payout: Payout) -> Transfer:
    """It has arrived, out of what the provider held for us or out of our bank account."""
    legs = resolved(payout_hold(payout), Kind.POST)
    target = source(payout.rail, payout.provider, payout.currency)
    legs.append(Leg(in_transit(payout.currency), target, payout.amount, "payout_paid"))
    return transfer_of(payout.payout_id, "paid", PAYOUT.text(payout.payout_id), legs)


def payout_failed(payout: Payout) -> Transfer:
    """Nothing was paid, and it is the seller's again; also when it is cancelled."""
    legs = resolved(payout_hold(payout), Kind.VOID)
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
