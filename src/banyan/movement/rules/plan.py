"""The section ``data`` of a plan: read, checked as a whole, and its schema for editors."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from banyan.kernel import Fault
from banyan.movement.model import Address, DataPlan, DeletionMark, ReversePlan, SetPlan
from banyan.movement.model.plan import Scalar
from banyan.movement.rules.expressions import BadExpression, compile_expression, names_in

_ODD_NAME = re.compile(r"[\w $#-]{1,128}")
"""A column's name that Python could not read; whether there is one is seen at the database."""

_PATH = re.compile(r"`\$(.*)`$")


def read_plan(data: Mapping[str, Any]) -> DataPlan:
    """The section as records; ``msgspec.ValidationError`` where its shape is wrong."""
    return msgspec.convert(_with_text_keys(data), DataPlan)


def data_schema() -> dict[str, Any]:
    """JSON schema of the section, for editors."""
    return msgspec.json.schema(DataPlan)


def check_data(data: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the section; ``pointer`` is into the plan (``/data/sets/0/…``)."""
    try:
        plan = read_plan(data)
    except msgspec.ValidationError as error:
        said, _, _ = str(error).partition(" - at `")
        path = _PATH.search(str(error))
        pointer = (
            re.sub(r"\.|\[(\d+)\]", lambda m: f"/{m[1]}" if m[1] else "/", path[1]) if path else ""
        )
        return [Fault("malformed_data_plan", f"{said}.", f"/data{pointer}")]
    return [Fault("malformed_data_plan", f"{place}: {why}", place) for place, why in _faults(plan)]


def _with_text_keys(value: Any) -> Any:
    """YAML reads the keys of a lookup as numbers, where they look like some."""
    if isinstance(value, Mapping):
        given = cast("Mapping[Any, Any]", value)
        return {_key(name): _with_text_keys(one) for name, one in given.items()}
    if isinstance(value, list | tuple):
        return [_with_text_keys(one) for one in cast("list[Any]", value)]
    return value


def _key(name: Any) -> str:
    return name if isinstance(name, str) else str(name)


def _faults(plan: DataPlan) -> Iterator[tuple[str, str]]:
    for name, address in (("source", plan.source), ("target", plan.target)):
        if not _is_one(address):
            yield f"/data/{name}", "give exactly one of url_env and url_file"
        if (address.url_env or "").startswith("BANYAN_"):
            why = "variables that begin with BANYAN_ are settings of Banyan: choose another name"
            yield f"/data/{name}/url_env", why
    names = [one.name for one in plan.sets]
    for place, one in enumerate(plan.sets):
        at = f"/data/sets/{place}"
        if names.index(one.name) != place:
            yield f"{at}/name", f"there are two sets named {one.name}"
        for other in one.after:
            if other not in names[:place]:
                yield (
                    f"{at}/after",
                    f"there is no set {other} before this one: what is filled first stands first",
                )
        yield from _set_faults(at, one)


def _is_one(address: Address) -> bool:
    return (address.url_env is None) != (address.url_file is None)


def _set_faults(at: str, one: SetPlan) -> Iterator[tuple[str, str]]:
    yield from _source_faults(at, one)
    for name in ("zone", "target_zone"):
        try:
            ZoneInfo(getattr(one, name))
        except (KeyError, ValueError, OSError):
            yield f"{at}/{name}", f"{getattr(one, name)} is not a time zone"
    key, source_key = one.target.key, one.source.key
    yield from _column_faults(f"{at}/columns", one.columns, one.lookups, key, source_key)
    for name in ("filter", "soft_delete"):
        text = getattr(one, name)
        if text is not None:
            yield from _expression_faults(f"{at}/{name}", text, one.lookups)
    yield from _target_faults(at, one)
    for name in one.compare:
        if name not in one.columns:
            yield f"{at}/compare/{name}", "it is not among the columns"
    if isinstance(one.reverse, ReversePlan):
        place = f"{at}/reverse/columns"
        back = one.reverse
        yield from _column_faults(place, back.columns, back.lookups, source_key, key)


def _source_faults(at: str, one: SetPlan) -> Iterator[tuple[str, str]]:
    source = one.source
    if (source.table is None) == (source.query is None):
        yield f"{at}/source", "give exactly one of table and query"
    if source.query is not None:
        if one.changes == "logical":
            yield f"{at}/changes", "changes of a query are polled, or come from what it watches"
        if one.changes == "trigger" and not source.watch:
            yield f"{at}/source/watch", "name the tables whose changes concern the query"
        if isinstance(one.reverse, ReversePlan):
            yield f"{at}/reverse", "there is no way back into a query"
    for name, columns in source.watch.items():
        if len(columns) != len(source.key):
            yield f"{at}/source/watch/{name}", "give as many columns as the key has"


def _target_faults(at: str, one: SetPlan) -> Iterator[tuple[str, str]]:
    if one.target.scope is not None:
        yield from _expression_faults(f"{at}/target/scope", one.target.scope, {})
    mark = one.target.deletes
    if isinstance(mark, DeletionMark):
        yield from _expression_faults(f"{at}/target/deletes/set", mark.set, {})
        if mark.column not in one.columns:
            why = f"say under columns what {mark.column} is for rows that aren't deleted"
            yield f"{at}/target/deletes/column", why


def _column_faults(
    at: str,
    columns: Mapping[str, Scalar],
    lookups: Mapping[str, Mapping[str, Scalar]],
    key: tuple[str, ...],
    key_before: tuple[str, ...],
) -> Iterator[tuple[str, str]]:
    for name, given in columns.items():
        yield from _expression_faults(f"{at}/{name}", given, lookups)
    for name in key:
        if name not in columns:
            yield at, f"the key column {name} gets no value"
            continue
        strays = set(_reads(columns[name])) - {*key_before}
        if strays:
            # A row that was deleted is known by its key alone.
            yield f"{at}/{name}", f"a key is made of key columns only, not of {min(strays)}"


def _expression_faults(
    at: str, given: Scalar, lookups: Mapping[str, Mapping[str, Scalar]]
) -> Iterator[tuple[str, str]]:
    if not isinstance(given, str):
        return
    try:
        compile_expression(given, names_in(given), lookups)
    except BadExpression as error:
        if not _ODD_NAME.fullmatch(given):
            yield at, str(error)


def _reads(given: Scalar) -> list[str]:
    if not isinstance(given, str):
        return []
    try:
        return names_in(given)
    except BadExpression:
        return [given]


def reverse_of(plan: SetPlan) -> ReversePlan | None:
    """The way back that a set has: as declared, or by itself where every column is a plain one."""
    if isinstance(plan.reverse, ReversePlan):
        return plan.reverse
    if plan.reverse == "none" or plan.source.table is None or plan.filter or plan.soft_delete:
        return None
    back: dict[str, Scalar] = {}
    for column, given in plan.columns.items():
        if not isinstance(given, str):
            continue
        if not _is_plain(given):
            return None
        back.setdefault(given, _named(column))
    if not {*plan.source.key} <= back.keys():
        return None
    return ReversePlan(columns=back)


def _named(column: str) -> str:
    return column if column.isidentifier() else f'col("{column}")'


def _is_plain(given: str) -> bool:
    try:
        return names_in(given) == [given]
    except BadExpression:
        return True  # an odd name, or it would not have passed the check
