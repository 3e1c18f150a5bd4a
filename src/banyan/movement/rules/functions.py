"""What expressions may call. Every function of one value gives None for None.

Names are those of the plan's language, hence some that are also Python's.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import cache, wraps
from typing import Any, cast
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

_TEXT_MAX = 10_000_000
"""Characters that one expression may make."""

_DIGITS_MAX = 1_000
WIDE = Context(prec=_DIGITS_MAX)
"""For rounding numbers of any width that a database keeps; Python's own context stops at 28."""

_NAMESPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")

Function = Callable[..., Any]


def _of_none(function: Function) -> Function:
    """``function``, but None where its first value is None."""

    @wraps(function)
    def guarded(value: Any, *rest: Any, **named: Any) -> Any:
        return None if value is None else function(value, *rest, **named)

    return guarded


def _of_nones(function: Function) -> Function:
    """``function``, but None where any of its values is None."""

    @wraps(function)
    def guarded(*values: Any) -> Any:
        return None if None in values else function(*values)

    return guarded


@cache
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def nullif(value: Any, *nulls: Any) -> Any:
    return None if value in nulls else value


def concat(*parts: Any) -> str:
    """None counts as nothing."""
    return "".join(_text(part) for part in parts if part is not None)


def to_text(value: Any, encoding: str = "utf-8") -> str:
    return _text(value, encoding)


def _text(value: Any, encoding: str = "utf-8") -> str:
    match value:
        case str():
            return value
        case bytes() | bytearray():
            return bytes(value).decode(encoding)
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
        case dict() | list():
            return to_json_text(value)
        case _:
            return str(value)


def to_int(value: Any) -> int:
    """Cut towards zero."""
    made = Decimal(value.strip()) if isinstance(value, str) else value
    if isinstance(made, Decimal) and made.is_finite() and made.adjusted() > _DIGITS_MAX:
        raise OverflowError("a number of more than a thousand digits")
    return int(made)


def to_decimal(value: Any, places: int | None = None) -> Decimal:
    """Exactly what is written, also of a float; rounded half up to ``places``."""
    made = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    return (
        made if places is None else made.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE)
    )


def to_float(value: Any) -> float:
    return float(value)


def to_bool(value: Any) -> bool:
    if isinstance(value, bytes):
        return any(value)  # BIT(1)
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered in ("1", "t", "true", "y", "yes", "on"):
            return True
        if lowered in ("0", "f", "false", "n", "no", "off", ""):
            return False
        raise ValueError(f"{value[:20]!r} is neither true nor false")
    return bool(value)


def rounded(value: Any, places: int = 0) -> Any:
    """Half up, as people do it."""
    made = to_decimal(value, places)
    return float(made) if isinstance(value, float) else made


def rounded_even(value: Any, places: int = 0) -> Any:
    """Half to even, as floats and some databases do it."""
    made = to_decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, WIDE)
    return float(made) if isinstance(value, float) else made


def minor(value: Any, exponent: int = 2) -> int:
    """An amount in minor units: 19.99 is 1999."""
    return int(to_decimal(value, exponent).scaleb(exponent))


def from_minor(value: Any, exponent: int = 2) -> Decimal:
    return Decimal(int(value)).scaleb(-exponent)


def timestamp(value: Any, zone_name: str = "UTC", layout: str | None = None) -> datetime:
    """An instant of a text, date or naive time that is in ``zone_name``, in UTC."""
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, int | float | Decimal):
        return from_epoch(value)
    if isinstance(value, str):
        value = value.strip()
        value = datetime.strptime(value, layout) if layout else datetime.fromisoformat(value)  # noqa: DTZ007 - its zone comes below
    elif not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone(zone_name))
    return value.astimezone(UTC)


def naive(value: Any, zone_name: str = "UTC") -> datetime:
    """The wall clock's time in ``zone_name`` at an instant."""
    return timestamp(value).astimezone(zone(zone_name)).replace(tzinfo=None)


