"""Plans checked, values made comparable, rests taken, standings told."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from banyan.movement import check_data, data_schema, read_plan
from banyan.movement.model import ColumnKind, ColumnShape, CompareColumn, Throttle
from banyan.movement.rules.mapping import RowMap, Zones
from banyan.movement.rules.plan import reverse_of
from banyan.movement.rules.throttle import Pace
from banyan.movement.rules.values import canonical, caster, key_in, key_out, masked
from banyan.movement.sources.polling import earlier

PLAIN = CompareColumn()

PLAN = """
source: {url_env: LEGACY_DATABASE_URL}
target: {url_env: NEW_DATABASE_URL}
sets:
  - name: customers
    source: {table: customers, key: [id]}
    target: {table: customers, schema: shop, key: [id]}
    columns:
      id: id
      email: lower(trim(email))
      status: lookup('status', state, 'unknown')
      created_at: timestamp(created, 'Europe/Berlin')
    lookups: {status: {1: open, 2: closed}}
    changes: {polling: updated_at, overlap: 30s}
    reverse: none
  - name: orders
    after: [customers]
    source: {table: orders, key: [number]}
    target: {table: orders, key: [number]}
    columns: {number: number, customer: customer}
"""


def plan(**changes: Any) -> dict[str, Any]:
    data = yaml.safe_load(PLAN)
    data["sets"][0] |= changes
    return data


def test_a_good_plan_has_no_fault() -> None:
    assert check_data(plan()) == []
    read = read_plan(plan())
    assert read.sets[0].lookups == {"status": {"1": "open", "2": "closed"}}


@pytest.mark.parametrize(
    ("changes", "pointer", "why"),
    [
        ({"name": "No"}, "/data/sets/0/name", "regex"),
        ({"nosuch": 1}, "/data/sets/0", "unknown field"),
        ({"columns": {"id": "id("}}, "/data/sets/0/columns/id", "never closed"),
        ({"columns": {"email": "email"}}, "/data/sets/0/columns", "key column id gets no value"),
        ({"columns": {"id": "other"}}, "/data/sets/0/columns/id", "key columns only"),
        ({"filter": "a.b"}, "/data/sets/0/filter", "Attribute"),
        ({"zone": "Mars/Base"}, "/data/sets/0/zone", "not a time zone"),
        ({"source": {"key": ["id"]}}, "/data/sets/0/source", "exactly one of table and query"),
        (
            {"source": {"query": "select 1 as id", "key": ["id"]}, "changes": "trigger"},
            "/data/sets/0/source/watch",
            "name the tables",
        ),
        ({"after": ["orders"]}, "/data/sets/0/after", "no set orders before"),
        ({"compare": {"nosuch": {}}}, "/data/sets/0/compare/nosuch", "not among the columns"),
        (
            {"target": {"table": "c", "key": ["id"], "deletes": {"column": "gone"}}},
            "/data/sets/0/target/deletes/column",
            "aren't deleted",
        ),
        (
            {"reverse": {"columns": {"email": "email"}}},
            "/data/sets/0/reverse/columns",
            "key column id",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    changes: Mapping[str, Any], pointer: str, why: str
) -> None:
    faults = check_data(plan(**changes))
    assert [fault.pointer for fault in faults if why in fault.detail] == [pointer], faults


def test_an_address_is_never_in_the_plan() -> None:
    [fault] = check_data(plan() | {"source": {"url": "postgresql://me:secret@host/db"}})
    assert "url" in fault.detail
    assert "secret" not in fault.detail
    [fault] = check_data(plan() | {"source": {}})
    assert fault.pointer == "/data/source"


def test_the_schema_describes_the_section() -> None:
    assert "SetPlan" in data_schema()["$defs"]


def test_plain_columns_turn_round_by_themselves_and_others_do_not() -> None:
    customers, orders = read_plan(plan(reverse="auto")).sets
    assert reverse_of(customers) is None
    back = reverse_of(orders)
    assert back is not None
    assert back.columns == {"number": "number", "customer": "customer"}


def cast(kind: ColumnKind, value: Any, zone: str = "UTC", own: str = "UTC", places: int | None = None) -> Any:  # fmt: skip
    return caster(ColumnShape("c", kind, "", places), zone, own)(value)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (ColumnKind.DECIMAL, 19.99, Decimal("19.9900")),
        (ColumnKind.DECIMAL, "19.99", Decimal("19.99")),
        (ColumnKind.BOOLEAN, 1, True),
        (ColumnKind.BOOLEAN, b"\x00", False),
        (ColumnKind.INTEGER, "7", 7),
        (ColumnKind.CHAR, "ab   ", "ab"),
        (ColumnKind.JSON, '{"b": 1.0, "a": 2}', {"a": 2, "b": 1}),
        (ColumnKind.INSTANT, "2018-03-01 12:00", datetime(2018, 3, 1, 12, tzinfo=UTC)),
        (ColumnKind.UUID, "01890A5D-AC96-774B-BCCE-B302099A8057", UUID("01890a5d-ac96-774b-bcce-b302099a8057")),
        (ColumnKind.BYTES, "é", "é".encode()),
        (ColumnKind.FLOAT, "0.1", 0.1),
        (ColumnKind.DATE, datetime.fromisoformat("2018-03-01 00:00:00"), "2018-03-01"),
        (ColumnKind.TIME, timedelta(hours=3), "03:00:00"),
    ],
)  # fmt: skip
def test_one_value_in_two_writings_is_one(kind: ColumnKind, one: Any, other: Any) -> None:
    assert canonical(cast(kind, one), PLAIN) == canonical(cast(kind, other), PLAIN)


@pytest.mark.parametrize("value", [1.5, Decimal("1.5"), "12.7", " -0.1 "])
def test_an_integer_is_not_cut_in_silence(value: object) -> None:
    with pytest.raises(ValueError, match="whole"):
        cast(ColumnKind.INTEGER, value)


@pytest.mark.parametrize("value", ["12", " 12 ", "12.0", 12.0, Decimal(12)])
def test_a_whole_number_is_one_however_it_is_written(value: object) -> None:
    assert cast(ColumnKind.INTEGER, value) == 12


@pytest.mark.parametrize("hours", [-1, 24, 30])
def test_a_span_that_is_no_time_of_day_does_not_become_one(hours: int) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        cast(ColumnKind.TIME, timedelta(hours=hours))


@pytest.mark.parametrize("value", [2, -1, 0.5, Decimal(2)])
def test_a_number_that_is_neither_0_nor_1_is_no_boolean(value: object) -> None:
    with pytest.raises(ValueError, match="neither"):
        cast(ColumnKind.BOOLEAN, value)


def test_naive_times_move_between_zones() -> None:
    naive = datetime.fromisoformat("2018-07-01 12:00:00")
    assert cast(ColumnKind.NAIVE, naive, "Europe/Berlin", "UTC") == datetime.fromisoformat(
        "2018-07-01 10:00:00"
    )
    assert cast(ColumnKind.NAIVE, naive, "Europe/Berlin", "Europe/Berlin") == naive


@pytest.mark.parametrize(
    ("options", "one", "other"),
    [
        ({"trailing_spaces": "ignore"}, "a  ", "a"),
        ({"letter_case": "ignore"}, "STRASSE", "straße"),
        ({"empty_is_null": True}, "", None),
        ({"digits": 2}, 1.004, Decimal("1.00")),
        ({"precision": "second"}, datetime.fromisoformat("2018-01-01 00:00:01.999999"), datetime.fromisoformat("2018-01-01 00:00:01")),
    ],
)  # fmt: skip
def test_what_the_plan_lets_pass(options: Mapping[str, Any], one: Any, other: Any) -> None:
    assert canonical(one, PLAIN) != canonical(other, PLAIN)
    lenient = CompareColumn(**options)
    assert canonical(one, lenient) == canonical(other, lenient)


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.uuids(), st.dates(),
    st.datetimes(), st.binary(max_size=10), st.decimals(allow_nan=False, allow_infinity=False),
)  # fmt: skip


@given(st.lists(_VALUES, min_size=1, max_size=3).map(tuple))
def test_a_key_survives_being_stored(key: tuple[Any, ...]) -> None:
    import msgspec

    assert key_in(msgspec.json.decode(msgspec.json.encode(key_out(key)))) == key


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_float_equals_its_decimal(number: float) -> None:
    assert canonical(number, PLAIN) == canonical(Decimal(f"{number:.15g}"), PLAIN)


def test_what_is_told_of_a_value_is_not_the_value() -> None:
    told = masked("someone@example.com", b"salt")
    assert told == masked("someone@example.com", b"salt")
    assert told != masked("someone@example.com", b"other")
    assert "someone" not in str(told)


def test_a_row_map_names_the_column_that_fails() -> None:
    from banyan.movement.rules.expressions import CannotMap

    shapes = {name: ColumnShape(name, ColumnKind.TEXT, "") for name in ("id", "n")}
    target = {"id": shapes["id"], "n": ColumnShape("n", ColumnKind.INTEGER, "")}
    made = RowMap(
        columns={"id": "id", "n": "n"}, lookups={}, origin=shapes, origin_key=["id"],
        destination=target, key=["id"], zones=Zones(), compare={},
    )  # fmt: skip
    assert made.row(("x", "5")) == ("x", 5)
    with pytest.raises(CannotMap, match=r"^n: "):
        made.row(("x", "many"))


def test_the_rate_is_kept() -> None:
    pace = Pace(Throttle(rows_per_s=1_000, latency_factor=100))
    assert pace.rest_s(500, 0.1) == pytest.approx(0.4)
    assert pace.rest_s(500, 0.9) == 0
    assert Pace(Throttle()).rest_s(500, 0.9) == 0


def test_it_backs_off_when_reading_becomes_slow() -> None:
    pace = Pace(Throttle(latency_factor=2.0))
    assert pace.rest_s(1_000, 0.1) == 0
    assert pace.rest_s(1_000, 0.15) == 0
    assert pace.rest_s(1_000, 0.8) > 0.8
    assert pace.rest_s(1_000, 0.1) == 0


@pytest.mark.parametrize(
    ("since", "wanted"),
    [
        (
            datetime.fromisoformat("2018-01-01 01:00:00"),
            datetime.fromisoformat("2018-01-01 00:59:00"),
        ),
        ("2018-01-01 01:00:00", "2018-01-01 00:59:00"),
        ("2018-01-01T01:00:00.5", "2018-01-01T00:59:00.500000"),
        ("2018-01-01T01:00:00Z", "2018-01-01T00:59:00Z"),
        (1_500_000_000, 1_499_999_940),
        (1_500_000_000_000, 1_499_999_940_000),
    ],
)
def test_polling_looks_back_in_the_columns_own_writing(since: Any, wanted: Any) -> None:
    assert earlier(since, 60) == wanted


def test_no_digit_and_no_time_of_day_is_lost_in_silence() -> None:
    money = caster(ColumnShape("n", ColumnKind.DECIMAL, "", 2), "UTC", "UTC")
    assert money(19.9999) == Decimal("20.00")
    assert money("19.990") == Decimal("19.99")
    for value in (Decimal("19.9999"), "19.9999"):
        with pytest.raises(ValueError, match="2 decimal places"):
            money(value)
    day = caster(ColumnShape("d", ColumnKind.DATE, ""), "UTC", "UTC")
    assert day("2018-01-02 00:00:00") == day(datetime(2018, 1, 2)) == date(2018, 1, 2)  # noqa: DTZ001 - as databases give it
    for value in ("2018-01-02 12:30:00", datetime(2018, 1, 2, 12, 30)):  # noqa: DTZ001 - as databases give it
        with pytest.raises(ValueError, match="time of day"):
            day(value)
