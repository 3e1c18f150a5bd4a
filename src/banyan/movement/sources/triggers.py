"""Changes caught by triggers, in a log beside the table.

The trigger writes the row's key into ``banyan_log_<set>`` in the application's own transaction: what
it rolls back leaves no notice, what it commits can't be missed. Notices are deleted once they have
been carried over; nothing relies on their order, because numbers are drawn before transactions commit.
What the mover itself writes is passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Table,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.types import NullType

from banyan.movement.errors import TableUnfit
from banyan.movement.model import Key
from banyan.movement.sources.capture import Lag, Notices
from banyan.movement.sources.connection import Refused, Session, Side
from banyan.movement.sources.tables import Place, one_of
from banyan.movement.sources.writing import prepare_fence

_AT_ONCE = 500

_NOW = {
    "postgresql": "extract(epoch from clock_timestamp())::bigint",
    "mysql": "unix_timestamp()",
    "sqlite": "cast(strftime('%s', 'now') as integer)",
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose changes are caught, and its columns that make the set's key."""

    schema: str | None
    name: str
    columns: tuple[str, ...]


class TriggerCapture:
    """The log and the triggers of one set at one side."""

    def __init__(
        self, place: Place, set_name: str, watched: Sequence[Watched] | None = None
    ) -> None:
        self._place = place
        self._side: Side = place.side
        self._word = set_name.replace("-", "_")
        self._watched = watched or [Watched(place.schema, place.name, place.key)]
        schema = self._watched[0].schema
        self._log = Table(
            f"banyan_log_{self._word}",
            MetaData(),
            Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
            *(Column(f"k{at}", NullType()) for at in range(len(place.key))),
            Column("at", BigInteger),
            schema=schema,
        )
        self._keys = [self._log.c[f"k{at}"] for at in range(len(place.key))]

    def install(self) -> None:
        if self._side.dialect not in _NOW:
            raise TableUnfit(
                f"Triggers aren't known for {self._side.dialect}: let changes be polled."
            )
        prepare_fence(self._side)
        if self._is_installed():
            return
        try:
            with self._side.writing() as session:
                for statement in self._statements():
                    session.command(statement)
        except Refused as error:
            raise TableUnfit(
                f"The triggers on {self._place.name} of the {self._side.name} can't be made: {error}."
            ) from error

    def remove(self) -> None:
        with self._side.writing() as session:
            for at, watched in enumerate(self._watched):
                for what in ("i", "u", "d"):
                    session.command(self._drop_trigger(watched, self._trigger(at, what)))
                if self._side.dialect == "postgresql":
                    function = self._side.quote(self._log.schema, self._function(at))
                    session.command(_sql("drop function if exists", f"{function}()"))
            session.command(_sql("drop table if exists", self._quoted))

    def begin(self) -> Any:
        return None

    def take(self, limit: int) -> Notices:
        now = literal_column(_NOW[self._side.dialect], BigInteger())
        columns = (self._log.c.id, now - self._log.c.at, *self._keys)
        statement = select(*columns).order_by(self._log.c.id).limit(limit)
        with self._side.reading() as session:
            rows = session.fetch(statement)
        ages_s: dict[Key, float] = {}
        for row in rows:
            if None not in row[2:]:
                ages_s[row[2:]] = max(float(row[1]), ages_s.get(row[2:], 0.0))
        return Notices(list(ages_s), [row[0] for row in rows], len(rows) == limit, ages_s)

    def done(self, notices: Notices) -> Any:
        numbers: list[int] = notices.token or []
        with self._side.writing() as session:
            for start in range(0, len(numbers), _AT_ONCE):
                some = numbers[start : start + _AT_ONCE]
                session.change(delete(self._log).where(self._log.c.id.in_(some)))

    def waiting(self, session: Session, keys: Sequence[Key]) -> set[Key]:
        names = [one.name for one in self._keys]
        found: set[Key] = set()
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            found.update(session.fetch(select(*self._keys).where(one_of(self._log, names, some))))
        return found

    def lag(self) -> Lag:
        now = literal_column(_NOW[self._side.dialect], BigInteger())
        statement = select(func.count(), func.min(self._log.c.at), now).select_from(self._log)
        with self._side.reading() as session:
            ((rows, oldest, at),) = session.fetch(statement)
        return Lag(int(rows), 0.0 if oldest is None else max(0.0, float(at) - float(oldest)))

    @property
    def _quoted(self) -> str:
        return self._side.quote(self._log.schema, self._log.name)

    def _is_installed(self) -> bool:
        """The log, and every trigger of ours: a migration of the shop's may have taken some along."""
        if not self._side.inspect().has_table(self._log.name, schema=self._log.schema):
            return False
        wanted = {
            self._trigger(at, what) for at in range(len(self._watched)) for what in ("i", "u", "d")
        }
        with self._side.reading() as session:
            return wanted <= self._triggers_there(session)

    def _triggers_there(self, session: Session) -> set[str]:
        """Names of triggers on the watched tables; those that are switched off don't count."""
        found: set[str] = set()
        for watched in self._watched:
            statement, parameters = {
                "postgresql": (
                    "select tgname::text from pg_trigger"
                    " where tgrelid = to_regclass(%s) and tgenabled in ('O', 'A')",
                    (self._side.quote(watched.schema, watched.name),),
                ),
                "mysql": (
                    "select trigger_name from information_schema.triggers"
                    " where trigger_schema = coalesce(%s, database()) and event_object_table = %s",
                    (watched.schema, watched.name),
                ),
                "sqlite": (
                    "select name from sqlite_master where type = 'trigger' and lower(tbl_name) = lower(?)",
                    (watched.name,),
                ),
            }[self._side.dialect]
            found |= {row[0] for row in session.query(statement, parameters)}
        return found

    def _statements(self) -> list[str]:
        made = [*self._create_log()]
        for at, watched in enumerate(self._watched):
            made += self._create_triggers(at, watched)
        return made

    def _create_log(self) -> list[str]:
        quote = self._side.quote
        kinds = [self._declared(name) for name in self._watched[0].columns]
        keys = ", ".join(f"{quote(f'k{at}')} {kind}" for at, kind in enumerate(kinds))
        number = {
            "postgresql": "bigint generated always as identity primary key",
            "mysql": "bigint not null auto_increment primary key",
            "sqlite": "integer primary key autoincrement",
        }[self._side.dialect]
        engine = " engine = InnoDB" if self._side.dialect == "mysql" else ""
        made = [
            _sql(
                "create table if not exists",
                self._quoted,
                f"({quote('id')} {number}, {keys}, {quote('at')} bigint not null){engine}",
            )
        ]
        index = ", ".join(quote(f"k{at}") for at in range(len(kinds)))
        if not any("text" in kind.lower() or "blob" in kind.lower() for kind in kinds):
            exists = "" if self._side.dialect == "mysql" else "if not exists"
            if not (self._side.dialect == "mysql" and self._has_log()):
                made.append(
                    _sql(
                        "create index",
                        exists,
                        quote(f"banyan_log_{self._word}_key"),
                        "on",
                        self._quoted,
                        f"({index})",
                    )
                )
        return made

    def _has_log(self) -> bool:
        return bool(self._side.inspect().has_table(self._log.name, schema=self._log.schema))

    def _declared(self, column: str) -> str:
        """The type of a key column, written as its table has it."""
        watched = self._watched[0]
        found: Mapping[str, Any] = next(
            one
            for one in self._side.inspect().get_columns(watched.name, schema=watched.schema)
            if one["name"] == column
        )
        return found["type"].compile(dialect=self._side.engine.dialect)

    def _trigger(self, at: int, what: str) -> str:
        return f"banyan_{self._word}_{at}{what}"

    def _function(self, at: int) -> str:
        return f"banyan_note_{self._word}_{at}"

    def _drop_trigger(self, watched: Watched, name: str) -> str:
        if self._side.dialect == "postgresql":
            on = self._side.quote(watched.schema, watched.name)
            return _sql("drop trigger if exists", self._side.quote(name), "on", on)
        return _sql("drop trigger if exists", self._side.quote(watched.schema, name))

    def _insert(self, row: str, columns: Sequence[str]) -> str:
        quote = self._side.quote
        names = ", ".join(quote(f"k{at}") for at in range(len(columns)))
        values = ", ".join(f"{row}.{quote(name)}" for name in columns)
        now = _NOW[self._side.dialect]
        return _sql(
            "insert into", self._quoted, f"({names}, {quote('at')}) values ({values}, {now})"
        )

    def _create_triggers(self, at: int, watched: Watched) -> list[str]:
        return {
            "postgresql": self._postgresql,
            "mysql": self._mysql,
            "sqlite": self._sqlite,
        }[self._side.dialect](at, watched)

    def _postgresql(self, at: int, watched: Watched) -> list[str]:
        quote = self._side.quote
        function = quote(self._log.schema, self._function(at))
        table = quote(watched.schema, watched.name)
        moved = " or ".join(
            f"old.{quote(name)} is distinct from new.{quote(name)}" for name in watched.columns
        )
        body = _sql(
            "begin if current_setting('banyan.origin', true) = 'mover' then return null; end if;",
            "if tg_op = 'DELETE' then",
            self._insert("old", watched.columns),
            "; return null; end if;",
            self._insert("new", watched.columns),
            ";",
            "if tg_op = 'UPDATE' then if",
            moved,
            "then",
            self._insert("old", watched.columns),
            "; end if; end if; return null; end",
        )
        # The application's own user need not know the log: the function acts as its owner.
        made = [
            _sql(
                "create or replace function",
                f"{function}() returns trigger language plpgsql",
                "security definer set search_path = pg_catalog, pg_temp as $banyan$",
                body,
                "$banyan$",
            )
        ]
        for what, event in (("i", "insert"), ("u", "update"), ("d", "delete")):
            made.append(self._drop_trigger(watched, self._trigger(at, what)))
            made.append(
                _sql(
                    "create trigger",
                    quote(self._trigger(at, what)),
                    "after",
                    event,
                    "on",
                    table,
                    "for each row execute function",
                    f"{function}()",
                )
            )
        return made

    def _mysql(self, at: int, watched: Watched) -> list[str]:
        quote = self._side.quote
        table = quote(watched.schema, watched.name)
        moved = " or ".join(
            f"not (binary old.{quote(name)} <=> binary new.{quote(name)})"
            for name in watched.columns
        )
        new, old = self._insert("new", watched.columns), self._insert("old", watched.columns)
        bodies = {
            "i": ("insert", f"{new};"),
            "u": ("update", f"{new}; if {moved} then {old}; end if;"),
            "d": ("delete", f"{old};"),
        }
        made: list[str] = []
        for what, (event, body) in bodies.items():
            name = quote(watched.schema, self._trigger(at, what))
            made.append(_sql("drop trigger if exists", name))
            made.append(
                _sql(
                    "create trigger",
                    name,
                    "after",
                    event,
                    "on",
                    table,
                    "for each row begin",
                    "if @banyan_origin is null then",
                    body,
                    "end if; end",
                )
            )
        return made

    def _sqlite(self, at: int, watched: Watched) -> list[str]:
        quote = self._side.quote
        table = quote(watched.schema, watched.name)
        moved = " or ".join(
            f"old.{quote(name)} is not new.{quote(name)}" for name in watched.columns
        )
        unmarked = "not exists (select 1 from banyan_mark)"
        new, old = self._insert("new", watched.columns), self._insert("old", watched.columns)
        bodies = {
            "i": ("after insert", unmarked, f"{new};"),
            "u": ("after update", unmarked, f"{new}; {self._also(old, moved)};"),
            "d": ("after delete", unmarked, f"{old};"),
        }
        return [
            _sql(
                "create trigger if not exists",
                quote(watched.schema, self._trigger(at, what)),
                event,
                "on",
                table,
                "for each row when",
                when,
                "begin",
                body,
                "end",
            )
            for what, (event, when, body) in bodies.items()
        ]

    def _also(self, insert: str, moved: str) -> str:
        """SQLite's triggers know no if: an insert of no row, unless the key moved."""
        head, _, values = insert.partition(" values ")
        return _sql(head, "select", values.removeprefix("(").removesuffix(")"), "where", moved)


def _sql(*words: str) -> str:
    return " ".join(words)
