"""Rows written to a side: all or nothing, marked as ours, and only by the mover in charge.

Each write begins by touching the set's row in ``banyan_fence``. A mover that was replaced while it
slept finds a higher epoch there and stops; in a logical stream the touched row tells which
transactions are the mover's own.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import NullType

from banyan.movement.errors import MoverReplaced
from banyan.movement.model import ColumnKind, ColumnShape, Key, Row
from banyan.movement.sources.connection import Session, Side
from banyan.movement.sources.tables import Place, bare_column, one_of

FENCE = Table(
    "banyan_fence",
    MetaData(),
    Column("name", String(60), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("writes", BigInteger, nullable=False),
)
_MARK = "banyan_mark"
_AT_ONCE = 500


def prepare_fence(side: Side) -> None:
    """Make what writing needs, where it is missing."""
    FENCE.create(side.engine, checkfirst=True)
    if side.dialect == "sqlite":
        with side.writing() as session:
            session.command(f"create table if not exists {_MARK} (is_ours integer not null)")


def drop_fence(side: Side, set_name: str) -> None:
    """Forget a set; the last one takes the tables with it."""
    if not side.inspect().has_table(FENCE.name):
        return
    with side.writing() as session:
        session.change(delete(FENCE).where(FENCE.c.name == set_name))
        left = session.fetch(select(func.count()).select_from(FENCE))
    if left == [(0,)]:
        FENCE.drop(side.engine)
        if side.dialect == "sqlite":
            with side.writing() as session:
                session.command(f"drop table if exists {_MARK}")


def claim(side: Side, set_name: str, epoch: int) -> None:
    """Shut out earlier movers; waits for what they are writing. ``MoverReplaced`` if we are one."""
    with side.writing() as session:
        known = session.fetch(select(FENCE.c.epoch).where(FENCE.c.name == set_name))
        if not known:
            session.change(insert(FENCE).values(name=set_name, epoch=epoch, writes=0))
        elif known[0][0] > epoch:
            raise MoverReplaced(f"Another mover carries {set_name} by now.")
        else:
            session.change(
                update(FENCE)
                .where(FENCE.c.name == set_name, FENCE.c.epoch <= epoch)
                .values(epoch=epoch)
            )


@contextmanager
def writing(side: Side, set_name: str, epoch: int) -> Generator[Session]:
    """A transaction of the mover in charge, marked so that captures pass it over."""
    with side.writing() as session:
        touched = session.change(
            update(FENCE)
            .where(FENCE.c.name == set_name, FENCE.c.epoch == epoch)
            .values(writes=FENCE.c.writes + 1)
        )
        if touched != 1:
            raise MoverReplaced(f"Another mover carries {set_name} by now.")
        if side.dialect == "postgresql":
            session.command("select set_config('banyan.origin', 'mover', true)")
        elif side.dialect == "sqlite":
            session.command(_sql("insert into", _MARK, "values (1)"))
        yield session
        if side.dialect == "sqlite":
            session.command(_sql("delete from", _MARK))


class Writer:
    """Writes whole rows to a place: those that are there are replaced, the others added."""

    def __init__(self, place: Place, columns: Sequence[str], key: Sequence[str]) -> None:
        self._place = place
        self._columns = list(columns)
        self._key = list(key)
        self._shapes = [place.shapes[name] for name in columns]
        self._binders = [_binder(place.side.dialect, shape) for shape in self._shapes]
        self._binds_nothing = all(bind is _same for bind in self._binders)
        self._incoming = "banyan_incoming_" + "".join(c for c in place.name if c.isalnum())[:30]

    def put(self, session: Session, rows: Sequence[Row]) -> None:
        """Upsert; the rows' keys are all different."""
        if not rows:
            return
        bound = rows if self._binds_nothing else [self._bound(row) for row in rows]
        match self._place.side.dialect:
            case "postgresql":
                self._copy(session, bound)
            case "sqlite":
                self._insert_or_update(session, bound)
            case _:
                self._update_then_insert(session, bound)

    def _bound(self, row: Row) -> Row:
        return tuple([bind(value) for bind, value in zip(self._binders, row, strict=True)])

    def remove(self, session: Session, keys: Sequence[Key]) -> int:
        source = self._table()
        removed = 0
        for start in range(0, len(keys), _AT_ONCE):
            some = [self._bound_key(key) for key in keys[start : start + _AT_ONCE]]
            removed += session.change(delete(source).where(one_of(source, self._key, some)))
        return removed

    def mark(self, session: Session, keys: Sequence[Key], column: str, value: Any) -> None:
        """Set one column of these rows."""
        source = self._table(column)
        bound = _binder(self._place.side.dialect, self._place.shapes[column])(value)
        for start in range(0, len(keys), _AT_ONCE):
            some = [self._bound_key(key) for key in keys[start : start + _AT_ONCE]]
            session.change(
                update(source)
                .where(
                    one_of(source, self._key, some),
                    source.c[column].is_(None) | (source.c[column] != _bare(bound)),
                )
                .values({column: _bare(bound)})
            )

    def bound_key(self, key: Key) -> Key:
        """A key as this database takes it."""
        return self._bound_key(key)

    def _bound_key(self, key: Key) -> Key:
        if self._binds_nothing:
            return key
        binders = [self._binders[self._columns.index(name)] for name in self._key]
        return tuple([bind(value) for bind, value in zip(binders, key, strict=True)])

    def _table(self, *more: str) -> Any:
        names = dict.fromkeys([*self._columns, *more])
        place = self._place
        return table(place.name, *(bare_column(name) for name in names), schema=place.schema)

    def _copy(self, session: Session, rows: Sequence[Row]) -> None:
        """COPY into a table of this connection's own, from there into the real one."""
        quote = self._place.side.quote
        incoming = quote(self._incoming)
        names = ", ".join(quote(name) for name in self._columns)
        keys = ", ".join(quote(name) for name in self._key)
        others = [quote(name) for name in self._columns if name not in self._key]
        changed = ", ".join(f"{name} = excluded.{name}" for name in others)
        session.command(
            _sql(
                "create temporary table if not exists",
                incoming,
                "on commit delete rows as",
                "select",
                names,
                "from",
                self._place.quoted,
                "where false",
            )
        )
        cursor = session.driver.cursor()
        with cursor, cursor.copy(_sql("copy", incoming, f"({names})", "from stdin")) as copy:
            for row in rows:
                copy.write_row(row)
        session.command(
            _sql(
                "insert into",
                self._place.quoted,
                f"({names})",
                "overriding system value",
                "select",
                names,
                "from",
                incoming,
                "on conflict",
                f"({keys})",
                f"do update set {changed}" if changed else "do nothing",
            )
        )
        session.command(_sql("truncate", incoming))

    def _insert_or_update(self, session: Session, rows: Sequence[Row]) -> None:
        statement = sqlite.insert(self._table())
        statement = statement.values(
            {name: bindparam(f"c{at}", type_=NullType()) for at, name in enumerate(self._columns)}
        )
        others = {name: statement.excluded[name] for name in self._columns if name not in self._key}
        upsert = (
            statement.on_conflict_do_update(index_elements=self._key, set_=others)
            if others
            else statement.on_conflict_do_nothing(index_elements=self._key)
        )
        session.change(upsert, [_named(row) for row in rows])

    def _update_then_insert(self, session: Session, rows: Sequence[Row]) -> None:
        """Not ``on duplicate key update``: that would strike a row of another unique key, too."""
        source = self._table()
        places = [self._columns.index(name) for name in self._key]
        keys = [tuple([row[at] for at in places]) for row in rows]
        there: set[Key] = set()
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            found = session.fetch(
                select(*(source.c[name] for name in self._key))
                .where(one_of(source, self._key, some))
                .with_for_update()
            )
            there |= {_plain_key(key) for key in found}
        old = [row for row, key in zip(rows, keys, strict=True) if _plain_key(key) in there]
        new = [row for row, key in zip(rows, keys, strict=True) if _plain_key(key) not in there]
        values = {
            name: bindparam(f"c{at}", type_=NullType()) for at, name in enumerate(self._columns)
        }
        changed = {name: one for name, one in values.items() if name not in self._key}
        if changed:
            where = and_(*(source.c[name] == values[name] for name in self._key))
            session.change(
                update(source).where(where).values(changed), [_named(row) for row in old]
            )
        session.change(insert(source).values(values), [_named(row) for row in new])


def _plain_key(key: Row) -> Key:
    """Keys as sets compare them: MySQL gives back 1 for True, and texts in any case."""
    return tuple([value.casefold() if isinstance(value, str) else value for value in key])


def _named(row: Row) -> dict[str, Any]:
    return {f"c{at}": value for at, value in enumerate(row)}


def _sql(*words: str) -> str:
    return " ".join(words)


def _bare(value: Any) -> Any:
    return bindparam(None, value, type_=NullType(), unique=True)


def _same(value: Any) -> Any:
    return value


def _binder(dialect: str, shape: ColumnShape) -> Callable[[Any], Any]:
    """How a driver takes a value of the mapping."""
    if shape.kind == ColumnKind.JSON:
        return lambda value: (
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
        )
    binders: Mapping[str, Callable[[Any], Any]] = {"sqlite": _for_sqlite, "mysql": _for_mysql}
    return binders.get(dialect, _same)


def _for_sqlite(value: Any) -> Any:
    match value:
        case bool():
            return int(value)
        case None | int() | float() | str() | bytes():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(" ") if value.tzinfo else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return value


def _for_mysql(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime() if value.tzinfo:
            return value.astimezone(UTC).replace(tzinfo=None)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return value
