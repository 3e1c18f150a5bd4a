"""Money on its way back to the buyer."""

from collections.abc import Sequence

from banyan.kernel import Money
from banyan.ledger import Kind, Leg, Transfer
from banyan.payments.model import Refund, Reversal
from banyan.payments.service.bookings.accounts import promotions, receivable, seller
from banyan.payments.service.bookings.transfers import discounts_of, parts_of, resolved, transfer_of


def refund_hold(refund: Refund, reversals: Sequence[Reversal]) -> Transfer:
    """What will go back to the buyer is held where it is, so that it can't be paid out meanwhile.

    A seller who has been paid already owes it: the available balance may go below zero, and later
    sales fill it up.
    """
    target = receivable(refund.provider, refund.currency)
    legs = [
        Leg(source, target, amount, f"refund_{part}", kind=Kind.PENDING)
        for source, amount, part in parts_of(reversals)
    ]
    legs += [
        Leg(
            source,
            promotions(refund.currency),
            amount,
            f"refund_discount_{part}",
            kind=Kind.PENDING,
        )
        for source, amount, part in discounts_of(reversals)
    ]
    return _step(refund, "hold", legs, reversals)


def refund_done(refund: Refund, reversals: Sequence[Reversal]) -> Transfer:
    return _step(refund, "post", resolved(refund_hold(refund, reversals), Kind.POST), reversals)


def refund_failed(refund: Refund, reversals: Sequence[Reversal], *, is_released: bool) -> Transfer:
    """The held money goes back to where it was, and on to what is available if released since."""
    legs = resolved(refund_hold(refund, reversals), Kind.VOID)
    for reversal in reversals:
        if is_released and not reversal.is_from_available:
            legs.append(
                Leg(
                    seller(reversal.seller_id, "pending", reversal.currency),
                    seller(reversal.seller_id, "available", reversal.currency),
                    Money.of(reversal.seller_minor, reversal.currency),
                    "release",
                )
            )
    return _step(refund, "void", legs, reversals)


def refund_returned(refund: Refund, reversals: Sequence[Reversal]) -> Transfer:
    """The buyer's bank sent it back: the provider holds it again, and it is on no seller's balance.

    It is put back where it was taken from in the same breath as ``refund_hold`` holds it again.
    """
    source = receivable(refund.provider, refund.currency)
    legs = [
        Leg(source, target, amount, f"refund_returned_{part}")
        for target, amount, part in parts_of(reversals)
    ]
    legs += [
        Leg(promotions(refund.currency), target, amount, f"refund_returned_discount_{part}")
        for target, amount, part in discounts_of(reversals)
    ]
    return _step(refund, "returned", legs, reversals)


def _step(
    refund: Refund, step: str, legs: Sequence[Leg], reversals: Sequence[Reversal]
) -> Transfer:
    """One booking of the present round."""
    name = step if refund.round == 1 else f"{step}/{refund.round}"
    return transfer_of(
        refund.refund_id,
        name,
        refund.subject,
        legs,
        reversals=reversals,
        may_break_limits=True,
    )
