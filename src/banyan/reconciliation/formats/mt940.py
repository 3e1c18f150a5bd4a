"""Bank statements as MT940 (SWIFT), read with the package mt-940.

Two things the package would lose are kept: the customer reference of ``:61:``, which a structured
``:86:`` without a reference of its own wipes out (``merge_keeps_values``), and the end of a reference
longer than SWIFT's 16 characters, which many banks send. And it is given a stream, never a text: a
text that names a file of this machine would be read from there.
"""

import io
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Protocol, cast

from mt940 import Options, parse_statements
from mt940.tags import Statement as StatementTag
from mt940.tags import Tag

from banyan.kernel import BanyanError, Fault, Money
from banyan.reconciliation.errors import MalformedReport
from banyan.reconciliation.model import ReadLine, ReadStatement, Statement

_FEES = frozenset({"NCHG", "NCOM", "FCHG"})
_NOT_PROVIDED = frozenset({"", "NONREF", "NOTPROVIDED"})
_WORDS = (
    "transaction_details", "purpose", "additional_purpose", "extra_details", "applicant_name",
    "additional_position_reference",
)  # fmt: skip
TEXT_MAX = 500


class _WholeReference(StatementTag):
    """``:61:`` with a customer reference of any length; it ends at ``//`` or with the line."""

    pattern: ClassVar[str] = StatementTag.pattern.replace(
        r"((?!//)[^\n]){0,16}", r"((?!//)[^\n]){0,80}"
    )


class _Amount(Protocol):
    amount: Decimal
    currency: str


class _Balance(Protocol):
    amount: _Amount
    date: date


def read_mt940(content: bytes) -> list[ReadStatement]:
    """The statements of a file; ``MalformedReport`` names the line that is wrong."""
    text = _decoded(content)
    tags: dict[int | str, Tag] = {61: _WholeReference()}
    try:
        parsed = parse_statements(io.StringIO(text), tags=tags, options=Options.all())
    except (RuntimeError, ValueError, ArithmeticError, AttributeError, TypeError) as error:
        raise _unreadable(text, error) from None
    if not parsed:
        raise _malformed("line 1", "there is no statement (:20:) in it")
    return [
        _statement(one.data, [cast("Mapping[str, Any]", line.data) for line in one], place)
        for place, one in enumerate(parsed, start=1)
    ]


def _statement(data: Mapping[str, Any], rows: list[Mapping[str, Any]], place: int) -> ReadStatement:
    opening = _balance(data, "opening_balance", place)
    closing = _balance(data, "closing_balance", place)
    account = str(data.get("account_identification") or "")
    number = str(data.get("statement_number") or "")
    if not account:
        raise _malformed(f"statement {place}", "it names no account (:25:)")
    page = str(data.get("sequence_number") or "")
    reference = "/".join(
        part for part in (str(data.get("transaction_reference") or ""), number, page) if part
    )
    reference = f"{reference}/{closing.date.year}"  # banks count anew each year
    currency = closing.amount.currency
    lines = tuple(
        _line(row, currency, f"statement {place}, entry {n}", f"{account}/{reference}/{n}")
        for n, row in enumerate(rows, start=1)
        if row.get("amount") is not None
    )
    days = [opening.date, closing.date]
    return ReadStatement(
        Statement(
            account=account,
            reference=reference,
            sequence=int(number) if number.isdigit() and not page else None,
            currency=currency,
            opening_minor=_minor(opening.amount.amount, currency, f"statement {place}"),
            closing_minor=_minor(closing.amount.amount, currency, f"statement {place}"),
            from_on=min(map(_plain_day, days)),
            until_on=max(map(_plain_day, days)),
        ),
        lines,
    )


def _balance(data: Mapping[str, Any], name: str, place: int) -> _Balance:
    found = data.get(f"final_{name}") or data.get(f"intermediate_{name}")
    if found is None:
        tag = ":60F:" if name == "opening_balance" else ":62F:"
        raise _malformed(f"statement {place}", f"it has no {name.replace('_', ' ')} ({tag})")
    return cast(_Balance, found)


def _line(row: Mapping[str, Any], currency: str, place: str, name: str) -> ReadLine:
    amount = cast(_Amount, row["amount"])
    key = next(
        (
            text
            for field in ("end_to_end_reference", "customer_reference")
            if (text := _words(row, field)).upper() not in _NOT_PROVIDED
        ),
        "",
    )
    return ReadLine(
        place=place,
        name=name,
        type="bank_fee" if row.get("id") in _FEES else "settlement",
        on=_plain_day(row.get("entry_date") or row["date"]),
        currency=currency,
        gross_minor=_minor(amount.amount, currency, place),
        key=key,
        reference=_words(row, "bank_reference"),
        text=" ".join(filter(None, (_words(row, field) for field in _WORDS)))[:TEXT_MAX],
    )


def _words(row: Mapping[str, Any], field: str) -> str:
    return " ".join(str(row.get(field) or "").split())


def _plain_day(day: date) -> date:
    return date(day.year, day.month, day.day)


def _minor(amount: Decimal, currency: str, place: str) -> int:
    try:
        return Money.parse(f"{amount:f}", currency).minor
    except BanyanError as refusal:
        raise _malformed(place, refusal.detail.rstrip(".")) from None


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _unreadable(text: str, error: Exception) -> MalformedReport:
    """The package names the value that it can't read; its line is where it stands."""
    value = str(error.args[2]) if len(error.args) > 2 else ""
    place = text.find(value) if value else -1
    where = f"line {text.count(chr(10), 0, place) + 1}" if place >= 0 else "the file"
    tag = re.sub(r"\W", "", type(error.args[1]).__name__) if len(error.args) > 1 else ""
    return _malformed(where, f"this is not a field {tag} of an MT940" if tag else "it is no MT940")


def _malformed(place: str, what: str) -> MalformedReport:
    detail = f"At {place}: {what}. Nothing was imported."
    return MalformedReport(detail, faults=(Fault("malformed_report", detail),))
