"""Both sides of a flow compared: by ranges of the key where both sort alike, by look-up otherwise.

It is always what the source's rows come to that is compared with the target's, also after the cutover:
a way back that can't restore every blank is no difference as long as both sides mean the same.

What differs at first sight is only suspected: a change may be under way. It counts once the tail has
caught up, the row is read again on both sides, both stood still meanwhile, and no notice of it waits.
Rows that only the destination has are found in the same range, or, where the keys sort
otherwise, by sums of hashes over buckets of keys, of which only those that differ are looked into.
"""

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from banyan.movement.model import ColumnKind, FindingKind, Key, Row
from banyan.movement.rules.expressions import CannotMap
from banyan.movement.rules.values import key_out, masked, shown
from banyan.movement.service.flow import Flow, Stuck
from banyan.movement.sources.tables import read_chunk, read_keys

_BUCKETS = 4_096
_SUSPECTS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that isn't alike; ``origin_key`` None: not known."""

    kind: FindingKind
    key: Key
    origin_key: Key | None
    columns: list[str]
    detail: dict[str, Any]


@dataclass(slots=True)
class Compared:
    """A stretch of a comparison. ``suspects``: keys of the destination, with the origin's if known."""

    rows: int = 0
    cursor: Key | None = None
    suspects: dict[Key, Key | None] = field(default_factory=dict[Key, Key | None])
    stuck: list[Stuck] = field(default_factory=list[Stuck])
    is_last: bool = False


@dataclass(slots=True)
class Confirmed:
    """``unsettled`` rows move too fast to be judged now."""

    differences: list[Difference] = field(default_factory=list[Difference])
    alike: list[Key] = field(default_factory=list[Key])
    unsettled: dict[Key, Key | None] = field(default_factory=dict[Key, Key | None])


def sorts_alike(flow: Flow) -> bool:
    """Whether both sides have the same keys in the same order: then ranges can be compared."""
    if not flow.map.is_keyed_alike:
        return False
    pairs = zip(flow.origin.key, flow.map.key, strict=True)
    kinds = {
        (flow.origin.shapes[one].kind, flow.destination.shapes[other].kind) for one, other in pairs
    }
    both_postgresql = flow.origin.side.dialect == flow.destination.side.dialect == "postgresql"
    alike = {(ColumnKind.INTEGER, ColumnKind.INTEGER)}
    if both_postgresql:
        alike |= {(ColumnKind.UUID, ColumnKind.UUID)}
    return kinds <= alike


def compare_chunk(flow: Flow, after: Key | None, limit: int) -> Compared:
    """Compare the rows behind ``after``."""
    with flow.origin.side.reading() as session:
        rows = read_chunk(session, flow.origin, flow.map.reads, after=after, limit=limit)
    is_last = len(rows) < limit
    cursor = rows[-1][: flow.map.origin_key_width] if rows else after
    expected, stuck = flow.expected(rows)
    place, columns = flow.destination, flow.found_columns
    with place.side.reading() as session:
        if sorts_alike(flow):
            until = None if is_last else cursor
            there = read_chunk(session, place, columns, after=after, until=until)
        else:
            there = read_keys(session, place, columns, list(expected))
    found = flow.found(there)
    compared = Compared(len(rows), cursor, stuck=stuck, is_last=is_last)
    for key, (origin_key, row) in expected.items():
        other = found.pop(key, None)
        if other is None or flow.map.differing(row, other):
            compared.suspects[key] = origin_key
    for key in found:
        compared.suspects[key] = key if sorts_alike(flow) else None
    return compared


@dataclass(frozen=True, slots=True)
class Telling:
    """How differences are judged and told.

    ``is_guarded``: what others have written at the destination is carried over, too, so that a
    row with a notice there isn't judged yet. Else it is what the comparison is for.
    """

    show: bool
    salt: bytes
    is_guarded: bool


def confirm(flow: Flow, suspects: dict[Key, Key | None], telling: Telling) -> Confirmed:
    """Look at suspects again; the caller has let the tail catch up before."""
    known = [key for key in suspects.values() if key is not None]
    origin_before, found_before = _origin_rows(flow, known), _found_rows(flow, list(suspects))
    origin_after, found = _origin_rows(flow, known), _found_rows(flow, list(suspects))
    waiting, waiting_there = _waiting(flow, known, list(suspects))
    confirmed = Confirmed()
    for key, origin_key in suspects.items():
        if origin_key is None:
            continue
        before, after = origin_before.get(origin_key), origin_after.get(origin_key)
        moved = before != after or found_before.get(key) != found.get(key)
        is_awaited = telling.is_guarded and key in waiting_there
        if moved or origin_key in waiting or is_awaited:
            confirmed.unsettled[key] = origin_key
            continue
        _judge(flow, confirmed, key, origin_key, after, found.get(key), telling)
    return confirmed


def _found_rows(flow: Flow, keys: Sequence[Key]) -> dict[Key, Row]:
    place = flow.destination
    with place.side.reading() as session:
        return flow.found(read_keys(session, place, flow.found_columns, keys))