def from_epoch(value: Any, unit: str = "s") -> datetime:
    """An instant of seconds (``s``), milliseconds (``ms``) or microseconds (``us``) since 1970."""
    micros = Decimal(str(value)) * {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def epoch(value: Any, unit: str = "s") -> int:
    micros = (timestamp(value) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return micros // {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]


def to_date(value: Any, layout: str | None = None) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = _text(value).strip()
    return datetime.strptime(text, layout).date() if layout else date.fromisoformat(text[:10])  # noqa: DTZ007 - a day has none


def format_time(value: Any, layout: str) -> str:
    return value.strftime(layout)


def parse_json(value: Any) -> Any:
    return json.loads(_text(value)) if isinstance(value, str | bytes) else value


def to_json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_text)


def get(value: Any, *path: Any) -> Any:
    """What stands at ``path`` in JSON, or None."""
    here: Any = parse_json(value)
    for step in path:
        if isinstance(here, Mapping):
            here = cast("Mapping[Any, Any]", here).get(step)
            continue
        listed = cast("list[Any]", here) if isinstance(here, list) else []
        is_there = isinstance(step, int) and -len(listed) <= step < len(listed)
        here = listed[step] if is_there else None
    return here


def to_uuid(value: Any) -> UUID:
    if isinstance(value, bytes):
        return UUID(bytes=bytes(value))
    return value if isinstance(value, UUID) else UUID(_text(value).strip())


def named_uuid(*parts: Any) -> UUID:
    """The same parts always give the same UUID (version 5)."""
    return uuid5(_NAMESPACE, "/".join("" if part is None else _text(part) for part in parts))


def recode(value: Any, read_as: str, is_in: str = "utf-8") -> str:
    """A text whose bytes were once read in the wrong encoding, read in the right one."""
    return value.encode(read_as).decode(is_in)


def to_bytes(value: Any, encoding: str = "utf-8") -> bytes:
    return value.encode(encoding) if isinstance(value, str) else bytes(value)


def sha256(value: Any) -> str:
    return hashlib.sha256(
        to_bytes(_text(value) if not isinstance(value, bytes) else value)
    ).hexdigest()


def part(value: Any, separator: str, number: int) -> str | None:
    """The ``number``-th part (from 1; negative: from the end) of a text split at ``separator``."""
    parts = _text(value).split(separator)
    place = number - 1 if number > 0 else number
    return parts[place] if number and -len(parts) <= place < len(parts) else None


def substring(value: Any, start: int, length: int | None = None) -> str:
    """From the ``start``-th character (from 1)."""
    text = _text(value)
    return text[start - 1 :] if length is None else text[start - 1 : start - 1 + length]


def pad_left(value: Any, width: int, filler: str = " ") -> str:
    if width > 10_000:
        raise ValueError("wider than 10,000 characters")
    return _text(value).rjust(width, filler)


def times(one: Any, other: Any) -> Any:
    """A product; of a text or a list there is none, for it could be of any size."""
    for value in (one, other):
        if not isinstance(value, int | float | Decimal):
            raise TypeError(f"{type(value).__name__} can't be multiplied")
    if isinstance(one, Decimal) and isinstance(other, float):
        other = Decimal(str(other))
    elif isinstance(other, Decimal) and isinstance(one, float):
        one = Decimal(str(one))
    product = one * other
    if isinstance(product, int) and product.bit_length() > 4096:
        raise OverflowError("a number of more than a thousand digits")
    return product


def modulo(one: Any, other: Any) -> Any:
    if not isinstance(one, int | float | Decimal):
        raise TypeError("texts are put together by concat, not by %")
    return one % other


def plus(one: Any, other: Any) -> Any:
    if isinstance(one, str) and isinstance(other, str) and len(one) + len(other) > _TEXT_MAX:
        raise OverflowError("a text of more than ten million characters")
    return one + other


def to_base64(value: Any) -> str:
    return base64.b64encode(to_bytes(value)).decode()


def to_hex(value: Any) -> str:
    return binascii.hexlify(to_bytes(value)).decode()


def from_hex(value: Any) -> bytes:
    return binascii.unhexlify(_text(value))


def starts_with(value: Any, start: str) -> bool:
    return _text(value).startswith(start)


def ends_with(value: Any, end: str) -> bool:
    return _text(value).endswith(end)


def left(value: Any, length: int) -> str:
    return _text(value)[:length]


def right(value: Any, length: int) -> str:
    return _text(value)[-length:] if length else ""


def lower(value: Any) -> str:
    return _text(value).lower()


def upper(value: Any) -> str:
    return _text(value).upper()


def title(value: Any) -> str:
    return _text(value).title()


def trim(value: Any) -> str:
    return _text(value).strip()


def lstrip(value: Any, letters: str | None = None) -> str:
    return _text(value).lstrip(letters)


def rstrip(value: Any, letters: str | None = None) -> str:
    return _text(value).rstrip(letters)


def replace(value: Any, old: str, new: str) -> str:
    return _text(value).replace(old, new)


FUNCTIONS: Mapping[str, Function] = {
    "abs": _of_none(abs),
    "base64": _of_none(to_base64),
    "bool": _of_none(to_bool),
    "bytes": _of_none(to_bytes),
    "coalesce": coalesce,
    "concat": concat,
    "date": _of_none(to_date),
    "decimal": _of_none(to_decimal),
    "decode": _of_none(to_text),
    "ends_with": _of_none(ends_with),
    "epoch": _of_none(epoch),
    "float": _of_none(to_float),
    "format_time": _of_none(format_time),
    "from_epoch": _of_none(from_epoch),
    "from_minor": _of_none(from_minor),
    "get": _of_none(get),
    "hex": _of_none(to_hex),
    "int": _of_none(to_int),
    "json": _of_none(parse_json),
    "json_text": _of_none(to_json_text),
    "left": _of_none(left),
    "length": _of_none(len),
    "lower": _of_none(lower),
    "lstrip": _of_none(lstrip),
    "max": _of_nones(max),
    "min": _of_nones(min),
    "minor": _of_none(minor),
    "naive": _of_none(naive),
    "named_uuid": named_uuid,
    "nullif": nullif,
    "pad_left": _of_none(pad_left),
    "part": _of_none(part),
    "recode": _of_none(recode),
    "replace": _of_none(replace),
    "right": _of_none(right),
    "round": _of_none(rounded),
    "round_even": _of_none(rounded_even),
    "rstrip": _of_none(rstrip),
    "sha256": _of_none(sha256),
    "starts_with": _of_none(starts_with),
    "substring": _of_none(substring),
    "text": _of_none(to_text),
    "timestamp": _of_none(timestamp),
    "title": _of_none(title),
    "trim": _of_none(trim),
    "unbase64": _of_none(base64.b64decode),
    "unhex": _of_none(from_hex),
    "upper": _of_none(upper),
    "uuid": _of_none(to_uuid),
}
