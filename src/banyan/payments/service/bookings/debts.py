"""What sellers owe, recovered or given up."""

from banyan.kernel import Money
from banyan.ledger import Leg, Transfer
from banyan.payments.model import DEBIT, DEBT, Debit, SellerDebt
from banyan.payments.service.bookings.accounts import seller, source, write_offs
from banyan.payments.service.bookings.transfers import transfer_of


def debit_done(debit: Debit) -> Transfer:
    """The seller's bank has paid: it is the seller's, whatever became of the debt meanwhile."""
    leg = Leg(
        source(debit.rail, debit.provider, debit.currency),
        seller(debit.seller_id, "available", debit.currency),
        debit.amount,
        "debit",
    )
    return transfer_of(debit.debit_id, "done", DEBIT.text(debit.debit_id), [leg])


def debit_returned(debit: Debit) -> Transfer:
    """The seller's bank took it back; the seller owes it again, also what was paid out since."""
    leg = Leg(
        seller(debit.seller_id, "available", debit.currency),
        source(debit.rail, debit.provider, debit.currency),
        debit.amount,
        "debit_returned",
    )
    return transfer_of(
        debit.debit_id, "returned", DEBIT.text(debit.debit_id), [leg], may_break_limits=True
    )


def debt_written_off(debt: SellerDebt, owed: Money) -> Transfer:
    """The marketplace bears what the seller owes."""
    leg = Leg(
        write_offs(debt.currency),
        seller(debt.seller_id, "available", debt.currency),
        owed,
        "write_off",
    )
    return transfer_of(debt.debt_id, "write_off", DEBT.text(debt.debt_id), [leg])
