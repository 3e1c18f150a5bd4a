"""Money that the buyer's bank has taken back."""

from collections.abc import Sequence

from banyan.kernel import Money
from banyan.ledger import Leg, Transfer
from banyan.payments.model import Dispute, Reversal
from banyan.payments.service.bookings.accounts import (
    disputed,
    fees,
    promotions,
    receivable,
    write_offs,
)
from banyan.payments.service.bookings.transfers import discounts_of, parts_of, transfer_of


def dispute_opened(dispute: Dispute, reversals: Sequence[Reversal]) -> list[Transfer]:
    """The disputed money is held, also from a seller who has been paid; the fee is the platform's."""
    held = disputed(dispute.currency)
    legs = [
        Leg(source, held, amount, f"dispute_{part}") for source, amount, part in parts_of(reversals)
    ]
    legs += [
        Leg(source, promotions(dispute.currency), amount, f"dispute_discount_{part}")
        for source, amount, part in discounts_of(reversals)
    ]
    legs.append(
        Leg(
            fees(dispute.provider, dispute.currency),
            receivable(dispute.provider, dispute.currency),
            dispute.fee,
            "dispute_fee",
        )
    )
    legs = [leg for leg in legs if leg.amount.minor]
    if not legs:
        return []
    return [transfer_of(dispute.dispute_id, "open", dispute.subject, legs, may_break_limits=True)]


def dispute_won(
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
    return [transfer_of(dispute.dispute_id, "close", dispute.subject, legs)] if legs else []


def dispute_lost(dispute: Dispute) -> Transfer:
    """The money goes back to the buyer. What nobody's share covered is the platform's loss."""
    currency = dispute.currency
    target = receivable(dispute.provider, currency)
    uncovered = dispute.amount_minor - dispute.held_minor
    legs = [
        Leg(disputed(currency), target, Money.of(dispute.held_minor, currency), "dispute_lost"),
        Leg(write_offs(currency), target, Money.of(uncovered, currency), "write_off"),
    ]
    return transfer_of(dispute.dispute_id, "close", dispute.subject, legs)
