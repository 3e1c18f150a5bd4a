"""Ids that a database gives out itself: kept apart from those that came from the other side."""

from sqlalchemy import func, select

from banyan.movement.model import ColumnKind
from banyan.movement.sources.connection import Session
from banyan.movement.sources.tables import Place


def raise_sequences(place: Place, column: str, margin: int, at_least: int = 0) -> None:
    """Let ids that the database gives out itself begin ``margin`` behind the highest there is, also
    where there is none yet: the first may come from the other side any moment.

    ``at_least``: an id that the other side has given out, though its row may not be here yet.
    """
    if not _is_counted(place, column):
        return
    side = place.side
    with side.writing() as session:
        highest = max(_highest(session, place, column), at_least)
        if not highest + margin:
            return
        if side.dialect == "postgresql":
            _raise_postgresql(session, place, column, highest, margin)
        elif side.dialect == "mysql":
            _raise_mysql(session, place, highest, margin)
        elif side.dialect == "sqlite":
            _raise_sqlite(session, place, highest, margin)


def given_out(place: Place, column: str) -> int:
    """The highest id that this side has, or has given out; 0: none."""
    if not _is_counted(place, column):
        return 0
    with place.side.reading() as session:
        given = {
            "postgresql": _given_by_postgresql,
            "mysql": _given_by_mysql,
            "sqlite": _given_by_sqlite,
        }.get(place.side.dialect, _given_by_none)(session, place, column)
        return max(_highest(session, place, column), given)


def _is_counted(place: Place, column: str) -> bool:
    shape = place.shapes.get(column)
    return place.query is None and shape is not None and shape.kind == ColumnKind.INTEGER


def _highest(session: Session, place: Place, column: str) -> int:
    ((highest,),) = session.fetch(select(func.max(place.source.c[column])))
    return int(highest or 0)


def _raise_postgresql(
    session: Session, place: Place, column: str, highest: int, margin: int
) -> None:
    # A sequence that is ahead by half the margin is left alone: gaps should not grow by themselves.
    sequence = _sequence_of(session, place, column)
    if sequence is None:
        return
    if _given_by_postgresql(session, place, column) < highest + margin // 2:
        session.query("select setval(%s::regclass, %s)", (sequence, highest + margin))


def _sequence_of(session: Session, place: Place, column: str) -> str | None:
    ((sequence,),) = session.fetch(select(func.pg_get_serial_sequence(place.quoted, column)))
    return sequence


def _given_by_postgresql(session: Session, place: Place, column: str) -> int:
    sequence = _sequence_of(session, place, column)
    if sequence is None:
        return 0
    ((last,),) = session.query(
        "select coalesce(pg_sequence_last_value(%s::regclass), 0)", (sequence,)
    )
    return int(last)


def _raise_mysql(session: Session, place: Place, highest: int, margin: int) -> None:
    given = _given_by_mysql(session, place, "")
    if 0 <= given < highest + margin // 2:
        session.command(
            _sql("alter table", place.quoted, f"auto_increment = {highest + margin + 1}")
        )


def _given_by_mysql(session: Session, place: Place, _: str) -> int:
    """-1: the table has none."""
    found = session.query(
        "select auto_increment from information_schema.tables"
        " where table_schema = coalesce(%s, database()) and table_name = %s",
        (place.schema, place.name),
    )
    return -1 if not found or found[0][0] is None else int(found[0][0]) - 1


def _raise_sqlite(session: Session, place: Place, highest: int, margin: int) -> None:
    """Only tables with AUTOINCREMENT have a sequence; the others take the highest rowid."""
    if not _has_sequences(session):
        return
    session.query(
        "update sqlite_sequence set seq = ? where name = ? and seq < ? returning seq",
        (highest + margin, place.name, highest + margin // 2),
    )


def _given_by_sqlite(session: Session, place: Place, _: str) -> int:
    if not _has_sequences(session):
        return 0
    found = session.query("select seq from sqlite_sequence where name = ?", (place.name,))
    return int(found[0][0]) if found else 0


def _has_sequences(session: Session) -> bool:
    return bool(session.query("select 1 from sqlite_master where name = 'sqlite_sequence'", ()))


def _given_by_none(_: Session, __: Place, ___: str) -> int:
    return 0


def _sql(*words: str) -> str:
    return " ".join(words)
