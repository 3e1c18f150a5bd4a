"""The shape of a plan as a JSON Schema: for editors, and to find every fault of a file at once."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from banyan import movement
from banyan.migration.model.plan import Plan

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) of ``migration.yaml``, with its section ``data``."""
    [_, data], components = msgspec.json.schema_components(
        [Plan, movement.DataPlan], ref_template="#/$defs/{name}"
    )
    schema = _schema(components)
    schema["properties"]["data"] = {"anyOf": [data, {"type": "null"}], "default": None}
    return schema


def shape_schema() -> dict[str, Any]:
    """The same without what stands in ``data``, which ``movement`` checks."""
    _, components = msgspec.json.schema_components([Plan], ref_template="#/$defs/{name}")
    return _schema(components)


def _schema(components: dict[str, Any]) -> dict[str, Any]:
    root: dict[str, Any] = dict(components.pop("Plan"))
    return {
        "$schema": SCHEMA_ID,
        "title": "A migration by Banyan",
        **{key: value for key, value in root.items() if key != "title"},
        "$defs": dict(sorted(components.items())),
    }


@cache
def errors_of() -> Callable[[Any], Any]:
    """Something that yields each way in which a value isn't of that shape."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(shape_schema(), validate_formats=True).iter_errors
