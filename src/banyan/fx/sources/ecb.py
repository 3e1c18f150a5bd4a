"""The euro foreign exchange reference rates of the European Central Bank.

It publishes about thirty rates around 16:00 Central European Time of each working day, as one file
of that day and one of every day since 1999, each in XML and as CSV in a zip:
``eurofxref-daily.xml``, ``eurofxref-hist.xml``, ``eurofxref.zip``, ``eurofxref-hist.zip``.
The rates are for information; the spread is what pays for trading at others.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from banyan.fx.errors import InvalidRateFile
from banyan.fx.model import RateDraft
from banyan.fx.sources.numbers import read_code, read_rate

_CUBE: Final = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_KNOWN_FROM = time(15, tzinfo=UTC)
"""16:00 CET. In summer the rates come an hour before, which we let pass: never too early."""

_UNZIPPED_BYTES_MAX = 64 * 1024 * 1024
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"), 1)
}  # fmt: skip


class Ecb:
    """Reads the XML files, the CSV files, and the zips with them."""

    name = "ecb"

    def read(self, content: bytes) -> list[RateDraft]:
        if content.startswith(b"PK"):
            content = _unzipped(content)
        rows = _xml(content) if content.lstrip()[:1] == b"<" else _csv(content)
        drafts = list(rows)
        if not drafts:
            raise InvalidRateFile("The file has no rates of the European Central Bank.")
        return drafts


def _unzipped(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as folder:
            [inside] = folder.infolist()
            if inside.file_size > _UNZIPPED_BYTES_MAX:
                raise InvalidRateFile("The zip holds a file of more than 64 MiB.")
            return folder.read(inside)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        raise InvalidRateFile("The zip can't be read; it should hold one CSV file.") from None


def _xml(content: bytes) -> Iterator[RateDraft]:
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InvalidRateFile(f"The XML can't be read: {error}.") from None
    for day in root.iter(_CUBE):
        if (written := day.get("time")) is None:
            continue
        effective_at = _known_at(_iso_date(written))
        for cube in day.iterfind(_CUBE):
            currency = read_code(cube.get("currency", ""), written)
            rate = read_rate(cube.get("rate", ""), f"{written} {currency}")
            yield RateDraft("EUR", currency, rate, effective_at)


def _csv(content: bytes) -> Iterator[RateDraft]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error):
        raise InvalidRateFile("The file is neither XML nor CSV in UTF-8.") from None
    if not rows or rows[0][:1] != ["Date"]:
        raise InvalidRateFile("The first line of the CSV is not `Date,USD,JPY,…`.")
    header = [name.strip() for name in rows[0]]
    for row in rows[1:]:
        if not row:
            continue
        written = row[0].strip()
        effective_at = _known_at(_any_date(written))
        # Lines end with a comma; a day without the currency says N/A.
        for name, text in zip(header[1:], row[1:], strict=False):
            if name and (text := text.strip()) not in ("", "N/A"):
                currency = read_code(name, "the first line")
                rate = read_rate(text, f"{written} {currency}")
                yield RateDraft("EUR", currency, rate, effective_at)


def _known_at(day: date) -> datetime:
    return datetime.combine(day, _KNOWN_FROM)


def _any_date(text: str) -> date:
    """``2018-03-01`` in the history, ``01 March 2018`` in the file of a day."""
    day, _, rest = text.partition(" ")
    month, _, year = rest.partition(" ")
    if month not in _MONTHS:
        return _iso_date(text)
    return _iso_date(f"{year}-{_MONTHS[month]:02d}-{day.zfill(2)}")


def _iso_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRateFile(f"{text[:40]!r} is not a date.") from None
