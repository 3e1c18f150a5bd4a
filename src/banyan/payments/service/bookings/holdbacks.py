"""What is held back from sellers, on its way to what is available to them."""

from banyan.kernel import Money
from banyan.ledger import Leg, Transfer
from banyan.parties import SELLER
from banyan.payments.model import Holdback
from banyan.payments.service.bookings.accounts import seller
from banyan.payments.service.bookings.transfers import transfer_of


def holdback_freed(holdback: Holdback) -> Transfer:
    """Its time has come: what is left of it becomes available."""
    return _to_available(holdback, holdback.left, "freed", f"{holdback.kind}_freed")


def holdback_taken(holdback: Holdback, part: Money) -> Transfer:
    """The seller owes, and a part of it pays for that before its time."""
    return _to_available(holdback, part, f"taken/{holdback.version}", f"{holdback.kind}_taken")


def _to_available(holdback: Holdback, amount: Money, step: str, code: str) -> Transfer:
    leg = Leg(
        seller(holdback.seller_id, holdback.kind, holdback.currency),
        seller(holdback.seller_id, "available", holdback.currency),
        amount,
        code,
    )
    return transfer_of(holdback.holdback_id, step, SELLER.text(holdback.seller_id), [leg])
