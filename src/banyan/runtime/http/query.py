"""A query string to a struct; or every fault in it, each with its parameter."""

from typing import Any, get_origin
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from banyan.kernel import Fault
from banyan.runtime.http.validation import invalid

_PARAMETERS_MAX = 100


class QueryReader:
    """Reads the query strings of one operation. Lists are given by repeating the parameter."""

    def __init__(self, kind: type[Struct] | None) -> None:
        self._kind = kind
        fields = () if kind is None else msgspec.structs.fields(kind)
        self._fields = {field.encode_name: field for field in fields}

    def read(self, raw: bytes) -> Any:
        """The query as its struct (None if there is none); ``InvalidRequest`` with every fault."""
        if not raw and self._kind is None:
            return None
        faults: list[Fault] = []
        given: dict[str, list[str]] = {}
        for name, value in _pairs(raw, faults):
            given.setdefault(name, []).append(value)
        values = {name: self._value(name, texts, faults) for name, texts in given.items()}
        for name, field in self._fields.items():
            if field.required and name not in given:
                faults.append(Fault("missing", f"{name!r} is required.", parameter=name))
        if faults:
            raise invalid(faults)
        return None if self._kind is None else msgspec.convert(values, self._kind)

    def _value(self, name: str, texts: list[str], faults: list[Fault]) -> Any:
        field = self._fields.get(name)
        if field is None:
            faults.append(Fault("unknown_parameter", "There is no such parameter.", parameter=name))
            return None
        is_list = get_origin(field.type) is list
        if len(texts) > 1 and not is_list:
            faults.append(Fault("repeated", "Give it once.", parameter=name))
        try:
            return msgspec.convert(texts if is_list else texts[0], field.type, strict=False)
        except msgspec.ValidationError as error:
            sentence = str(error).partition(" - at")[0].replace("`", "")
            faults.append(Fault("invalid_parameter", f"{sentence}.", parameter=name))
            return None


def _pairs(raw: bytes, faults: list[Fault]) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_PARAMETERS_MAX,
        )
    except ValueError:
        faults.append(Fault("malformed_query", "The query is not percent-encoded UTF-8."))
        return []
    for name, value in pairs:
        if "\0" in name + value:
            faults.append(Fault("nul_character", "It contains NUL.", parameter=name[:80]))
    return pairs
