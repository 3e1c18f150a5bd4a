"""Values as a destination keeps them, and in a form in which equal ones are equal.

Two databases write the same value in many ways: 1 and true, 19.99 as float, decimal or text, naive
and aware times, JSON with its keys in another order. ``caster`` brings a mapped value to what the
destination's column can hold; ``canonical`` brings what either side says to one comparable form.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from banyan.movement.model import ColumnKind, ColumnShape, CompareColumn, Key
from banyan.movement.rules.functions import (
    WIDE,
    parse_json,
    timestamp,
    to_bool,
    to_bytes,
    to_date,
    to_int,
    to_text,
    to_uuid,
)

_PRECISION = {
    "microsecond": timedelta(microseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "day": timedelta(days=1),
}
_SIGNIFICANT_DIGITS = 15
"""What a float of 64 bits keeps for certain."""

Cast = Callable[[Any], Any]


_EXACT: Mapping[ColumnKind, type] = {
    ColumnKind.INTEGER: int,
    ColumnKind.FLOAT: float,
    ColumnKind.TEXT: str,
    ColumnKind.BOOLEAN: bool,
    ColumnKind.BYTES: bytes,
    ColumnKind.UUID: UUID,
}


def caster(column: ColumnShape, zone: str, own_zone: str) -> Cast:
    """What brings a value to the type of ``column``, for which None stays None.

    Naive times are in ``zone``; the column's own naive times are in ``own_zone``. It raises
    ``ValueError``, ``TypeError`` or ``ArithmeticError`` for what the column can't hold.
    """
    cast = _caster(column, zone, own_zone)
    exact = _EXACT.get(column.kind)
    if exact is None:
        return lambda value: None if value is None else cast(value)
    return lambda value: value if value is None or value.__class__ is exact else cast(value)


def _caster(column: ColumnShape, zone: str, own_zone: str) -> Cast:
    kind = column.kind
    if kind == ColumnKind.DECIMAL:
        return _decimal_caster(column.places)
    if kind == ColumnKind.INSTANT:
        return lambda value: timestamp(value, zone)
    if kind == ColumnKind.NAIVE:
        return _naive_caster(ZoneInfo(zone), ZoneInfo(own_zone))
    casts: dict[ColumnKind, Cast] = {
        ColumnKind.BOOLEAN: _boolean,
        ColumnKind.INTEGER: _integer,
        ColumnKind.FLOAT: float,
        ColumnKind.TEXT: to_text,
        ColumnKind.CHAR: lambda value: to_text(value).rstrip(" "),
        ColumnKind.BYTES: to_bytes,
        ColumnKind.DATE: _date,
        ColumnKind.TIME: _time,
        ColumnKind.UUID: to_uuid,
        ColumnKind.JSON: parse_json,
    }
    return casts.get(kind, _plain)


def canonical(value: Any, options: CompareColumn) -> Any:
    """A value that equals another's if both mean the same."""
    if value is None:
        return None
    match value:
        case str():
            return _canonical_text(value, options)
        case bool():
            return Decimal(int(value))
        case int() | Decimal() | float():
            return _canonical_number(value, options)
        case datetime():
            return _truncated(value, options)
        case UUID():
            return str(value)
        case bytes() | bytearray():
            return bytes(value)
        case dict() | list():
            return _canonical_json(value)
        case _:
            return value


def key_hash(key: Key) -> str:
    """A short name of a key."""
    return hashlib.sha256(json.dumps(key_out(key)).encode()).hexdigest()[:32]


def masked(value: Any, salt: bytes) -> dict[str, Any]:
    """What may be told of a value that may be personal: type, length and a salted hash."""
    if value is None:
        return {"null": True}
    text = to_text(value, "latin-1")
    hashed = hashlib.blake2b(text.encode(), key=salt, digest_size=6).hexdigest()
    return {"type": type(value).__name__, "length": len(text), "hash": hashed}


