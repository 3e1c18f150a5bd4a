"""One direction of a set: rows of the origin become rows of the destination.

A change is carried over by reading the row as it is *now* and writing that. All reads and writes of
a set are made one after the other by one mover, so what is written is never older than what was
written before, whether it came from the backfill, the tail or a repair: the race in which a chunk
that was read early is written late can't happen, and no watermarks are needed. A mover that was
replaced in its sleep is shut out by the fence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from banyan.movement.model import DeletionMark, FlowName, Key, Row
from banyan.movement.rules.expressions import CannotMap, Expression
from banyan.movement.rules.mapping import RowMap, condition, holds
from banyan.movement.sources.capture import Capture, NoCapture
from banyan.movement.sources.connection import Refused, Session
from banyan.movement.sources.tables import Place, read_chunk, read_keys
from banyan.movement.sources.writing import Writer, writing


@dataclass(frozen=True, slots=True)
class Stuck:
    """A row that can't be carried over, and why."""

    origin_key: Key
    why: str


@dataclass(slots=True)
class Carried:
    """What became of some keys. ``conflicts`` (keys of the origin) were left as they are."""

    keys: list[Key] = field(default_factory=list[Key])
    stuck: list[Stuck] = field(default_factory=list[Stuck])
    conflicts: list[Key] = field(default_factory=list[Key])


@dataclass(frozen=True, slots=True)
class Filled:
    """A chunk of the backfill; ``cursor`` None: there was nothing left."""

    rows: int
    cursor: Key | None
    stuck: list[Stuck]
    took_s: float
    is_last: bool


@dataclass(slots=True)
class _Work:
    """What is to be done at the destination, by its key: the origin's key and the row, if any."""

    put: dict[Key, tuple[Key, Row]] = field(default_factory=dict[Key, tuple[Key, Row]])
    gone: dict[Key, Key] = field(default_factory=dict[Key, Key])

    def __len__(self) -> int:
        return len(self.put) + len(self.gone)

    def without(self, keys: set[Key]) -> "_Work":
        return _Work(
            {key: one for key, one in self.put.items() if key not in keys},
            {key: one for key, one in self.gone.items() if key not in keys},
        )

    def halves(self) -> "tuple[_Work, _Work]":
        puts, gone = list(self.put.items()), list(self.gone.items())
        if puts and gone:
            return _Work({}, dict(gone)), _Work(dict(puts), {})
        some = puts or gone
        middle = len(some) // 2
        parts = (dict(some[:middle]), dict(some[middle:]))
        if puts:
            return _Work(put=parts[0]), _Work(put=parts[1])  # pyright: ignore[reportArgumentType]
        return _Work(gone=parts[0]), _Work(gone=parts[1])  # pyright: ignore[reportArgumentType]

    def origin_keys(self) -> list[Key]:
        return [key for key, _ in self.put.values()] + list(self.gone.values())


