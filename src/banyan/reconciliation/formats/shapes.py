"""The shapes of settlement reports, as data: which column says what.

Amounts are what a row does to our balance at the provider: a settlement takes from it. A line of
ours counts a settlement as what comes to the bank, so its sign is turned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from banyan.reconciliation.model import Format, LineType


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One shape. Columns that a tuple names are tried in order, and the first that says something
    counts.

    ``gross`` and ``net`` are a column of signed amounts, or one of credits and one of debits. Without
    ``fee``, the fee is gross less net. ``name`` tells a row from all others; without it, the whole
    row and how often it came does. ``skipped`` types say nothing about money that we have.
    ``makes_settlements``: rows name their batch, but no row says that it was paid.
    """

    format: Format
    type: str
    types: Mapping[str, LineType]
    on: str
    currency: str
    net: tuple[str, ...]
    gross: tuple[str, ...] = ()
    fee: str | None = None
    name: str | None = None
    key: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    batch: str | None = None
    text: str | None = None
    original: tuple[str, ...] = ()
    original_currency: str | None = None
    settled_on: str | None = None
    skipped: frozenset[str] = field(default_factory=frozenset[str])
    makes_settlements: bool = False

    @property
    def needed(self) -> list[str]:
        """The columns without which it isn't this shape."""
        single = (self.type, self.on, self.currency, self.name, self.fee, self.batch)
        return [*(name for name in single if name), *self.net, *self.gross]


BANYAN = Shape(
    format="banyan",
    name="line",
    type="type",
    types={
        "capture": "capture",
        "refund": "refund",
        "refund_return": "refund_return",
        "chargeback": "chargeback",
        "chargeback_reversal": "chargeback_reversal",
        "dispute_fee": "dispute_fee",
        "fee": "fee",
        "payout": "payout",
        "payout_return": "payout_return",
        "debit": "debit",
        "debit_return": "debit_return",
        "adjustment": "adjustment",
        "settlement": "settlement",
    },
    on="date",
    currency="currency",
    gross=("gross",),
    fee="fee",
    net=("net",),
    key=("key",),
    reference=("reference",),
    group=("payment",),
    batch="batch",
    text="description",
    original=("original_amount",),
    original_currency="original_currency",
)
"""Our own: docs/reconciliation.md describes it."""

STRIPE = Shape(
    format="stripe",
    name="balance_transaction_id",
    type="reporting_category",
    types={
        "charge": "capture",
        "refund": "refund",
        "refund_failure": "refund_return",
        "dispute": "chargeback",
        "dispute_reversal": "chargeback_reversal",
        "fee": "fee",
        "network_cost": "fee",
        "tax": "fee",
        "transfer": "payout",
        "transfer_reversal": "payout_return",
        "payout": "settlement",
        "payout_reversal": "settlement",
        "other_adjustment": "adjustment",
        "partial_capture_reversal": "adjustment",
        "risk_reserved_funds": "adjustment",
        "minimum_balance_hold": "adjustment",
    },
    on="created",
    currency="currency",
    gross=("gross",),
    fee="fee",
    net=("net",),
    key=("payment_metadata[attempt]", "refund_metadata[attempt]", "transfer_metadata[attempt]"),
    reference=("source_id", "charge_id"),
    group=("payment_metadata[payment]", "payment_intent_id"),
    batch="automatic_payout_id",
    settled_on="automatic_payout_effective_at",
    text="description",
    original=("customer_facing_amount",),
    original_currency="customer_facing_currency",
    makes_settlements=True,
)
"""Stripe's itemized payout reconciliation (payout_reconciliation.itemized): docs.stripe.com/reports."""

ADYEN = Shape(
    format="adyen",
    type="Type",
    types={
        "Settled": "capture",
        "Refunded": "refund",
        "RefundedReversed": "refund_return",
        "Chargeback": "chargeback",
        "SecondChargeback": "chargeback",
        "ChargebackReversed": "chargeback_reversal",
        "Fee": "fee",
        "MiscCosts": "fee",
        "PaymentCost": "fee",
        "InvoiceDeduction": "fee",
        "DepositCorrection": "adjustment",
        "ReserveAdjustment": "adjustment",
        "Balancetransfer": "adjustment",
        "ManualCorrected": "adjustment",
        "PaidOut": "payout",
        "PaidOutReversed": "payout_return",
        "MerchantPayout": "settlement",
        "BankInstructionReturned": "settlement",
    },
    on="Creation Date",
    currency="Net Currency",
    net=("Net Credit (NC)", "Net Debit (NC)"),
    key=("Modification Merchant Reference",),
    reference=("Modification Reference", "Psp Reference"),
    group=("Merchant Reference",),
    batch="Batch Number",
    text="Modification Reference",
    original=("Gross Credit (GC)", "Gross Debit (GC)"),
    original_currency="Gross Currency",
    skipped=frozenset({"MatchedStatement", "EpaPaid"}),
)
"""Adyen's settlement details: docs.adyen.com/reporting. Costs are what gross and net are apart."""

SHAPES: Mapping[Format, Shape] = {shape.format: shape for shape in (BANYAN, STRIPE, ADYEN)}
