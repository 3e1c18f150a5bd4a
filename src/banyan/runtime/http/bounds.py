"""What a request's struct must say, so that nothing unbounded or misspelt comes in."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec import Struct

_LOWEST = {"minimum", "exclusiveMinimum"}
_HIGHEST = {"maximum", "exclusiveMaximum"}


def slips(kind: type[Struct]) -> list[str]:
    """Numbers without both bounds (they overflow in the database), structs that take any field."""
    return [f"{kind.__name__}: {slip}" for slip in _slips(msgspec.json.schema(kind), "")]


def _slips(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, dict):
        parts = cast(dict[str, Any], schema)
        is_number = parts.get("type") in ("integer", "number")
        if is_number and not (_LOWEST & parts.keys() and _HIGHEST & parts.keys()):
            yield f"{place} needs bounds, such as Meta(ge=0, le=1000)"
        if "properties" in parts and parts.get("additionalProperties") is not False:
            yield f"{place or 'it'} needs forbid_unknown_fields=True"
        for name, part in parts.items():
            yield from _slips(part, f"{place}/{name}")
    elif isinstance(schema, list):
        for part in cast(list[Any], schema):
            yield from _slips(part, place)
