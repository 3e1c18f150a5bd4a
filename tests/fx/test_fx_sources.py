import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest

from banyan.fx import SOURCES, InvalidRateFile, RateDraft
from tests.fx import files

ECB, MANUAL = SOURCES["ecb"], SOURCES["manual"]
AT = datetime(2018, 2, 28, 15, tzinfo=UTC)
DAY = [
    RateDraft("EUR", "USD", Decimal("1.2214"), AT),
    RateDraft("EUR", "JPY", Decimal("130.72"), AT),
    RateDraft("EUR", "BRL", Decimal("3.9617"), AT),
    RateDraft("EUR", "HRK", Decimal("7.4475"), AT),
]


@pytest.mark.parametrize(
    "content",
    [
        files.DAILY_XML,
        files.DAILY_CSV,
        files.DAILY_CSV.replace(b"\n", b"\r\n"),
        files.zipped(files.DAILY_CSV),
        b"\xef\xbb\xbf" + files.DAILY_CSV,
    ],
    ids=["xml", "csv", "csv of windows", "zip", "csv with a mark"],
)
def test_every_shape_of_a_day_says_the_same(content: bytes) -> None:
    assert ECB.read(content) == DAY


@pytest.mark.parametrize(
    "content", [files.HISTORY_XML, files.HISTORY_CSV, files.zipped(files.HISTORY_CSV)]
)
def test_the_history_has_every_day(content: bytes) -> None:
    rates = {(d.currency, d.effective_at.date().isoformat()): d.rate for d in ECB.read(content)}
    assert rates["USD", "2018-02-27"] == Decimal("1.2301")
    assert rates["BRL", "2018-02-28"] == Decimal("3.9617")
    assert ("BRL", "2007-12-31") not in rates
    assert ("CYP", "2018-02-28") not in rates


def test_numbers_are_read_as_they_are_written() -> None:
    [cyprus] = [d for d in ECB.read(files.HISTORY_CSV) if d.currency == "CYP"]
    assert str(cyprus.rate) == "0.585274"


_BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>"""
_TWO_FILES = BytesIO()
with zipfile.ZipFile(_TWO_FILES, "w") as _folder:
    _folder.writestr("a.csv", files.DAILY_CSV)
    _folder.writestr("b.csv", files.DAILY_CSV)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "first line"),
        (b"Date,USD\n", "no rates"),
        (b"when,USD\n2018-02-28,1.2\n", "first line"),
        (b"<html></html>", "no rates"),
        (b"<Envelope", "can't be read"),
        (_BOMB, "can't be read"),
        (b"\xff\xfe\x00", "neither XML nor CSV"),
        (b"PK\x03\x04rubbish", "zip can't be read"),
        (_TWO_FILES.getvalue(), "one CSV file"),
        (files.zipped(b"0" * (64 * 1024 * 1024 + 1)), "64 MiB"),
        (b"Date,USD\n2018-02-30,1.2\n", "'2018-02-30' is not a date"),
        (b"Date,USD\n2018-02-28,-1.2\n", "'-1.2' is not a rate"),
        (b"Date,USD\n2018-02-28,1e3\n", "'1e3' is not a rate"),
        (b"Date,USD\n2018-02-28,0\n", "'0' is not a rate"),
        (b"Date,US\n2018-02-28,1.2\n", "'US' is not a currency code"),
        (files.DAILY_XML.replace(b"1.2214", b"NaN"), "'NaN' is not a rate"),
    ],
)
def test_what_is_no_file_of_rates_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InvalidRateFile, match=words):
        ECB.read(content)


def test_a_file_of_ones_own() -> None:
    content = (
        b"effective_at,base,currency,rate\n"
        b"2018-03-01,USD,BRL,3.2495\n"
        b"2018-03-01T09:30:00-03:00,EUR,ARS,24.6\n"
    )
    assert MANUAL.read(content) == [
        RateDraft("USD", "BRL", Decimal("3.2495"), datetime(2018, 3, 1, tzinfo=UTC)),
        RateDraft("EUR", "ARS", Decimal("24.6"), datetime(2018, 3, 1, 12, 30, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"2018-03-01,USD,BRL", "Line 2 has 3 columns"),
        (b"2018-03-01,USD,USD,1", "against itself"),
        (b"tomorrow,USD,BRL,3.2", "'tomorrow' is not a date"),
        (b"2018-03-01,USD,BRL,3,2", "5 columns"),
        (b"2018-03-01,USD,BRL,3.", "'3.' is not a rate"),
        (b"2018-03-01,usd,BRL,3.1", "'usd' is not a currency code"),
    ],
)
def test_a_file_of_ones_own_has_to_be_right(line: bytes, words: str) -> None:
    with pytest.raises(InvalidRateFile, match=words):
        MANUAL.read(b"effective_at,base,currency,rate\n" + line)