def shown(value: Any) -> Any:
    """A value as JSON, cut to what a person reads."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return to_text(value, "latin-1")[:500]


_TAGS: Mapping[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "uuid": UUID,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "bytes": bytes.fromhex,
}


def key_out(key: Key) -> list[Any]:
    """A key as JSON that ``key_in`` reads back exactly."""
    return [_out(value) for value in key]


def key_in(stored: list[Any]) -> Key:
    return tuple(
        next(_TAGS[tag](text) for tag, text in value.items()) if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType]
        for value in stored
    )


def _out(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return {"decimal": str(value)}
        case UUID():
            return {"uuid": str(value)}
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case bytes() | bytearray():
            return {"bytes": bytes(value).hex()}
        case _:
            raise TypeError(f"{type(value).__name__} can't be part of a key")


def _plain(value: Any) -> Any:
    return value


def _date(value: Any) -> date:
    """A day; a time of day isn't cut off in silence."""
    if isinstance(value, str):
        text = value.strip()
        value = datetime.fromisoformat(text) if len(text) > len("2020-01-01") else value
    if isinstance(value, datetime) and value.time() != time():
        raise ValueError("a time of day, where there is only a day")
    return to_date(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, int | float | Decimal) and value not in (0, 1):
        raise ValueError("a number that is neither 0 nor 1")
    return to_bool(value)


def _integer(value: Any) -> int:
    given = Decimal(value.strip()) if isinstance(value, str) else value
    made = to_int(given)
    if isinstance(given, float | Decimal) and given != made:
        raise ValueError(f"{value} is not whole")
    return made


def _decimal_caster(places: int | None) -> Cast:
    unit = None if places is None else Decimal(1).scaleb(-places)

    def cast(value: Any) -> Decimal:
        try:
            made = value if isinstance(value, Decimal) else Decimal(str(value).strip())
            if unit is None or not made.is_finite():
                return made
            kept = made.quantize(unit, ROUND_HALF_UP, WIDE)
        except InvalidOperation:
            raise ValueError(f"{str(value)[:40]!r} is no decimal number") from None
        if kept != made and not isinstance(value, float):  # a float never was exact
            raise ValueError(f"a number of more than {places} decimal places")
        return kept

    return cast


def _naive_caster(zone: ZoneInfo, own_zone: ZoneInfo) -> Cast:
    def cast(value: Any) -> datetime:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        elif not isinstance(value, datetime):
            value = timestamp(value)
        if value.tzinfo is None:
            if zone == own_zone:
                return value
            value = value.replace(tzinfo=zone)
        return value.astimezone(own_zone).replace(tzinfo=None)

    return cast


def _time(value: Any) -> time:
    if isinstance(value, timedelta):
        if not timedelta() <= value < timedelta(days=1):
            raise ValueError("a span of time that is no time of day")
        return (datetime(1970, 1, 1, tzinfo=UTC) + value).time()
    return value if isinstance(value, time) else time.fromisoformat(to_text(value).strip())


def _canonical_text(value: str, options: CompareColumn) -> str | None:
    text = value.rstrip(" ") if options.trailing_spaces == "ignore" else value
    if options.letter_case == "ignore":
        text = text.casefold()
    return None if options.empty_is_null and not text else text


def _canonical_number(value: Any, options: CompareColumn) -> Any:
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        value = Decimal(f"{value:.{_SIGNIFICANT_DIGITS}g}")
    made = value if isinstance(value, Decimal) else Decimal(value)
    if made.is_nan() or made.is_infinite():
        return str(made).lower().replace("infinity", "inf")
    if options.digits is not None:
        made = made.quantize(Decimal(1).scaleb(-options.digits), ROUND_HALF_UP, WIDE)
    return made  # equal decimals are equal, and hash alike, whatever their exponents


def _truncated(value: datetime, options: CompareColumn) -> datetime:
    made = value if value.tzinfo is None else value.astimezone(UTC)
    unit = _PRECISION[options.precision]
    if unit == _PRECISION["microsecond"]:
        return made
    since = made.replace(tzinfo=None) - datetime(1970, 1, 1)  # noqa: DTZ001 - both without a zone
    return made - since % unit


def _canonical_json(value: Any) -> str:
    return json.dumps(_plain_json(value), sort_keys=True, ensure_ascii=False)


def _plain_json(value: Any) -> Any:
    """Numbers that are equal become the same text."""
    if isinstance(value, dict):
        return {str(name): _plain_json(one) for name, one in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain_json(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float | Decimal):
        return int(value) if value == int(value) else float(value)
    return value
