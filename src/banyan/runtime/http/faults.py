"""What a validator found, told as faults: a stable code, a sentence, a JSON pointer."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from jsonschema_rs import ValidationError

from banyan.kernel import Fault

_ARTICLES = {"integer": "a whole number", "array": "a list", "object": "an object"}
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "const": ("not_allowed", "must be {}"),
    "minimum": ("too_small", "must be at least {}"),
    "exclusiveMinimum": ("too_small", "must be more than {}"),
    "maximum": ("too_large", "must be at most {}"),
    "exclusiveMaximum": ("too_large", "must be less than {}"),
    "multipleOf": ("wrong_format", "must be a multiple of {}"),
    "minLength": ("too_short", "must have at least {} characters"),
    "maxLength": ("too_long", "must have at most {} characters"),
    "pattern": ("wrong_format", "must match {}"),
    "format": ("wrong_format", "must be a {}"),
    "minItems": ("too_few", "must have at least {} items"),
    "maxItems": ("too_many", "must have at most {} items"),
    "minProperties": ("too_few", "must have at least {} members"),
    "maxProperties": ("too_many", "must have at most {} members"),
}
_OPTIONS_MAX = 12


def pointer_to(*path: str | int) -> str:
    """A JSON pointer (RFC 6901); the empty one is the whole body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def described(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[Fault]:
    """The faults behind one error of the validator; a missing or unknown field is one each."""
    path = tuple(error.instance_path)
    found: Mapping[str, Any] = error.kind.as_dict()
    keyword = str(error.schema_path[-1]) if error.schema_path else ""
    if keyword == "required":
        name = str(found["property"])
        yield Fault("missing", f"{name!r} is required.", pointer_to(*path, name))
    elif keyword == "additionalProperties" and "unexpected" in found:
        for name in found["unexpected"]:
            yield Fault("unknown_field", f"{name!r} is not a field.", pointer_to(*path, name))
    else:
        code, sentence = _fault_of(keyword, error, schema)
        yield Fault(code, f"{sentence[0].upper()}{sentence[1:]}.", pointer_to(*path))


def msgspec_fault(error: msgspec.ValidationError) -> Fault:
    """The first fault that msgspec met, for what no schema can say."""
    sentence, _, place = str(error).partition(" - at `$")
    steps = re.findall(r"\.([^.\[\]`]+)|\[(\d+)\]", place)
    return Fault("invalid", sentence.rstrip(".") + ".", pointer_to(*(a or b for a, b in steps)))


def _fault_of(keyword: str, error: ValidationError, schema: Mapping[str, Any]) -> tuple[str, str]:
    holder: Any = schema
    for step in error.schema_path[:-1]:
        holder = holder[step]
    limit: Any = holder.get(keyword)
    if keyword == "type":
        return "wrong_type", f"must be {_type_names(limit)}"
    if keyword == "enum":
        return "not_allowed", _enum_sentence(limit, holder.get("description"))
    if keyword in _SENTENCES:
        code, sentence = _SENTENCES[keyword]
        return code, sentence.format(limit)
    return "invalid", "has none of the shapes that are allowed here"


def _type_names(limit: str | list[str]) -> str:
    names = [limit] if isinstance(limit, str) else limit
    return " or ".join(_ARTICLES.get(name, f"a {name}") for name in names)


def _enum_sentence(options: list[object], description: str | None) -> str:
    if len(options) <= _OPTIONS_MAX:
        return f"must be one of {', '.join(map(str, options))}"
    return (description or f"must be one of {len(options)} values").rstrip(".")
