"""Changes of a PostgreSQL table out of its write-ahead log, by SQL functions.

A publication names the table and the fence, a slot keeps what was not confirmed. The messages are
those of ``pgoutput`` (PostgreSQL's documentation, "Logical Replication Message Formats"); only keys are
read of them. A transaction that touches the fence is the mover's own and is passed over.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from time import monotonic
from typing import Any
from uuid import UUID

from banyan.movement.errors import TableUnfit
from banyan.movement.model import ColumnKind, Key
from banyan.movement.sources.capture import Lag, Notices
from banyan.movement.sources.connection import Refused, Session
from banyan.movement.sources.tables import Place
from banyan.movement.sources.writing import FENCE, prepare_fence

_READERS: dict[ColumnKind, Callable[[str], Any]] = {
    ColumnKind.INTEGER: int,
    ColumnKind.DECIMAL: Decimal,
    ColumnKind.UUID: UUID,
    ColumnKind.DATE: date.fromisoformat,
    ColumnKind.NAIVE: datetime.fromisoformat,
    ColumnKind.INSTANT: datetime.fromisoformat,
    ColumnKind.BOOLEAN: lambda text: text == "t",
}


@dataclass(slots=True)
class _Stream:
    """What was read so far of the messages of one peek."""

    relations: dict[int, tuple[str, list[str]]] = field(
        default_factory=dict[int, tuple[str, list[str]]]
    )
    keys: list[Key] = field(default_factory=list[Key])
    committed: dict[Key, int] = field(default_factory=dict[Key, int])
    """When a key was changed first, in microseconds since 2000."""
    in_transaction: list[Key] = field(default_factory=list[Key])
    is_ours: bool = False
    end: str | None = None


class LogicalCapture:
    """The slot and the publication of one set."""

    def __init__(self, place: Place, set_name: str) -> None:
        self._place = place
        self._side = place.side
        word = set_name.replace("-", "_")
        self._publication = f"banyan_{word}"
        self._slot = f"banyan_{word}"
        self._waits_since_s: float | None = None

    def install(self) -> None:
        if self._side.dialect != "postgresql":
            raise TableUnfit("Only PostgreSQL has a logical stream: let triggers catch changes.")
        prepare_fence(self._side)
        quote = self._side.quote
        try:
            with self._side.writing() as session:
                if session.query("show wal_level", ()) != [("logical",)]:
                    raise TableUnfit("Set wal_level = logical at the source, or use triggers.")
                known = "select 1 from pg_publication where pubname = %s"
                if not session.query(known, (self._publication,)):
                    self._check_identity(session)
                    tables = f"{self._place.quoted}, {quote(FENCE.name)}"
                    session.command(
                        _sql("create publication", quote(self._publication), "for table", tables)
                    )
            with self._side.writing() as session:
                if not self._has_slot(session):
                    session.query(
                        "select pg_create_logical_replication_slot(%s, 'pgoutput')",
                        (self._slot_of(session),),
                    )
        except Refused as error:
            raise TableUnfit(f"The logical stream can't be made: {error}.") from error

    def _check_identity(self, session: Session) -> None:
        """A published table without a replica identity refuses its own application's updates."""
        found = session.query(
            "select c.relreplident::text, array(select a.attname::text from pg_index i"
            " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)"
            " where i.indrelid = c.oid and case c.relreplident when 'd' then i.indisprimary"
            " when 'i' then i.indisreplident else false end)"
            " from pg_class c where c.oid = to_regclass(%s)",
            (self._place.quoted,),
        )
        for identity, columns in found:
            if identity == "f" or (columns and {*self._place.key} <= {*columns}):
                continue
            raise TableUnfit(
                f"{self._place.name} of the {self._side.name} has no replica identity over "
                f"{', '.join(self._place.key)}: published, it would refuse updates and deletes. "
                "Use triggers, or give it one (alter table … replica identity …)."
            )

    def remove(self) -> None:
        with self._side.writing() as session:
            if self._has_slot(session):
                session.query("select pg_drop_replication_slot(%s)", (self._slot_of(session),))
        with self._side.writing() as session:
            session.command(_sql("drop publication if exists", self._side.quote(self._publication)))

    def begin(self) -> Any:
        return None

    def take(self, limit: int) -> Notices:
        """Whole transactions until there are ``limit`` changes; the slot stays where it is."""
        stream = _Stream()
        with self._side.reading() as session:
            rows = session.query(
                "select lsn::text, data from pg_logical_slot_peek_binary_changes(%s, null, %s,"
                " 'proto_version', '1', 'publication_names', %s)",
                (self._slot_of(session), limit, self._publication),
            )
            now = "select (extract(epoch from clock_timestamp() - '2000-01-01Z') * 1000000)::bigint"
            ((now_us,),) = session.query(now, ())
        for lsn, data in rows:
            self._read(stream, lsn, bytes(data))
        keys = list(dict.fromkeys(stream.keys))
        ages_s = {key: (now_us - at) / 1_000_000 for key, at in stream.committed.items()}
        return Notices(keys, stream.end, len(rows) >= limit, ages_s)

    def done(self, notices: Notices) -> Any:
        if notices.token is None:
            return None
        with self._side.writing() as session:
            slot = self._slot_of(session)
            session.query(
                "select pg_replication_slot_advance(%s, %s::pg_lsn)", (slot, notices.token)
            )
        return None

    def waiting(self, session: Session, keys: Sequence[Key]) -> set[Key]:
        wanted = {self._unpadded(key) for key in keys}
        stream = _Stream()
        rows = session.query(
            "select lsn::text, data from pg_logical_slot_peek_binary_changes(%s, null, null,"
            " 'proto_version', '1', 'publication_names', %s)",
            (self._slot_of(session), self._publication),
        )
        for lsn, data in rows:
            self._read(stream, lsn, bytes(data))
        return {key for key in stream.keys if self._unpadded(key) in wanted}

    def _unpadded(self, key: Key) -> Key:
        """The stream has texts of fixed width padded, as queries give them; mapped ones aren't."""
        shapes = [self._place.shapes[name] for name in self._place.key]
        return tuple(
            [
                value.rstrip(" ") if shape.kind == ColumnKind.CHAR else value
                for shape, value in zip(shapes, key, strict=True)
            ]
        )

    def lag(self) -> Lag:
        notices = self.take(10_000)
        if not notices.keys:
            self._waits_since_s = None
            return Lag(0, 0.0)
        if self._waits_since_s is None:
            self._waits_since_s = monotonic()
        return Lag(len(notices.keys), monotonic() - self._waits_since_s)

    def _slot_of(self, session: Session) -> str:
        """Slots belong to the whole server; sets of the same name in two databases don't meet."""
        ((number,),) = session.query(
            "select oid::text from pg_database where datname = current_database()", ()
        )
        return f"{self._slot}_{number}"

    def _has_slot(self, session: Session) -> bool:
        known = "select 1 from pg_replication_slots where slot_name = %s"
        return bool(session.query(known, (self._slot_of(session),)))

    def _read(self, stream: _Stream, lsn: str, data: bytes) -> None:
        kind = data[:1]
        if kind == b"B":
            stream.in_transaction, stream.is_ours = [], False
        elif kind == b"C":
            if not stream.is_ours:
                stream.keys += stream.in_transaction
                (at_us,) = struct.unpack(">q", data[18:26])
                for key in stream.in_transaction:
                    stream.committed.setdefault(key, at_us)
            # The end of the commit record: up to here everything is known.
            high, low = struct.unpack(">II", data[10:18])
            stream.end = f"{high:X}/{low:X}"
        elif kind == b"R":
            self._read_relation(stream, data)
        elif kind in (b"I", b"U", b"D"):
            self._read_change(stream, data)
        del lsn

    def _read_relation(self, stream: _Stream, data: bytes) -> None:
        (number,) = struct.unpack(">I", data[1:5])
        _, rest = _text(data, 5)
        name, rest = _text(data, rest)
        (count,) = struct.unpack(">H", data[rest + 1 : rest + 3])
        rest += 3
        columns: list[str] = []
        for _ in range(count):
            column, rest = _text(data, rest + 1)
            columns.append(column)
            rest += 8
        stream.relations[number] = (name, columns)

    def _read_change(self, stream: _Stream, data: bytes) -> None:
        (number,) = struct.unpack(">I", data[1:5])
        name, columns = stream.relations[number]
        if name == FENCE.name:
            stream.is_ours = True
            return
        place = 5
        while place < len(data):
            place += 1  # what kind of tuple: the key before, the row before, the row after
            values, place = _tuple(data, place)
            row = dict(zip(columns, values, strict=False))
            key = tuple(self._value(one, row.get(one)) for one in self._place.key)
            if None not in key:
                stream.in_transaction.append(key)

    def _value(self, column: str, text: str | None) -> Any:
        if text is None:
            return None
        reader = _READERS.get(self._place.shapes[column].kind)
        return text if reader is None else reader(text)


def _text(data: bytes, start: int) -> tuple[str, int]:
    end = data.index(b"\0", start)
    return data[start:end].decode(), end + 1


def _tuple(data: bytes, place: int) -> tuple[list[str | None], int]:
    (count,) = struct.unpack(">H", data[place : place + 2])
    place += 2
    values: list[str | None] = []
    for _ in range(count):
        kind = data[place : place + 1]
        place += 1
        if kind in (b"n", b"u"):  # null, or a large value that did not change
            values.append(None)
            continue
        (length,) = struct.unpack(">I", data[place : place + 4])
        place += 4
        values.append(data[place : place + length].decode())
        place += length
    return values, place


def _sql(*words: str) -> str:
    return " ".join(words)
