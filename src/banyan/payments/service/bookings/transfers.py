"""How transfers of payments are put together."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from banyan.kernel import Money, derived_id
from banyan.ledger import Account, Kind, Leg, PendingRef, Transfer
from banyan.payments.model import BOOKED_FOR, Reversal
from banyan.payments.service.bookings.accounts import (
    commission,
    commission_tax,
    seller,
    service_fee_tax,
    service_fees,
    shipping,
)

_PARTS = ("seller", "commission", "tax", "shipping", "service_fee", "service_fee_tax")
"""What ``Reversal.parts`` are called in the codes of legs."""

_PARTS_KEPT = ("seller", "commission_kept", "commission_kept", *_PARTS[3:])
"""The same where the marketplace keeps its commission, and the seller gives that part as well."""


Giving = tuple[Account, Money, str]
"""An account that gives something back, how much, and which part it is."""


def parts_of(reversals: Sequence[Reversal], *, is_released: bool = False) -> list[Giving]:
    """What goes back to the buyer: from which accounts, how much, and what it is.

    What several sellers' parts take from one account of the platform is one leg, so that as many
    sellers fit into a refund as into a capture.
    """
    return _summed([shared.to_buyer for shared in _shared(reversals, is_released=is_released)])


def discounts_of(reversals: Sequence[Reversal], *, is_released: bool = False) -> list[Giving]:
    """What goes back to the platform, which had added it to the sales; likewise."""
    return _summed([shared.to_platform for shared in _shared(reversals, is_released=is_released)])


class _Shared(NamedTuple):
    """What one part gives to the buyer, and what to the platform."""

    to_buyer: Giving
    to_platform: Giving


def _shared(reversals: Sequence[Reversal], *, is_released: bool) -> Iterator[_Shared]:
    """Each part of each reversal. The platform's discount comes out of the first ones: the seller's."""
    for reversal in reversals:
        currency = reversal.currency
        where = "available" if reversal.is_from_available or is_released else "pending"
        taken = (commission(currency), commission_tax(reversal.tax_jurisdiction, currency))
        names = _PARTS
        if reversal.keeps_commission:
            taken = (seller(reversal.seller_id, "available", currency),) * 2
            names = _PARTS_KEPT
        accounts = (
            seller(reversal.seller_id, where, currency),
            *taken,
            shipping(currency),
            service_fees(currency),
            service_fee_tax(reversal.service_fee_jurisdiction or "NONE", currency),
        )
        owed = reversal.platform_discount_minor
        for account, minor, part in zip(accounts, reversal.parts, names, strict=True):
            discount = min(minor, owed)
            owed -= discount
            yield _Shared(
                (account, Money.of(minor - discount, currency), part),
                (account, Money.of(discount, currency), part),
            )


def _summed(giving: Sequence[Giving]) -> list[Giving]:
    """One for each account and part, in the order in which they first come; nothing of nothing."""
    sums: dict[tuple[Account, str], Money] = {}
    for account, amount, part in giving:
        if amount.minor:
            known = sums.get((account, part))
            sums[account, part] = amount if known is None else known + amount
    return [(account, amount, part) for (account, part), amount in sums.items()]


def resolved(held: Transfer, kind: Kind) -> list[Leg]:
    """Legs that post what is held, or give it back (a void moves nothing: its amount is zero)."""
    return [
        Leg(
            leg.debit,
            leg.credit,
            leg.amount if kind == Kind.POST else Money.zero(leg.amount.currency.code),
            leg.code,
            kind=kind,
            pending=PendingRef(held.id, index),
        )
        for index, leg in enumerate(held.legs)
    ]


def transfer_of(
    parent: UUID,
    step: str,
    subject: str,
    legs: Sequence[Leg],
    *,
    reversals: Sequence[Reversal] = (),
    may_break_limits: bool = False,
) -> Transfer:
    """Legs of nothing are left out. The metadata name what it was booked for, which of several rounds
    are the ``reversals`` that it moves: see ``takings_of``."""
    booked_for = reversals[0].reversal_id if reversals else parent
    moving = tuple(leg for leg in legs if leg.amount.minor or leg.kind == Kind.VOID)
    return Transfer(
        derived_id(parent, step),
        moving,
        subject,
        may_break_limits=may_break_limits,
        metadata={BOOKED_FOR: str(booked_for)},
    )
