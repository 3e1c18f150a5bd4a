"""How transfers of payments are put together."""

from collections.abc import Sequence
from uuid import UUID

from banyan.kernel import Money, derived_id
from banyan.ledger import Account, Kind, Leg, PendingRef, Transfer
from banyan.payments.model import Reversal
from banyan.payments.service.bookings.accounts import commission, commission_tax, seller


def parts_of(
    reversals: Sequence[Reversal], *, is_released: bool = False
) -> list[tuple[Account, Money, str]]:
    """The accounts that reversals take from, with how much and what it is."""
    parts = list[tuple[Account, Money, str]]()
    for reversal in reversals:
        currency = reversal.currency
        where = "available" if reversal.is_from_available or is_released else "pending"
        parts += [
            (
                seller(reversal.seller_id, where, currency),
                Money.of(reversal.seller_minor, currency),
                "seller",
            ),
            (commission(currency), Money.of(reversal.commission_minor, currency), "commission"),
            (
                commission_tax(reversal.tax_jurisdiction, currency),
                Money.of(reversal.tax_minor, currency),
                "tax",
            ),
        ]
    return [part for part in parts if part[1].minor]


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
    parent: UUID, step: str, subject: str, legs: Sequence[Leg], *, may_break_limits: bool = False
) -> Transfer:
    """Legs of nothing are left out."""
    moving = tuple(leg for leg in legs if leg.amount.minor or leg.kind == Kind.VOID)
    return Transfer(derived_id(parent, step), moving, subject, may_break_limits=may_break_limits)
