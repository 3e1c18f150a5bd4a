"""Faults of shape, each as a sentence for whoever wrote the file."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from banyan.migration.model.standing import PlanFault
from banyan.migration.rules.plans.schema import errors_of, shape_schema
from banyan.migration.rules.plans.tree import Path, Tree

_WANTED: Mapping[str, str] = {
    "^[a-z][a-z0-9_-]{0,39}$": "a name: a small letter, then small letters, digits, _ and -, 40 at most",
    "^https?://[^/]+$": "an address without a path, such as http://10.0.0.5:8080",
    "^https?://": "an address that begins with http:// or https://",
    r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)%$": "a share such as 5% or 0.25%, 100% at most",
    r"^[0-9]{1,4}(\.[0-9]{1,2})?%$": "a percentage such as 20%",
    "^[0-9]{1,5}(ms|s|m|h|d)$": "a duration such as 500ms, 30s, 10m, 36h or 7d",
    "^[^@ ]+@[^@ ]+$": "an e-mail address",
    r"^(\[[^\[\]]+\]|[^:]+):[0-9]{1,5}$": "an address and a port, such as 127.0.0.1:8080 or [::]:8080",
    "^[A-Z]{3,12}$": "a method such as GET",
    "^/": "a path that begins with /",
    "^[A-Za-z0-9_-]{1,60}$": "a cookie's name: letters, digits, _ and -",
    "^[A-Za-z0-9-]{1,60}$": "a header's name: letters, digits and -",
}
_FORMATS: Mapping[str, str] = {
    "date": "a day such as 2026-12-24",
    "date-time": "a time with its zone, such as 2026-12-24T18:00:00Z or …+01:00",
}
_TYPES: Mapping[str, str] = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
}
_SHOWN = 40


def shape_faults(tree: Tree) -> list[PlanFault]:
    """Every way in which what a file says isn't a plan."""
    found: dict[tuple[Path, str], PlanFault] = {}
    for error in errors_of()(tree.value):
        for path, sentence in _told(error):
            found.setdefault((path, sentence), tree.fault(path, sentence))
    return list(found.values())


def _told(error: Any) -> Iterator[tuple[Path, str]]:
    path: Path = tuple(error.instance_path)
    kind: Any = error.kind
    match kind.name:
        case "anyOf":
            yield from _nearest(kind.context, path)
        case "additionalProperties":
            known = _known(list(error.schema_path))
            for name in kind.unexpected:
                yield (*path, str(name)), _unknown(str(name), known)
        case "required":
            yield path, f"{kind.property} is missing."
        case "propertyNames":
            inner = str(kind.error.instance)[:_SHOWN]
            yield (
                (*path, str(kind.error.instance)),
                f"{inner!r} should be {_wanted(kind.error.kind)}.",
            )
        case _:
            yield path, _sentence(error, kind)


def _nearest(branches: list[list[Any]], path: Path) -> Iterator[tuple[Path, str]]:
    """Of what may be there or be left out, what is wrong with that which is there."""
    for errors in branches:
        if not all(e.kind.name == "type" and list(e.kind.types) == ["null"] for e in errors):
            for error in errors:
                for inner, sentence in _told(error):
                    yield (inner if inner[: len(path)] == path else (*path, *inner)), sentence
            return


def _sentence(error: Any, kind: Any) -> str:
    value = error.instance
    shown = f"{value[:_SHOWN]!r}" if isinstance(value, str) else f"{value!r}"[:_SHOWN]
    match kind.name:
        case "type":
            types = " or ".join(_TYPES.get(each, each) for each in kind.types)
            extra = ""
            if "string" in list(kind.types) and not isinstance(value, dict | list | type(None)):
                extra = f'; write "{shown}" in quotes if that is meant'
            return f"{_what(value)} where {types} should be{extra}."
        case "pattern":
            return f"{shown} should be {_wanted(kind)}."
        case "enum":
            options = [str(each) for each in kind.options]
            return f"{shown} should be one of {', '.join(options)}.{_meant(str(value), options)}"
        case "format":
            return f"{shown} should be {_FORMATS.get(kind.format, kind.format)}."
        case "minItems":
            return "The list is empty; it needs at least one."
        case "maxItems":
            return f"The list has {len(value):,}; {kind.limit} are allowed."
        case "maxLength":
            return f"The text has {len(value):,} characters; {kind.limit:,} are allowed."
        case _:
            return f"{str(error.message)[:200]}."


def _wanted(kind: Any) -> str:
    return _WANTED.get(kind.pattern, f"like {kind.pattern}")


def _what(value: Any) -> str:
    if value is None:
        return "Nothing stands"
    if isinstance(value, bool):
        return f"{str(value).lower()} stands"
    if isinstance(value, int | float):
        return f"The number {value} stands"
    if isinstance(value, str):
        return f"The text {value[:_SHOWN]!r} stands"
    return "A list stands" if isinstance(value, list) else "Keys with values stand"


def _unknown(name: str, known: list[str]) -> str:
    said = f"There is no {name[:_SHOWN]!r} here.{_meant(name, known)}"
    return said if "Did" in said else f"{said} There are: {', '.join(known)}."


def _meant(text: str, options: list[str]) -> str:
    near = difflib.get_close_matches(text, options, 1)
    return f" Did you mean {near[0]}?" if near else ""


def _known(schema_path: list[str | int]) -> list[str]:
    """The keys that the schema knows at a place."""
    at: Any = shape_schema()
    for part in schema_path[:-1]:
        at = at[part]
    return list(at.get("properties", {}))
