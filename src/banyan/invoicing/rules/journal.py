"""The journal as a table: opening balances, entries, turnovers and closing balances."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from banyan.invoicing.errors import JournalUnbalanced
from banyan.invoicing.model import ChartLine, Control
from banyan.invoicing.rules.chart import Chart
from banyan.invoicing.rules.content import safe_cell
from banyan.invoicing.rules.periods import day_of
from banyan.kernel import Money
from banyan.ledger import TRANSFER, Balance, JournalLeg

HEAD = (
    "record", "date", "document", "account", "account_name", "path", "debit", "credit", "currency",
    "text", "subject",
)  # fmt: skip

Row = Sequence[str]


class Journal:
    """One period: takes the legs in their order, gives rows, and proves them at the end.

    It remembers one ``Control`` for each number and currency of the chart, and no more.
    """

    def __init__(self, chart: Chart, time_zone: str) -> None:
        self._chart = chart
        self._time_zone = time_zone
        self._controls: dict[tuple[str, str], Control] = {}

    def open_with(self, balances: Iterable[Balance]) -> None:
        """Take balances at the beginning; may be called for one account after the other."""
        for balance in balances:
            self._control(balance.path, balance.currency).opening_minor += balance.posted.minor

    def opening(self, date: str) -> Iterator[Row]:
        for control in self._sorted():
            if control.opening_minor:
                yield _balance_row("opening", date, control, control.opening_minor)

    def entries(self, leg: JournalLeg) -> tuple[Row, Row]:
        """Both sides of a leg: what is debited, and what is credited."""
        debit = self._control(leg.debit_path, leg.currency)
        credit = self._control(leg.credit_path, leg.currency)
        debit.debits_minor += leg.amount_minor
        credit.credits_minor += leg.amount_minor
        date = day_of(leg.effective_at, self._time_zone).isoformat()
        document, amount = TRANSFER.text(leg.transfer_id), _decimal(leg.amount)
        text, subject = safe_cell(leg.description or leg.code), safe_cell(leg.subject)

        def row(line: ChartLine, path: str, left: str, right: str) -> Row:
            return (
                "entry", date, document, line.number, safe_cell(line.name), path, left, right, leg.currency,
                text, subject,
            )  # fmt: skip

        return (
            row(debit.line, leg.debit_path, amount, ""),
            row(credit.line, leg.credit_path, "", amount),
        )

    def compare(self, balances: Iterable[Balance]) -> None:
        """Take the ledger's own balances at the end; may be called for one account after the other."""
        for balance in balances:
            self._control(balance.path, balance.currency).ledger_minor += balance.posted.minor

    def check(self) -> None:
        """``JournalUnbalanced`` unless the journal leads to what the ledger says."""
        for control in self._sorted():
            if control.closing_minor != control.ledger_minor:
                raise JournalUnbalanced(
                    f"Account {control.line.number} comes to "
                    f"{control.money(control.closing_minor)} by the journal, and to "
                    f"{control.money(control.ledger_minor)} by the ledger."
                )

    def totals(self, date: str) -> Iterator[Row]:
        """Turnover and closing balance of each number, and both sums of each currency."""
        for control in self._sorted():
            if control.debits_minor or control.credits_minor:
                yield _row("turnover", date, control, control.debits_minor, control.credits_minor)
        for control in self._sorted():
            if control.closing_minor:
                yield _balance_row("closing", date, control, control.closing_minor)
        for currency in sorted({control.currency for control in self._sorted()}):
            mine = [one for one in self._sorted() if one.currency == currency]
            total = Control(ChartLine("", "", "Total"), currency)
            debited = sum(one.debits_minor for one in mine)
            credited = sum(one.credits_minor for one in mine)
            assert debited == credited, "every leg has two sides"
            yield _row("total", date, total, debited, credited)

    def _control(self, path: str, currency: str) -> Control:
        line = self._chart.line_of(path)
        control = self._controls.get((line.number, currency))
        if control is None:
            control = self._controls[line.number, currency] = Control(line, currency)
        return control

    def _sorted(self) -> list[Control]:
        return [self._controls[key] for key in sorted(self._controls, key=lambda key: key[::-1])]


def csv_text(rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _balance_row(record: str, date: str, control: Control, minor: int) -> Row:
    """A balance below zero is a debit."""
    return _row(record, date, control, max(0, -minor), max(0, minor), is_balance=True)


def _row(
    record: str,
    date: str,
    control: Control,
    debited: int,
    credited: int,
    *,
    is_balance: bool = False,
) -> Row:
    left, right = _decimal(control.money(debited)), _decimal(control.money(credited))
    if is_balance:
        left, right = (left, "") if debited else ("", right)
    line = control.line
    return (
        record, date, "", line.number, safe_cell(line.name), "", left, right, control.currency, "", "",
    )  # fmt: skip


def _decimal(money: Money) -> str:
    return f"{money.decimal:.{money.currency.exponent}f}"
