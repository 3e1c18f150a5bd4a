"""Tables of a side: what they look like, and their rows read by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    FromClause,
    and_,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    types,
)
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import NullType

from banyan.movement.errors import TableUnfit
from banyan.movement.model import ColumnKind, ColumnShape, Key, Row
from banyan.movement.sources.connection import Session, Side

_EVERYTHING: ColumnClause[Any] = literal_column("*", NullType())
_KEYS_AT_ONCE = 500
"""In one statement: databases limit how many values it may have."""

_KINDS: tuple[tuple[type[Any], ColumnKind], ...] = (
    # The first that fits; more special ones come before.
    (types.Boolean, ColumnKind.BOOLEAN),
    (types.Integer, ColumnKind.INTEGER),
    (types.Float, ColumnKind.FLOAT),
    (types.Numeric, ColumnKind.DECIMAL),
    (types.Uuid, ColumnKind.UUID),
    (types.JSON, ColumnKind.JSON),
    (types.CHAR, ColumnKind.CHAR),
    (types.String, ColumnKind.TEXT),
    (types.LargeBinary, ColumnKind.BYTES),
    (types.VARBINARY, ColumnKind.BYTES),
    (types.BINARY, ColumnKind.BYTES),
    (types.Date, ColumnKind.DATE),
    (types.Time, ColumnKind.TIME),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A table (or a query) of a side: what to read, and what its columns hold."""

    side: Side
    schema: str | None
    name: str
    shapes: Mapping[str, ColumnShape]
    key: tuple[str, ...]
    query: str | None = None

    @property
    def source(self) -> FromClause:
        columns = [bare_column(name) for name in self.shapes]
        if self.query is not None:
            return text(self.query.replace(":", "\\:")).columns(*columns).subquery("banyan_query")
        return table(self.name, *columns, schema=self.schema)

    @property
    def quoted(self) -> str:
        return self.side.quote(self.schema, self.name)


def find_table(side: Side, schema: str | None, name: str, key: Sequence[str]) -> Place:
    """A table as the database declares it; ``TableUnfit`` if it or its key isn't there."""
    with side.reading():
        found = side.inspect()
        if side.dialect == "postgresql":
            schema = schema or found.default_schema_name  # a trigger's function needs it named
        try:
            declared = found.get_columns(name, schema=schema)
        except NoSuchTableError:
            raise TableUnfit(f"The {side.name} has no table {name}.") from None
    shapes = {one["name"]: _shape(side.dialect, one) for one in declared}
    _check_columns(side, name, shapes, key)
    return Place(side, schema, name, shapes, tuple(key))


def find_query(side: Side, query: str, key: Sequence[str]) -> Place:
    """A query as a table; what its columns hold is found out from the values."""
    inner = text(query.rstrip().rstrip(";").replace(":", "\\:"))
    with side.reading() as session:
        names = session.columns_of(
            select(_EVERYTHING).select_from(inner.columns().subquery("banyan_query")).limit(0)
        )
    shapes = {name: ColumnShape(name, ColumnKind.OTHER, "") for name in names}
    _check_columns(side, "the query", shapes, key)
    return Place(side, None, "", shapes, tuple(key), query.rstrip().rstrip(";"))


def _check_columns(
    side: Side, name: str, shapes: Mapping[str, ColumnShape], columns: Sequence[str]
) -> None:
    for one in columns:
        if one not in shapes:
            raise TableUnfit(f"{name} of the {side.name} has no column {one}.")


def _shape(dialect: str, declared: Mapping[str, Any]) -> ColumnShape:
    kind = declared["type"]
    name = str(declared["name"])
    said = type(kind).__name__ if isinstance(kind, NullType) else str(kind)
    if isinstance(kind, types.DateTime):
        is_instant = bool(kind.timezone) or (dialect == "mysql" and "TIMESTAMP" in said.upper())
        return ColumnShape(name, ColumnKind.INSTANT if is_instant else ColumnKind.NAIVE, said)
    found = next((one for base, one in _KINDS if isinstance(kind, base)), ColumnKind.OTHER)
    places = getattr(kind, "scale", None) if found == ColumnKind.DECIMAL else None
    if found == ColumnKind.DECIMAL and dialect == "sqlite":
        places = None  # it declares them, and keeps what it is given
    return ColumnShape(name, found, said, places)


def unique_over(place: Place, columns: Sequence[str]) -> bool:
    """Whether no two rows of a table can have the same values in ``columns``."""
    wanted = {*columns}
    with place.side.reading():
        found = place.side.inspect()
        keys = [found.get_pk_constraint(place.name, schema=place.schema)["constrained_columns"]]
        keys += [
            one["column_names"]
            for one in found.get_unique_constraints(place.name, schema=place.schema)
        ]
        keys += [
            one["column_names"]
            for one in found.get_indexes(place.name, schema=place.schema)
            if one.get("unique") and not one.get("dialect_options", {}).get("postgresql_where")
        ]
    return any({*key} == wanted for key in keys if key)


