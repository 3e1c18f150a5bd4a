"""The shape of a plan as a JSON Schema: for editors, and to find every fault of a file at once."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from banyan.migration.model.plan import Plan

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) of ``migration.yaml``."""
    [reference], components = msgspec.json.schema_components([Plan], ref_template="#/$defs/{name}")
    assert "$ref" in reference, "a struct is a component"
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

    return jsonschema_rs.Draft202012Validator(plan_schema(), validate_formats=True).iter_errors
