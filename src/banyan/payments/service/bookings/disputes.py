"""Money that the buyer's bank has taken back: held, given back, lost, regained.

Every movement has a number of its own in the dispute, which its id is made of: so a stage that comes
twice is booked once, and one that comes again is booked again.
"""

from collections.abc import Sequence

from banyan.kernel import Money
from banyan.ledger import Leg, Transfer
from banyan.payments.model import Dispute, Reversal
from banyan.payments.service.bookings.accounts import (
    dispute_fees,
    disputed,
    fees,
    promotions,
    receivable,
    seller,
    write_offs,
)
from banyan.payments.service.bookings.transfers import discounts_of, parts_of, transfer_of


def dispute_held(dispute: Dispute, reversals: Sequence[Reversal]) -> list[Transfer]:
    """The disputed money is held, also from a seller who has been paid.

    What no seller is to bear is held from the marketplace.
    """
    held = disputed(dispute.currency)
    legs = [
        Leg(source, held, amount, f"dispute_{part}") for source, amount, part in parts_of(reversals)
    ]
    legs += [
        Leg(source, promotions(dispute.currency), amount, f"dispute_discount_{part}")
        for source, amount, part in discounts_of(reversals)
    ]
    own = _borne_by_platform(dispute, reversals)
    legs.append(Leg(write_offs(dispute.currency), held, own, "dispute_platform"))
    return _move(dispute, legs, reversals)


def dispute_given_back(
    dispute: Dispute, reversals: Sequence[Reversal], *, is_released: bool
) -> list[Transfer]:
    """The money goes back to where it came from; to what is available if released since."""
    held = disputed(dispute.currency)
    legs = [
        Leg(held, source, amount, f"dispute_won_{part}")
        for source, amount, part in parts_of(reversals, is_released=is_released)
    ]
    legs += [
        Leg(promotions(dispute.currency), source, amount, f"dispute_won_discount_{part}")
        for source, amount, part in discounts_of(reversals, is_released=is_released)
    ]
    own = _borne_by_platform(dispute, reversals)
    legs.append(Leg(held, write_offs(dispute.currency), own, "dispute_won_platform"))
    return _move(dispute, legs, reversals)


def dispute_lost(dispute: Dispute, reversals: Sequence[Reversal]) -> list[Transfer]:
    """The money goes back to the buyer. What nobody's share covered is the platform's loss.

    Sellers who are to bear the fee as well pay it out of what is available to them.
    """
    target = receivable(dispute.provider, dispute.currency)
    legs = [
        Leg(disputed(dispute.currency), target, dispute.held, "dispute_lost"),
        Leg(write_offs(dispute.currency), target, _uncovered(dispute), "write_off"),
        *_recharged(dispute, reversals),
    ]
    return _move(dispute, legs, reversals)


def dispute_regained(dispute: Dispute, reversals: Sequence[Reversal]) -> list[Transfer]:
    """What was lost comes back, and is held as before."""
    source = receivable(dispute.provider, dispute.currency)
    legs = [
        Leg(source, disputed(dispute.currency), dispute.held, "dispute_regained"),
        Leg(source, write_offs(dispute.currency), _uncovered(dispute), "write_off_regained"),
        *(
            Leg(leg.credit, leg.debit, leg.amount, "dispute_fee_regained")
            for leg in _recharged(dispute, reversals)
        ),
    ]
    return _move(dispute, legs, reversals)


def dispute_fee(dispute: Dispute, minor: int) -> list[Transfer]:
    """What the provider takes for the dispute, or gives back of it (below zero)."""
    kept = fees(dispute.provider, dispute.currency)
    target = receivable(dispute.provider, dispute.currency)
    amount = Money.of(abs(minor), dispute.currency)
    leg = (
        Leg(kept, target, amount, "dispute_fee")
        if minor > 0
        else Leg(target, kept, amount, "dispute_fee_returned")
    )
    return _move(dispute, [leg])


def _recharged(dispute: Dispute, reversals: Sequence[Reversal]) -> list[Leg]:
    """The fee by what each seller gives."""
    if not dispute.recharged_minor:
        return []
    fee = Money.of(dispute.recharged_minor, dispute.currency)
    shares = fee.split([reversal.seller_minor for reversal in reversals])
    return [
        Leg(
            seller(reversal.seller_id, "available", dispute.currency),
            dispute_fees(dispute.currency),
            share,
            "dispute_fee_seller",
        )
        for reversal, share in zip(reversals, shares, strict=True)
    ]


def _borne_by_platform(dispute: Dispute, reversals: Sequence[Reversal]) -> Money:
    given = sum(sum(reversal.parts) - reversal.platform_discount_minor for reversal in reversals)
    return Money.of(dispute.held_minor - given, dispute.currency)


def _uncovered(dispute: Dispute) -> Money:
    return Money.of(dispute.amount_minor - dispute.held_minor, dispute.currency)


def _move(
    dispute: Dispute, legs: Sequence[Leg], reversals: Sequence[Reversal] = ()
) -> list[Transfer]:
    """The booking with the dispute's present number of moves; none if nothing moves."""
    if not any(leg.amount.minor for leg in legs):
        return []
    step = f"move/{dispute.moves}"
    return [
        transfer_of(
            dispute.dispute_id,
            step,
            dispute.subject,
            legs,
            reversals=reversals,
            may_break_limits=True,
        )
    ]
