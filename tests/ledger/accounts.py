"""Accounts and transfers that the tests of the ledger share."""

from uuid import UUID, uuid4

from banyan.kernel import Money
from banyan.ledger import Account, Kind, Leg, PendingRef, Side, Transfer

BANK = Account("platform:bank", "BRL", normal=Side.DEBIT)
HELD = Account("buyer:funds_held", "BRL")
SELLER = Account("seller:1:available", "BRL", floor=0)
COMMISSION = Account("platform:commission", "BRL")


def brl(minor: int) -> Money:
    return Money.of(minor, "BRL")


def move(
    debit: Account, credit: Account, minor: int, transfer_id: UUID | None = None
) -> Transfer:  # fmt: skip
    """A transfer of one posted leg."""
    leg = Leg(debit, credit, Money.of(minor, debit.currency), "test")
    return Transfer(transfer_id or uuid4(), (leg,), subject="ord_1")


def hold(debit: Account, credit: Account, minor: int) -> Transfer:
    leg = Leg(debit, credit, Money.of(minor, debit.currency), "hold", Kind.PENDING)
    return Transfer(uuid4(), (leg,), subject="ord_1")


def resolve(held: Transfer, kind: Kind, minor: int = 0) -> Transfer:
    """Post, void or expire the first leg of a hold."""
    leg = held.legs[0]
    amount = Money.of(minor, leg.debit.currency)
    return Transfer(
        uuid4(),
        (Leg(leg.debit, leg.credit, amount, "resolve", kind, PendingRef(held.id)),),
        subject="ord_1",
    )