class Flow:
    """How rows go from ``origin`` to ``destination``.

    ``capture`` catches what changes at the origin, ``guard`` what others change at the destination.
    """

    def __init__(
        self,
        *,
        name: FlowName,
        set_name: str,
        origin: Place,
        destination: Place,
        row_map: RowMap,
        capture: Capture,
        guard: Capture,
        deletes: str | DeletionMark = "remove",
        scope: str | None = None,
    ) -> None:
        self.name = name
        self.set_name = set_name
        self.origin = origin
        self.destination = destination
        self.map = row_map
        self.capture = capture
        self.guard = guard
        self.deletes = deletes
        self._writer = Writer(destination, row_map.writes, row_map.key)
        self._scope: Expression | None = None
        self._scope_reads: list[str] = []
        if scope is not None:
            self._scope, self._scope_reads = condition(scope, destination.shapes)
        self._mark: Callable[[Row], Any] | None = None
        self._mark_place = 0
        if isinstance(deletes, DeletionMark):
            from_now, _ = condition(deletes.set, _NOW_SHAPES)
            self._mark = from_now.of_row
            self._mark_place = row_map.writes.index(deletes.column)
            self._mark_reads_now = bool(from_now.reads)
        self._width = row_map.origin_key_width

    def fill(self, after: Key | None, limit: int, epoch: int, now: datetime) -> Filled:
        """Copy the next rows behind ``after``."""
        began_s = monotonic()
        with self.origin.side.reading() as session:
            rows = read_chunk(session, self.origin, self.map.reads, after=after, limit=limit)
        took_s = monotonic() - began_s
        if not rows:
            return Filled(0, None, [], took_s, True)
        work, stuck = self._work(rows, [], leaves_gone=False)
        carried = self._write(work, epoch, now, wins=True)
        stuck += carried.stuck
        return Filled(len(rows), rows[-1][: self._width], stuck, took_s, len(rows) < limit)

    def carry(self, keys: Sequence[Key], epoch: int, now: datetime, *, wins: bool) -> Carried:
        """Bring the destination's rows of these keys to what the origin has now.

        Rows that others are changing at the destination are overwritten if ``wins``, and else left
        alone; they are reported as conflicts either way.
        """
        with self.origin.side.reading() as session:
            rows = read_keys(session, self.origin, self.map.reads, keys)
        work, stuck = self._work(rows, keys)
        carried = self._write(work, epoch, now, wins=wins)
        carried.stuck = stuck + carried.stuck
        return carried

    def remove(self, keys: Sequence[Key], epoch: int, now: datetime) -> None:
        """Take rows away by the destination's own keys."""
        self._write(_Work(gone={key: key for key in keys}), epoch, now, wins=True)

    def _work(
        self, rows: Sequence[Row], asked: Sequence[Key], *, leaves_gone: bool = True
    ) -> tuple[_Work, list[Stuck]]:
        """What rows that were read, and keys that were asked for and have none, come to."""
        work, stuck = _Work(), list[Stuck]()
        seen: set[Key] = set()
        for row in rows:
            key = row[: self._width]
            seen.add(key)
            try:
                if self.map.counts(row):
                    mapped = self.map.row(row)
                    work.put[self.map.key_at(mapped)] = (key, mapped)
                elif leaves_gone:
                    work.gone[self.map.key_of(key)] = key
            except CannotMap as error:
                stuck.append(Stuck(key, str(error)))
        for key in asked:
            if key in seen:
                continue
            try:
                work.gone[self.map.key_of(key)] = key
            except CannotMap as error:
                stuck.append(Stuck(key, str(error)))
        for key in work.put:
            work.gone.pop(key, None)
        return work, stuck

    def _write(self, work: _Work, epoch: int, now: datetime, *, wins: bool) -> Carried:
        """All in one transaction; what is refused is narrowed down to its rows."""
        carried = Carried()
        if not len(work):
            return carried
        try:
            conflicts = self._try(work, epoch, now, wins=wins)
        except Refused as error:
            if len(work) == 1:
                carried.stuck = [Stuck(work.origin_keys()[0], str(error))]
                return carried
            for half in work.halves():
                part = self._write(half, epoch, now, wins=wins)
                carried.keys += part.keys
                carried.stuck += part.stuck
                carried.conflicts += part.conflicts
            return carried
        struck = [work.put[key][0] if key in work.put else work.gone[key] for key in conflicts]
        carried.conflicts = struck
        if conflicts and not wins:
            rest = self._write(work.without(conflicts), epoch, now, wins=False)
            rest.conflicts += struck
            return rest
        carried.keys = work.origin_keys()
        return carried

    def _try(self, work: _Work, epoch: int, now: datetime, *, wins: bool) -> set[Key]:
        """Write; the keys that others have changed meanwhile. If they count, nothing is written.

        The look comes after the write: its locks hold off whoever would come between.
        """
        side = self.destination.side
        try:
            with writing(side, self.set_name, epoch) as session:
                self._put(session, work, now)
                conflicts = self._struck(session, work)
                if conflicts and not wins:
                    raise _LeftAlone(conflicts)
                return conflicts
        except _LeftAlone as left:
            return left.keys

    def _put(self, session: Session, work: _Work, now: datetime) -> None:
        gone = list(work.gone)
        if gone and isinstance(self.deletes, DeletionMark):
            assert self._mark is not None, "a mark has its value"
            value = self._mark((now,) if self._mark_reads_now else ())
            self._writer.mark(session, gone, self.deletes.column, value)
        elif gone and self.deletes == "remove":
            self._writer.remove(session, gone)
        self._writer.put(session, [row for _, row in work.put.values()])

    def _struck(self, session: Session, work: _Work) -> set[Key]:
        if isinstance(self.guard, NoCapture):
            return set()
        return self.theirs(session, [*work.put, *work.gone])

    def theirs(self, session: Session, keys: Sequence[Key]) -> set[Key]:
        """Which of these rows others have changed at the destination, as its ``session`` sees it.

        A notice has the key as the database gives it: padded to its width, or in the case that the
        application wrote. That it is one of these, the database has said.
        """
        by_bound = {self._writer.bound_key(key): key for key in keys}
        found = self.guard.waiting(session, list(by_bound))
        strangers = [key for key in found if key not in by_bound]
        theirs = {by_bound[key] for key in found if key in by_bound}
        if strangers:
            known = {*keys}
            by_folded = {_folded(key): key for key in keys}
            reread = [self.map.key_reread(key) for key in strangers]
            theirs |= {key if key in known else by_folded.get(_folded(key), key) for key in reread}
        return theirs & {*keys}

    def expected(self, rows: Sequence[Row]) -> tuple[dict[Key, tuple[Key, Row]], list[Stuck]]:
        """What the destination should hold of these rows, by its key."""
        work, stuck = self._work(rows, [], leaves_gone=False)
        return work.put, stuck

    @property
    def found_columns(self) -> list[str]:
        """What is read of the destination for a comparison."""
        return [*self.map.writes, *self._scope_reads]

    def found(self, rows: Sequence[Row]) -> dict[Key, Row]:
        """The destination's rows that count, in the types of mapped ones, by key."""
        width = len(self.map.writes)
        made: dict[Key, Row] = {}
        for row in rows:
            if self._scope is not None and not holds(self._scope, row[width:]):
                continue
            read = self.map.reread(row[:width])
            if self._mark is not None and read[self._mark_place]:
                continue
            made[self.map.key_at(read)] = read
        return made


def _folded(key: Key) -> Key:
    """Keys as databases compare them that don't count case."""
    return tuple(
        [value.casefold().rstrip(" ") if isinstance(value, str) else value for value in key]
    )


class _LeftAlone(Exception):
    def __init__(self, keys: set[Key]) -> None:
        self.keys = keys


_NOW_SHAPES: dict[str, Any] = {"now": None}
