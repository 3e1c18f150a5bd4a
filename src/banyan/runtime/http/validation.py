"""A body of bytes to a struct; or every fault in it, each with its JSON pointer.

msgspec reads the good bodies in a few microseconds and stops at the first fault. Only when it
does, a JSON Schema validator goes over the struct's own schema and finds all of them.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, cast

import msgspec
from jsonschema_rs import Draft202012Validator
from msgspec import Struct

from banyan.kernel import Fault, InvalidRequest
from banyan.runtime.http.answers import encode
from banyan.runtime.http.errors import MalformedJson
from banyan.runtime.http.faults import described, msgspec_fault, pointer_to

Json = dict[str, Any]

DEPTH_MAX = 32
FAULTS_MAX = 100
_decode_any = msgspec.json.Decoder().decode
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


class BodyReader:
    """Reads the bodies of one operation."""

    def __init__(self, kind: type[Struct]) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def read(self, raw: bytes) -> Struct:
        """The body as its struct; ``MalformedJson`` or ``InvalidRequest`` with every fault."""
        try:
            refuse_too_deep(raw)
            body = self._decode(raw)
            refuse_ambiguous(raw)
        except msgspec.ValidationError as first:
            return self._read_with_care(raw, first)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(raw, error) from None
        return body

    def _read_with_care(self, raw: bytes, first: msgspec.ValidationError) -> Struct:
        try:
            value = _decode_any(raw)
            refuse_ambiguous(raw)
        except msgspec.ValidationError as error:
            raise invalid([msgspec_fault(error)]) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(raw, error) from None
        faults = [
            fault
            for error in self._validator.iter_errors(value)
            for fault in described(error, self._schema)
        ]
        if faults:
            raise invalid(_without_echoes(faults))
        try:
            return msgspec.convert(_whole_numbers(value), self._kind)
        except msgspec.ValidationError as error:
            raise invalid([msgspec_fault(error)]) from first

    @cached_property
    def _schema(self) -> dict[str, Any]:
        schema = msgspec.json.schema(self._kind)
        return _with_nullable_branches(schema)

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self._schema, validate_formats=True)


def read_nothing(raw: bytes) -> None:
    """For an operation without a body: nothing, or an empty object."""
    if raw and raw.strip() != b"{}":
        detail = "This operation takes no body; send none, or {}."
        raise InvalidRequest(detail, faults=(Fault("unexpected_body", detail, pointer=""),))


def refuse_too_deep(raw: bytes) -> None:
    """A body nested deeper than ``DEPTH_MAX`` is refused before anything recurses into it."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH_MAX:
        return
    depth = 0
    for bracket in re.findall(rb"[\[\]{}]", _STRING.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise InvalidRequest(f"The body is nested deeper than {DEPTH_MAX} levels.")


def refuse_ambiguous(raw: bytes) -> None:
    """Refuses an object that names a member twice, and the character NUL, anywhere in ``raw``.

    Readers differ in which of two equal names wins. Decoding keeps one of them, and its
    re-encoding then has fewer quotes than ``raw``; only ``\\u0022`` can change the count otherwise.
    PostgreSQL's text can't hold NUL.
    """
    is_suspicious = b"\\u0022" in raw or b"\\u0000" in raw
    if is_suspicious or raw.count(b'"') != encode(_decode_any(raw)).count(b'"'):
        faults = list(_ambiguities(json.loads(raw, object_pairs_hook=_Members), ()))
        if faults:
            raise invalid(faults)


def malformed(raw: bytes, error: Exception) -> MalformedJson:
    """Where the JSON breaks, by line and column, both from 1."""
    try:
        raw.decode()
        at = re.search(r"\(byte (\d+)\)", str(error))
        position = int(at[1]) if at else len(raw)
        what = re.sub(r"^JSON is malformed: | \(byte \d+\)$", "", str(error))
    except UnicodeDecodeError as undecodable:
        position, what = undecodable.start, "not UTF-8"
    line = raw.count(b"\n", 0, position) + 1
    column = position - (raw.rfind(b"\n", 0, position) + 1) + 1
    detail = f"The body is not JSON: {what.lower()} at line {line}, column {column}."
    return MalformedJson(detail, faults=(Fault("malformed_json", detail, pointer=""),))


def invalid(faults: Iterable[Fault]) -> InvalidRequest:
    """One refusal of all the faults; the first hundred are listed."""
    every = tuple(faults)
    count = "One thing is" if len(every) == 1 else f"{len(every)} things are"
    return InvalidRequest(f"{count} wrong with the request.", faults=every[:FAULTS_MAX])


def _without_echoes(faults: list[Fault]) -> list[Fault]:
    """Of a value of the wrong type only that is told, not that it is too small as well."""
    mistyped = {fault.pointer for fault in faults if fault.code == "wrong_type"}
    return [
        fault for fault in faults if fault.code == "wrong_type" or fault.pointer not in mistyped
    ]


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object in their order, the repeated ones too."""


def _ambiguities(value: object, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if isinstance(value, _Members):
        seen: set[str] = set()
        for name, member in value:
            if name in seen:
                yield Fault("duplicate_field", f"{name!r} is given twice.", pointer_to(*path, name))
            seen.add(name)
            if "\0" in name:
                yield Fault("nul_character", "A name contains NUL.", pointer_to(*path, name))
            yield from _ambiguities(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(cast(list[object], value)):
            yield from _ambiguities(item, (*path, index))
    elif isinstance(value, str) and "\0" in value:
        yield Fault("nul_character", "The text contains NUL.", pointer_to(*path))


def _whole_numbers(value: Any) -> Any:
    """The same value with 5.0 as 5: JSON Schema calls both an integer, msgspec only the latter."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole_numbers(part) for name, part in cast(Json, value).items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in cast(list[Any], value)]
    return value


def _with_nullable_branches(schema: Any) -> Any:
    """``X or null`` as ``if null, else X``: a fault is then reported inside of X, not of either."""
    if isinstance(schema, list):
        return [_with_nullable_branches(item) for item in cast(list[Any], schema)]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _with_nullable_branches(part) for name, part in cast(Json, schema).items()}
    branches: list[Any] = plain.get("anyOf", [])
    if len(branches) == 2 and {"type": "null"} in branches:
        del plain["anyOf"]
        other = next(branch for branch in branches if branch != {"type": "null"})
        plain |= {"if": {"type": "null"}, "else": other}
    return plain
