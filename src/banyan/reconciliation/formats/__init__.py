"""Files of providers and banks, read into lines; nothing is kept here.

``read_report`` reads settlement reports in CSV, ``read_statements`` bank statements. Both read all
of a file or refuse it.
"""

from banyan.kernel import Money
from banyan.reconciliation.errors import MalformedReport, UnknownFormat
from banyan.reconciliation.formats.camt053 import read_camt053
from banyan.reconciliation.formats.mt940 import read_mt940
from banyan.reconciliation.formats.reports import read_report as read_shape
from banyan.reconciliation.formats.shapes import SHAPES
from banyan.reconciliation.model import Format, ReadLine, ReadStatement

__all__ = ["SHAPES", "find_format", "read_report", "read_statements", "statement_format"]


def read_report(report_format: Format, content: bytes) -> list[ReadLine]:
    """The lines of a settlement report; ``MalformedReport``."""
    shape = SHAPES.get(report_format)
    if shape is None:
        raise UnknownFormat(f"Reports come as one of {', '.join(SHAPES)}.")
    return read_shape(shape, content)


def find_format(content: bytes) -> Format:
    """The shape whose columns a report has; ``UnknownFormat``."""
    header = content.partition(b"\n")[0].decode("utf-8-sig", "replace")
    columns = {name.strip().strip('"') for name in header.split(",")}
    for name, shape in SHAPES.items():
        if columns.issuperset(shape.needed):
            return name
    raise UnknownFormat(f"These are not the columns of {', '.join(SHAPES)}.")


def read_statements(content: bytes) -> list[ReadStatement]:
    """The statements of a file; ``MalformedReport``, also if the lines don't lead from the opening
    balance to the closing one."""
    read = read_camt053 if statement_format(content) == "camt.053" else read_mt940
    statements = read(content)
    for one in statements:
        _check_sum(one)
    return statements


def statement_format(content: bytes) -> Format:
    """XML is camt.053; everything else is taken for MT940."""
    return "camt.053" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else "mt940"


def _check_sum(read: ReadStatement) -> None:
    statement = read.statement
    strays = [line for line in read.lines if line.currency != statement.currency]
    if strays:
        raise MalformedReport(
            f"At {strays[0].place}: the entry is in {strays[0].currency}, but the account in "
            f"{statement.currency}. Nothing was imported."
        )
    total = statement.opening_minor + sum(line.gross_minor - line.fee_minor for line in read.lines)
    if total != statement.closing_minor:
        lacking = Money.of(statement.closing_minor - total, statement.currency)
        raise MalformedReport(
            f"Statement {statement.reference}: the opening balance and the entries don't lead to "
            f"the closing balance; {lacking} are missing. Nothing was imported."
        )