def check_key(place: Place) -> None:
    """``TableUnfit`` where a column of the key may be empty: such rows have no place in any order."""
    with place.side.reading():
        found = place.side.inspect()
        primary = found.get_pk_constraint(place.name, schema=place.schema)["constrained_columns"]
        declared = found.get_columns(place.name, schema=place.schema)
    empty = [one["name"] for one in declared if one["nullable"] and one["name"] in place.key]
    # SQLite says so of primary keys, too; there rows are looked at as they are read.
    for name in empty:
        if name not in primary:
            raise TableUnfit(
                f"{place.name} of the {place.side.name} may have rows without {name}: a key needs "
                "columns that are not null."
            )


def count(session: Session, place: Place) -> int:
    ((rows,),) = session.fetch(select(func.count()).select_from(place.source))
    return int(rows)


def read_chunk(
    session: Session,
    place: Place,
    columns: Sequence[str],
    *,
    after: Key | None,
    until: Key | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Rows in order of the key: those behind ``after``, up to and with ``until``."""
    source = place.source
    statement = select(*(source.c[name] for name in columns)).order_by(
        *(source.c[name] for name in place.key)
    )
    if after is not None:
        statement = statement.where(_behind(source, place.key, after))
    if until is not None:
        statement = statement.where(_not_behind(source, place.key, until))
    if limit is not None:
        statement = statement.limit(limit)
    rows = session.fetch(statement)
    _check_keys(place, columns, rows)
    if after is not None and until is None and (limit is None or len(rows) < limit):
        # Where they come last, no chunk reaches them: nothing is greater or less than they are.
        empty = or_(*(source.c[name].is_(None) for name in place.key))
        names = select(*(source.c[name] for name in columns))
        _check_keys(place, columns, session.fetch(names.where(empty).limit(1)))
    return _mended(place, columns, rows)


def _check_keys(place: Place, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Behind a key that is empty there is nothing, as databases compare: the rest would be left out."""
    for at in [columns.index(name) for name in place.key if name in columns]:
        # They come first or last, as the database likes it.
        if any(row[at] is None for row in rows):
            raise TableUnfit(
                f"{place.name or 'The query'} of the {place.side.name} has a row without "
                f"{columns[at]}, which is of the key."
            )


def read_keys(
    session: Session, place: Place, columns: Sequence[str], keys: Sequence[Key]
) -> list[Row]:
    """The rows of these keys, in any order; those that aren't there are left out."""
    source = place.source
    rows: list[Row] = []
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        statement = select(*(source.c[name] for name in columns)).where(
            one_of(source, place.key, some)
        )
        rows += session.fetch(statement)
    return _mended(place, columns, rows)


def one_of(source: FromClause, key: Sequence[str], keys: Sequence[Key]) -> ColumnElement[bool]:
    if len(key) == 1:
        return source.c[key[0]].in_([bare(one[0]) for one in keys])
    return or_(
        *(
            and_(*(source.c[name] == bare(value) for name, value in zip(key, one, strict=True)))
            for one in keys
        )
    )


def bare_column(name: str) -> ColumnClause[Any]:
    return column(name, NullType())


def bare(value: Any) -> ColumnElement[Any]:
    """A value whose type the database finds out by itself."""
    return literal(value, NullType())


def _behind(source: FromClause, key: Sequence[str], after: Key) -> ColumnElement[bool]:
    """(a, b) > (x, y), as every database understands it and an index can serve."""
    first, *rest = key
    value = bare(after[0])
    if not rest:
        return source.c[first] > value
    tie = and_(source.c[first] == value, _behind(source, rest, after[1:]))
    return and_(source.c[first] >= value, or_(source.c[first] > value, tie))


def _not_behind(source: FromClause, key: Sequence[str], until: Key) -> ColumnElement[bool]:
    first, *rest = key
    value = bare(until[0])
    if not rest:
        return source.c[first] <= value
    tie = and_(source.c[first] == value, _not_behind(source, rest, until[1:]))
    return and_(source.c[first] <= value, or_(source.c[first] < value, tie))


def _mended(place: Place, columns: Sequence[str], rows: list[Row]) -> list[Row]:
    """MySQL gives instants without the zone that the session has asked for."""
    if place.side.dialect != "mysql":
        return rows
    instants = [
        at for at, name in enumerate(columns) if place.shapes[name].kind == ColumnKind.INSTANT
    ]
    if not instants:
        return rows
    mended: list[Row] = []
    for row in rows:
        values = list(row)
        for at in instants:
            if isinstance(values[at], datetime):
                values[at] = values[at].replace(tzinfo=UTC)
        mended.append(tuple(values))
    return mended
