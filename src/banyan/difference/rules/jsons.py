"""JSON as it was written: numbers keep their digits, names that come twice are both kept."""

import json
import re
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any, TypeAlias

Json: TypeAlias = "bool | Number | str | list[Json] | dict[str, Json] | None"
Step: TypeAlias = str | int

_DEPTH_MAX = 200
_WIDE = Context(prec=60, Emax=10**9, Emin=-(10**9), traps=[])


class Number(str):
    """A number by its digits: no size and no precision is lost, and ``1`` is not ``1.0``."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def value(self) -> Decimal | None:
        """None for what isn't finite (NaN, Infinity)."""
        try:
            value = Decimal(str(self), _WIDE)
        except InvalidOperation:
            return None
        return value if value.is_finite() else None


def read(text: str) -> Json:
    """``ValueError`` for what isn't JSON, ``RecursionError`` for what is nested too deeply."""
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=Number,
        object_pairs_hook=_object,
    )


def of(value: Any) -> Json:
    """A Python value as JSON: what an experiment compares. ``RecursionError`` as ``read``."""
    return _of(value, ())


def _of(value: Any, above: tuple[int, ...]) -> Json:
    if value is None or isinstance(value, bool | Number):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float | Decimal):
        return Number(value)
    if isinstance(value, bytes | bytearray):
        return f"bytes:{bytes(value).hex()}"
    if id(value) in above:
        return "(itself)"
    return _of_parts(value, (*above, id(value)))


def _of_parts(value: Any, above: tuple[int, ...]) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _of(part, above) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_of(part, above) for part in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, set | frozenset):
        return sorted((_of(part, above) for part in value), key=repr)  # pyright: ignore[reportUnknownVariableType]
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return _of_record(value, above)


def _of_record(value: Any, above: tuple[int, ...]) -> Json:
    """The fields of a record, the public attributes of another object; of anything else its text."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    names = getattr(kind, "__dataclass_fields__", ()) or getattr(kind, "__struct_fields__", ())
    if not names and kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        names = [name for name in getattr(value, "__dict__", {}) if not name.startswith("_")]
    if names:
        return {name: _of(getattr(value, name, None), above) for name in names}
    return str(value)


def near(left: Number, right: Number, tolerance: float) -> bool:
    """Whether two numbers are as good as equal; ``tolerance`` is a part of the larger."""
    one, other = left.value(), right.value()
    if one is None or other is None:
        return False
    if one == other:
        return True
    if tolerance <= 0:
        return False
    apart = _WIDE.abs(_WIDE.subtract(one, other))
    bound = _WIDE.multiply(max(_WIDE.abs(one), _WIDE.abs(other)), Decimal(repr(tolerance)))
    return bool(apart.is_finite() and bound.is_finite() and apart <= bound)


def is_same_number(left: Number, right: Number) -> bool:
    """Whether they differ in how they are written only."""
    one, other = left.value(), right.value()
    return one is not None and one == other


_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_CLOSER = {"{": "}", "[": "]"}


def cut(text: str) -> str:
    """The start of a JSON text, closed after the last part that is whole; "" if there is none."""
    closers: list[str] = []
    end, closing = 0, ""
    for found in _OUTSIDE.finditer(text):
        mark = found[0]
        if mark in _CLOSER:
            closers.append(_CLOSER[mark])
        elif mark in "}]" and closers:
            closers.pop()
        elif mark != ",":
            continue
        end = found.start() if mark == "," else found.end()
        closing = "".join(reversed(closers[-_DEPTH_MAX:]))
        if len(closers) > _DEPTH_MAX:
            return ""
    return text[:end] + closing


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = dict(pairs)
    if len(found) == len(pairs):
        return found
    found = {}
    seen: dict[str, int] = {}
    for name, value in pairs:
        seen[name] = seen.get(name, 0) + 1
        found[name if seen[name] == 1 else f"{name} (again, {seen[name]})"] = value
    return found
