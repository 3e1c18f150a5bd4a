"""What the entries of a seller's accounts mean to the seller, and how a spreadsheet gets them."""

import csv
import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from banyan.kernel import Fault, Money
from banyan.payments.errors import InvalidPeriod
from banyan.payments.model import LineKind, Statement, StatementBalance

PERIOD_MAX = timedelta(days=366)
_CLOCKS_CHANGE = timedelta(hours=1)
"""By which a period of whole days may be longer."""

LABELS: dict[LineKind, str] = {
    "sale": "Sales",
    "voucher": "Vouchers that the marketplace pays",
    "commission": "Commission",
    "tax": "Tax on the commission",
    "refund": "Refunds",
    "dispute": "Disputes",
    "fee": "Fees",
    "payout": "Payouts",
    "payout_returned": "Payouts that came back",
    "exchange": "Exchanged for payouts",
    "debit": "Debits from your bank account",
    "write_off": "Debt written off",
    "other": "Other",
    "reserve_kept": "Kept in reserve",
    "reserve_freed": "Freed from the reserve",
}
"""In the order in which a summary shows them."""

_PREFIXES: tuple[tuple[str, LineKind], ...] = (
    ("split", "sale"),
    ("platform_discount", "voucher"),
    ("commission_tax", "tax"),
    ("commission", "commission"),
    ("refund", "refund"),
    ("dispute", "dispute"),
    ("payout_returned", "payout_returned"),
    ("payout", "payout"),
    ("debit", "debit"),
    ("fx_", "exchange"),
    ("write_off", "write_off"),
    ("fee", "fee"),
)


def kind_of(code: str) -> LineKind:
    """What a leg of the ledger is to a seller, by its code; what isn't known is ``other``."""
    for prefix, kind in _PREFIXES:
        if code.startswith(prefix):
            return kind
    return "other"


def check_period(from_at: datetime, until_at: datetime) -> None:
    """``InvalidPeriod`` unless it begins before it ends, and is no longer than a year."""
    if not timedelta(0) < until_at - from_at <= PERIOD_MAX + _CLOCKS_CHANGE:
        raise _invalid_period()


def check_days(from_on: date, until_on: date) -> None:
    """The same of days, and that they can be told as instants in every time zone."""
    if not timedelta(0) < until_on - from_on <= PERIOD_MAX:
        raise _invalid_period()
    if from_on.year < 1970 or until_on.year > 9_000:
        raise _invalid_period()


def to_csv(statement: Statement) -> str:
    """One row a movement between the opening and the closing balance; amounts as decimals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["at", "kind", "subject", "amount", "moved", "balance", "currency"])
    zone = ZoneInfo(statement.time_zone)
    balance = statement.opening.total
    rows: list[list[str]] = [
        _row(statement.from_at.astimezone(zone), "opening_balance", "", None, None, balance)
    ]
    for line in statement.lines:
        balance = balance + line.amount
        at = line.at.astimezone(zone)
        rows.append(_row(at, line.kind, line.subject, line.amount, line.moved, balance))
    at = statement.until_at.astimezone(zone)
    rows.append(_row(at, "closing_balance", "", None, None, statement.closing.total))
    writer.writerows([*map(_harmless, row), statement.currency] for row in rows)
    return out.getvalue()


def nothing(currency: str) -> StatementBalance:
    """What a seller has who has never had anything."""
    zero = Money.zero(currency)
    return StatementBalance(pending=zero, available=zero, held=zero, reserve=zero)


def _invalid_period() -> InvalidPeriod:
    detail = "A period begins before it ends, and lasts at most 366 days."
    return InvalidPeriod(detail, faults=(Fault("invalid_period", detail, parameter="until"),))


def _row(
    at: datetime,
    kind: str,
    subject: str,
    amount: Money | None,
    moved: Money | None,
    balance: Money,
) -> list[str]:
    return [at.isoformat(), kind, subject, _decimal(amount), _decimal(moved), _decimal(balance)]


def _decimal(money: Money | None) -> str:
    return "" if money is None else f"{money.decimal:.{money.currency.exponent}f}"


def _harmless(cell: str) -> str:
    """A spreadsheet must not take a text for a formula; numbers stay numbers."""
    is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
    return cell if is_number or cell[:1] not in ("=", "+", "-", "@", "\t") else f"'{cell}"
