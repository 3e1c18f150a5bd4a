"""The money's way through the ledger: which transfer each step of payments makes.

Ids are derived from the payment, refund, dispute or payout and the step, so that a step that is done
twice is booked once. The buyer's order is the subject of all of them, but of payouts.

    authorize   receivable ⇢ funds held                                  pending
    capture     … posted; promotions → seller pending, the platform's part of vouchers;
                funds held → seller pending → commission, tax;
                funds held → shipping that the platform runs, service fee, its tax;
                fees ← receivable
    exchange    receivable → position, position → receivable             after each step, where the
                                                                         provider settles otherwise
    release     seller pending → seller available, and what is held back → held, reserve
    freed       held, reserve → available; taken: the same before its time, for what is owed
    refund      each part ⇢ receivable, ⇢ promotions                     pending until it succeeded;
                                                                         back and held again if returned
    dispute     each part → disputes held, → promotions; or write-offs → disputes held
                given back: the same way back · lost: disputes held → receivable, and back if regained
                fees ← receivable
    payout      seller available ⇢ in transit                            pending; → receivable or
                                                                         → our bank account
    debit       receivable or our bank account → seller available
    written off write-offs → seller available
"""

from banyan.payments.service.bookings.accounts import fees, receivable, seller
from banyan.payments.service.bookings.debts import debit_done, debit_returned, debt_written_off
from banyan.payments.service.bookings.disputes import (
    dispute_fee,
    dispute_given_back,
    dispute_held,
    dispute_lost,
    dispute_regained,
)
from banyan.payments.service.bookings.exchanges import exchange, exchanges_of
from banyan.payments.service.bookings.holdbacks import holdback_freed, holdback_taken
from banyan.payments.service.bookings.payments import authorization, capture, release, top_up, void
from banyan.payments.service.bookings.payouts import (
    payout_failed,
    payout_hold,
    payout_paid,
    payout_returned,
)
from banyan.payments.service.bookings.refunds import (
    refund_done,
    refund_failed,
    refund_hold,
    refund_returned,
)
from banyan.payments.service.bookings.settlements import settled

__all__ = [
    "authorization",
    "capture",
    "debit_done",
    "debit_returned",
    "debt_written_off",
    "dispute_fee",
    "dispute_given_back",
    "dispute_held",
    "dispute_lost",
    "dispute_regained",
    "exchange",
    "exchanges_of",
    "fees",
    "holdback_freed",
    "holdback_taken",
    "payout_failed",
    "payout_hold",
    "payout_paid",
    "payout_returned",
    "receivable",
    "refund_done",
    "refund_failed",
    "refund_hold",
    "refund_returned",
    "release",
    "seller",
    "settled",
    "top_up",
    "void",
]
