"""A settlement report in the shape of Stripe's own itemized payout reconciliation.

Columns and their meaning are Stripe's (docs.stripe.com/reports/report-types/payout-reconciliation),
so that a file downloaded from its dashboard and one made here are read by the same mapping. Amounts
are decimal numbers of whole currency units, gross and net with their sign.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from banyan.payments.providers.exponents import STRIPE_UNITS
from banyan.payments.providers.stripe import shapes
from banyan.payments.providers.stripe.shapes import KEY

COLUMNS: tuple[str, ...] = (
    "automatic_payout_id",
    "automatic_payout_effective_at",
    "balance_transaction_id",
    "created",
    "reporting_category",
    "currency",
    "gross",
    "fee",
    "net",
    "source_id",
    "charge_id",
    "payment_intent_id",
    f"payment_metadata[{KEY}]",
    f"refund_metadata[{KEY}]",
    f"transfer_metadata[{KEY}]",
)

_METADATA = {
    "charge": f"payment_metadata[{KEY}]",
    "refund": f"refund_metadata[{KEY}]",
    "transfer": f"transfer_metadata[{KEY}]",
}


def day_of(on: date) -> int:
    """A day as Stripe writes it: the second at which it begins in UTC."""
    return int(datetime.combine(on, time(), UTC).timestamp())


def write(payouts: Iterable[tuple[shapes.Payout, Sequence[object]]]) -> bytes:
    """The lines of these payouts, in their order; the payouts themselves are no lines."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for payout, entries in payouts:
        for entry in map(shapes.balance_transaction_of, entries):
            if entry.type != "payout":
                writer.writerow(_line(payout, entry))
    return text.getvalue().encode()


def _line(payout: shapes.Payout, entry: shapes.BalanceTransaction) -> dict[str, str]:
    source: Mapping[str, Any] = entry.source if isinstance(entry.source, dict) else {}
    kind = str(source.get("object", ""))
    line = {
        "automatic_payout_id": payout.id,
        "automatic_payout_effective_at": _instant(payout.arrival_date),
        "balance_transaction_id": entry.id,
        "created": _instant(entry.created),
        "reporting_category": entry.reporting_category or entry.type,
        "currency": entry.currency,
        "gross": _decimal(entry.amount, entry.currency),
        "fee": _decimal(entry.fee, entry.currency),
        "net": _decimal(entry.net, entry.currency),
        "source_id": str(source.get("id") or entry.source or ""),
        "charge_id": str(source.get("id" if kind == "charge" else "charge") or ""),
        "payment_intent_id": str(source.get("payment_intent") or ""),
    }
    if kind in _METADATA:
        metadata: Mapping[str, str] = source.get("metadata") or {}
        line[_METADATA[kind]] = metadata.get(KEY, "")
    return line


def _decimal(units: int, currency: str) -> str:
    money = STRIPE_UNITS.money(units, currency)
    return f"{money.decimal:.{money.currency.exponent}f}"


def _instant(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
