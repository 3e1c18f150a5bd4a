"""Settlement reports in CSV, of any shape."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from banyan.kernel import BanyanError, Fault, Money
from banyan.reconciliation.errors import MalformedReport
from banyan.reconciliation.formats.shapes import Shape
from banyan.reconciliation.model import ReadLine

_FIELD_MAX = 500
LINES_MAX = 200_000
_Row = Mapping[str, str]


def read_report(shape: Shape, content: bytes) -> list[ReadLine]:
    """The lines of a report, in its order; ``MalformedReport`` names the line that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(1, f"the byte {error.start} is not UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = [name for name in shape.needed if name not in (reader.fieldnames or ())]
    if missing:
        raise _malformed(1, f"there is no column {missing[0]!r}")
    lines = list(_lines(shape, reader))
    if shape.makes_settlements and not any(line.type == "settlement" for line in lines):
        lines += _settlements(lines, _settled_on(shape, text))
    return lines


def _lines(shape: Shape, reader: "csv.DictReader[str]") -> Iterator[ReadLine]:
    seen = Counter[str]()
    try:
        for row in reader:
            if reader.line_num > LINES_MAX:
                raise _malformed(reader.line_num, f"a report has at most {LINES_MAX} lines")
            if None in row or None in row.values():
                raise _malformed(reader.line_num, "it has more or fewer fields than the header")
            line = _line(shape, row, reader.line_num, seen)
            if line is not None:
                yield line
    except csv.Error as error:
        raise _malformed(reader.line_num, str(error)) from None


def _line(shape: Shape, row: _Row, number: int, seen: Counter[str]) -> ReadLine | None:
    kind = row[shape.type].strip()
    if kind in shape.skipped:
        return None
    line_type = shape.types.get(kind)
    if line_type is None:
        raise _malformed(number, f"{kind[:40]!r} in {shape.type!r} is not a type that we know")
    if max(map(len, row.values())) > _FIELD_MAX:
        raise _malformed(number, f"a field is longer than {_FIELD_MAX} characters")
    try:
        currency = row[shape.currency].strip().upper()
        net = _signed(row, shape.net, currency)
        original_currency, original = _original(shape, row)
        gross, fee = _gross_and_fee(shape, row, currency, net, original_currency, original)
        on = date.fromisoformat(row[shape.on].strip()[:10])
    except (BanyanError, ValueError) as refusal:
        raise _malformed(number, str(refusal).rstrip(".")) from None
    sign = -1 if line_type == "settlement" else 1
    return ReadLine(
        place=f"line {number}",
        name=_name(shape, row, number, seen),
        type=line_type,
        on=on,
        currency=currency,
        gross_minor=sign * gross,
        fee_minor=sign * fee,
        key=_first(row, shape.key),
        reference=_first(row, shape.reference),
        group=_first(row, shape.group),
        batch=_first(row, (shape.batch,) if shape.batch else ()),
        text=_first(row, (shape.text,) if shape.text else ()),
        original_minor=original if original_currency != currency else None,
        original_currency=original_currency if original_currency != currency else None,
    )


def _gross_and_fee(
    shape: Shape,
    row: _Row,
    currency: str,
    net: int,
    original_currency: str | None,
    original: int | None,
) -> tuple[int, int]:
    if shape.fee is not None:
        gross = _signed(row, shape.gross, currency)
        fee = Money.parse(row[shape.fee].strip() or "0", currency).minor
        if gross - fee != net:
            raise ValueError("gross less fee is not net")
        return gross, fee
    if original is not None and original and original_currency == currency:
        return original, original - net
    return net, 0


def _original(shape: Shape, row: _Row) -> tuple[str | None, int | None]:
    """What was asked of the buyer, with the sign that it has for us; None where nothing is said."""
    name = shape.original_currency
    currency = row.get(name, "").strip().upper() if name else ""
    if not currency or not any(row.get(column, "").strip() for column in shape.original):
        return None, None
    return currency, _signed(row, shape.original, currency)


def _signed(row: _Row, columns: tuple[str, ...], currency: str) -> int:
    """A signed amount, or a credit less a debit."""
    amounts = [Money.parse(row[name].strip() or "0", currency).minor for name in columns]
    return amounts[0] - sum(amounts[1:])


def _name(shape: Shape, row: _Row, number: int, seen: Counter[str]) -> str:
    if shape.name is not None:
        name = row[shape.name].strip()
        if not name:
            raise _malformed(number, f"{shape.name!r} is empty")
        return name
    whole = hashlib.sha256("\x1f".join(row.values()).encode()).hexdigest()[:32]
    seen[whole] += 1
    return f"{whole}#{seen[whole]}"


def _first(row: _Row, columns: tuple[str, ...]) -> str:
    return next((text for name in columns if (text := row.get(name, "").strip())), "")


def _settlements(lines: list[ReadLine], settled_on: Mapping[str, date]) -> Iterator[ReadLine]:
    """What the batches that rows name have paid."""
    totals = Counter[tuple[str, str]]()
    for line in lines:
        if line.batch:
            totals[line.batch, line.currency] += line.gross_minor - line.fee_minor
    latest = {line.batch: line.on for line in sorted(lines, key=lambda line: line.on)}
    for (batch, currency), total in totals.items():
        yield ReadLine(
            place=f"batch {batch}",
            name=f"batch/{batch}/{currency}",
            type="settlement",
            on=settled_on.get(batch, latest[batch]),
            currency=currency,
            gross_minor=total,
            reference=batch,
            batch=batch,
        )


def _settled_on(shape: Shape, text: str) -> dict[str, date]:
    """The days that rows say their batch was paid on."""
    if shape.settled_on is None or shape.batch is None:
        return {}
    days: dict[str, date] = {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        day = (row.get(shape.settled_on) or "").strip()[:10]
        if day:
            try:
                days[row[shape.batch].strip()] = date.fromisoformat(day)
            except ValueError:
                raise _malformed(1, f"{day!r} in {shape.settled_on!r} is not a date") from None
    return days


def _malformed(number: int, what: str) -> MalformedReport:
    detail = f"Line {number}: {what}. Nothing was imported."
    return MalformedReport(detail, faults=(Fault("malformed_report", detail),))