def _waiting(
    flow: Flow, origin_keys: Sequence[Key], keys: Sequence[Key]
) -> tuple[set[Key], set[Key]]:
    """Which rows have changes of either side that aren't carried over."""
    with flow.origin.side.reading() as session:
        here = flow.capture.waiting(session, origin_keys)
    with flow.destination.side.reading() as session:
        there = flow.theirs(session, keys)
    return here, there


def _judge(
    flow: Flow,
    confirmed: Confirmed,
    key: Key,
    origin_key: Key,
    row: Row | None,
    found: Row | None,
    telling: Telling,
) -> None:
    wanted, stuck = flow.expected([row] if row is not None else [])
    if stuck:
        confirmed.alike.append(key)  # it is told of as stuck
        return
    expected = next((mapped for _, mapped in wanted.values()), None)
    if expected is None and found is None:
        confirmed.alike.append(key)
    elif expected is None:
        if flow.deletes == "keep":
            confirmed.alike.append(key)
            return
        confirmed.differences.append(Difference(FindingKind.EXTRA, key, origin_key, [], {}))
    elif found is None:
        confirmed.differences.append(Difference(FindingKind.MISSING, key, origin_key, [], {}))
    else:
        columns = flow.map.differing(expected, found)
        if not columns:
            confirmed.alike.append(key)
            return
        detail = _detail(flow, columns, expected, found, telling)
        confirmed.differences.append(
            Difference(FindingKind.DIFFERS, key, origin_key, columns, detail)
        )


def _detail(
    flow: Flow, columns: Sequence[str], expected: Row, found: Row, telling: Telling
) -> dict[str, Any]:
    def told(value: Any) -> Any:
        return shown(value) if telling.show else masked(value, telling.salt)

    places = [flow.map.writes.index(name) for name in columns]
    return {
        name: {"origin": told(expected[at]), "destination": told(found[at])}
        for name, at in zip(columns, places, strict=True)
    }


def _origin_rows(flow: Flow, keys: Sequence[Key]) -> dict[Key, Row]:
    if not keys:
        return {}
    width = flow.map.origin_key_width
    with flow.origin.side.reading() as session:
        rows = read_keys(session, flow.origin, flow.map.reads, keys)
    return {row[:width]: row for row in rows}


class Strays:
    """The search for rows that only the destination has, where keys sort otherwise.

    ``steps`` does a page of work each time it is advanced, so that the tail is served in between.
    ``found`` then are the keys that no row of the origin comes to. A row that can't be mapped has its
    key, too; where not even that can be told of one, nobody is sure, and nothing is found.
    """

    def __init__(self, flow: Flow, page: int) -> None:
        self._flow = flow
        self._page = page
        self.found: list[Key] = []
        self.is_sure = True

    def steps(self) -> Generator[None]:
        sums = [[0, 0] for _ in range(_BUCKETS)]
        for keys in self._pages(origin=True):
            for key in keys:
                _add(sums, key, 1)
            yield
        for keys in self._pages(origin=False):
            for key in keys:
                _add(sums, key, -1)
            yield
        unequal = {at for at, one in enumerate(sums) if one != [0, 0]}
        if not unequal:
            return
        candidates: set[Key] = set()
        for keys in self._pages(origin=False):
            candidates.update(key for key in keys if _hash(key) % _BUCKETS in unequal)
            yield
        # Last of all the origin: a row that came meanwhile takes its key from the candidates.
        for keys in self._pages(origin=True):
            candidates.difference_update(keys)
            yield
        if self.is_sure:
            self.found = sorted(candidates, key=repr)[:_SUSPECTS_MAX]

    def still_there(self, keys: Sequence[Key]) -> list[Key]:
        """Which of these keys the destination has now."""
        flow = self._flow
        with flow.destination.side.reading() as session:
            rows = read_keys(session, flow.destination, flow.found_columns, keys)
        there = flow.found(rows)
        return [key for key in keys if key in there]

    def _pages(self, *, origin: bool) -> Generator[list[Key]]:
        flow = self._flow
        place = flow.origin if origin else flow.destination
        columns = flow.map.reads if origin else [*place.key, *flow.found_columns]
        width = flow.map.origin_key_width if origin else len(place.key)
        after: Key | None = None
        while True:
            with place.side.reading() as session:
                rows = read_chunk(session, place, columns, after=after, limit=self._page)
            if origin:
                expected, stuck = flow.expected(rows)
                yield [*expected, *self._keys_of(stuck)]
            else:
                yield list(flow.found([row[width:] for row in rows]))
            if len(rows) < self._page:
                return
            after = rows[-1][:width]

    def _keys_of(self, stuck: Sequence[Stuck]) -> Generator[Key]:
        for one in stuck:
            try:
                yield self._flow.map.key_of(one.origin_key)
            except CannotMap:
                self.is_sure = False


def _add(sums: list[list[int]], key: Key, sign: int) -> None:
    hashed = _hash(key)
    one = sums[hashed % _BUCKETS]
    one[0] += sign
    one[1] += sign * hashed


def _hash(key: Key) -> int:
    digest = hashlib.blake2b(repr(key_out(key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest)
