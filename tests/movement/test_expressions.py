"""The plan's language: what it computes, and that nothing else can be said in it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.movement.rules.expressions import (
    BadExpression,
    CannotMap,
    compile_expression,
    names_in,
)
from banyan.movement.rules.functions import FUNCTIONS

COLUMNS = ["a", "b", "order"]
LOOKUPS = {"status": {"1": "open", "2": "shipped"}}


def value(text: str, *row: Any) -> Any:
    return compile_expression(text, COLUMNS, LOOKUPS).of_row((*row, *[None] * (3 - len(row))))


@pytest.mark.parametrize(
    ("text", "row", "wanted"),
    [
        ("a", (5,), 5),
        ("order", (1, 2, 3), 3),
        ("col('order') + 1", (1, 2, 3), 4),
        ("a + b * 2", (1, 2), 5),
        ("a if a is not None else b", (None, 2), 2),
        ("lower(trim(a))", (" A ",), "a"),
        ("lower(a)", (None,), None),
        ("concat(a, '-', b)", ("x", None), "x-"),
        ("coalesce(a, b, 7)", (), 7),
        ("nullif(a, '')", ("",), None),
        ("max(a, b)", (2, Decimal(3)), Decimal(3)),
        ("max(a, b)", (2, None), None),
        ("min(a, b, 1)", (None, 2), None),
        ("min(a)", (None,), None),
        ("max(coalesce(a, 0), b)", (None, 2), 2),
        ("decimal(a, 2)", ("19.995",), Decimal("20.00")),
        ("decimal(a, 2)", (19.99,), Decimal("19.99")),
        ("minor(a)", (Decimal("19.99"),), 1999),
        ("from_minor(a)", (1999,), Decimal("19.99")),
        ("round(a, 1)", (2.25,), 2.3),
        ("round_even(a, 1)", (2.25,), 2.2),
        ("a * b", (Decimal("1.5"), 2.0), Decimal("3.0")),
        ("lookup('status', a)", (2,), "shipped"),
        ("lookup('status', a, 'none')", (9,), "none"),
        ("get(a, 'x', 0, 'y')", ('{"x": [{"y": 4}]}',), 4),
        ("get(a, 'x', 3)", ('{"x": []}',), None),
        ("json(a)['k']", ('{"k": 1}',), 1),
        ("date(a)", ("2018-03-01 10:00:00",), date(2018, 3, 1)),
        ("date(a, '%d.%m.%Y')", ("01.03.2018",), date(2018, 3, 1)),
        ("from_epoch(a, 'ms')", (1500,), datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)),
        ("epoch(timestamp(a))", ("1970-01-02",), 86400),
        ("recode(a, 'latin-1')", ("Ã©",), "é"),
        ("decode(a, 'latin-1')", (b"\xe9",), "é"),
        ("unhex(hex(a))", ("é",), "é".encode()),
        ("part(a, '-', -1)", ("a-b-c",), "c"),
        ("substring(a, 2, 2)", ("abcd",), "bc"),
        ("pad_left(a, 4, '0')", (7,), "0007"),
        ("uuid(a)", ("01890A5D-AC96-774B-BCCE-B302099A8057",), UUID("01890a5d-ac96-774b-bcce-b302099a8057")),
        ("bool(a)", (b"\x01",), True),
        ("bool(a)", ("f",), False),
        ("a in ('x', 'y')", ("x",), True),
        ("a % 3", (7,), 1),
        ("a[0:2]", ("abc",), "ab"),
    ],
)  # fmt: skip
def test_it_computes(text: str, row: tuple[Any, ...], wanted: Any) -> None:
    assert value(text, *row) == wanted


def test_a_local_time_is_an_instant_of_its_zone_in_summer_and_winter() -> None:
    berlin = "timestamp(a, 'Europe/Berlin')"
    assert value(berlin, "2018-07-01 12:00") == datetime(2018, 7, 1, 10, tzinfo=UTC)
    assert value(berlin, "2018-01-01 12:00") == datetime(2018, 1, 1, 11, tzinfo=UTC)
    assert value(
        "naive(a, 'Europe/Berlin')", datetime(2018, 7, 1, 10, tzinfo=UTC)
    ) == datetime.fromisoformat("2018-07-01 12:00:00")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "a.__class__",
        "(lambda: 1)()",
        "[x for x in a]",
        "9 ** 9",
        "f'{a}'",
        "a; b",
        "open('/etc/passwd')",
        "eval('1')",
        "a := 1",
        "lower(*a)",
        "lower(**a)",
        "concat(a)(b)",
        "_lookups",
        "_row",
        "lookup(a, b)",
        "lookup('nosuch', b)",
        "yield a",
        "1 << 99",
        "nosuch",
        "a +",
        "((((" * 20 + "a" + "))))" * 20 + "." * 3,
        "not " * 40 + "a",
    ],
)
def test_nothing_else_can_be_said(text: str) -> None:
    with pytest.raises(BadExpression, match="at character"):
        compile_expression(text, COLUMNS, LOOKUPS)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a * 1000000000", ("x",)),
        ("a % b", ("%0999999999d", 1)),
        ("int(a)", ("1e999999999",)),
        ("pad_left(a, 999999999)", ("x",)),
        ("a * a", (10**1000,)),
    ],
)
def test_no_row_makes_a_value_without_end(text: str, row: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, OverflowError, ValueError)):
        value(text, *row)


def test_a_fault_is_told_with_its_place() -> None:
    with pytest.raises(BadExpression, match=r"no function nosuch, at character 5 of 'a \+ nosuch"):
        compile_expression("a + nosuch(b)", COLUMNS, LOOKUPS)


def test_names_are_found_without_a_table() -> None:
    found = names_in("concat(a, lower(b)) if c else col('x y')")
    assert sorted(found) == ["a", "b", "c", "x y"]


@given(st.text(max_size=40))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    """And what is compiled names only columns and functions that there are."""
    try:
        compiled = compile_expression(text, COLUMNS, LOOKUPS)
    except BadExpression:
        return
    assert compiled.reads <= {*COLUMNS}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"coalesce", "concat", "max", "min", "named_uuid", "nullif"}))  # fmt: skip
def test_nothing_comes_of_nothing(name: str) -> None:
    assert FUNCTIONS[name](None) is None


def test_the_refusal_of_a_row_names_its_column() -> None:
    assert CannotMap("total", "ValueError: x").column == "total"
