"""Where the money is, and how it got there."""

from dataclasses import dataclass
from datetime import datetime

from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class Summary:
    """Where the money of one currency is.

    ``is_balanced``: what the provider holds for us by the ledger is what it must hold by the
    payments, refunds, disputes and payouts, less what was ``settled``: paid to our bank, or given up as
    a difference, as reconciliation has proved. ``promotions`` is what the platform added to sales;
    ``tax`` is on commission and service fees. ``exchanged`` is what the provider has exchanged by
    itself: below zero in the currency that was paid, above in the one that it settles.
    """

    currency: str
    payments: int
    taken: Money
    provider_fees: Money
    commission: Money
    tax: Money
    service_fees: Money
    shipping_kept: Money
    promotions: Money
    owed_to_sellers: Money
    paid_out: Money
    in_transit: Money
    in_dispute: Money
    lost_in_disputes: Money
    refunded: Money
    settled: Money
    exchanged: Money
    at_provider: Money
    is_balanced: bool


@dataclass(frozen=True, slots=True)
class Movement:
    """One leg of the ledger about an order. ``kind`` is the ledger's: posted, pending, post, void.

    What is pending has not moved yet; its post or void follows.
    """

    at: datetime
    code: str
    debit: str
    credit: str
    amount: Money
    kind: str
