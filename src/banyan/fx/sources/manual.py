"""Rates that people set: through the API one by one, or a file of them.

The file is CSV with the columns ``effective_at,base,currency,rate``; the first is a date (then the
rate counts from its first moment in UTC) or an instant of RFC 3339.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from banyan.fx.errors import InvalidRateFile
from banyan.fx.model import RateDraft
from banyan.fx.sources.numbers import read_code, read_rate

MANUAL = "manual"
_COLUMNS = ["effective_at", "base", "currency", "rate"]


class Manual:
    """Reads a CSV file of rates."""

    name = MANUAL

    def read(self, content: bytes) -> list[RateDraft]:
        try:
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        except (UnicodeDecodeError, csv.Error):
            raise InvalidRateFile("The file is not CSV in UTF-8.") from None
        if not rows or rows[0] != _COLUMNS:
            raise InvalidRateFile(f"The first line is not `{','.join(_COLUMNS)}`.")
        return list(_drafts(rows[1:]))


def _drafts(rows: list[list[str]]) -> Iterator[RateDraft]:
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(_COLUMNS):
            raise InvalidRateFile(f"Line {number} has {len(row)} columns, not {len(_COLUMNS)}.")
        at, base, currency, rate = row
        where = f"line {number}"
        if base == currency:
            raise InvalidRateFile(f"{where}: {base} against itself has no rate.")
        yield RateDraft(
            read_code(base, where), read_code(currency, where), read_rate(rate, where), _at(at)
        )


def _at(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRateFile(f"{text[:40]!r} is not a date or an instant.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
