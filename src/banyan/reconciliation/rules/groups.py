"""Lines in groups: by what they share, and by what hangs together through several names."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from banyan.reconciliation.model import Line, LineType

T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)

_APART: frozenset[LineType] = frozenset({"fee", "dispute_fee", "adjustment"})
"""Types that one side may tell within another line, and the other by themselves."""


def grouped(lines: Iterable[T], key: Callable[[T], Key]) -> dict[Key, list[T]]:
    """Lines by what they share, each group in the order given."""
    groups: dict[Key, list[T]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return groups


def in_order(line: Line) -> tuple[date, int]:
    return line.on, line.line_id.int


def amount_of(line: Line) -> tuple[str, str, int, int]:
    return line.type, line.currency, line.gross_minor, line.fee_minor


def type_of(line: Line) -> LineType:
    return line.type


def kind_of(line: Line) -> tuple[str, str]:
    return line.type, line.currency


def net(lines: Iterable[Line]) -> int:
    return sum(line.net_minor for line in lines)


def ways_to_add(
    left: Sequence[Line], right: Sequence[Line]
) -> Iterator[tuple[list[Line], list[Line]]]:
    """What may add up among lines that hang together: each type, alone and with the fees."""
    ours: dict[LineType, list[Line]] = grouped(left, type_of)
    theirs: dict[LineType, list[Line]] = grouped(right, type_of)
    for line_type, lines in ours.items():
        if line_type in theirs:
            yield lines, theirs[line_type]
    our_fees = [line for line in left if line.type in _APART]
    their_fees = [line for line in right if line.type in _APART]
    for line_type, lines in ours.items():
        if line_type in _APART or line_type not in theirs:
            continue
        if their_fees:
            yield lines, theirs[line_type] + their_fees
        if our_fees:
            yield lines + our_fees, theirs[line_type]


def are_same_but_fees(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Whether both sides tell of the same things, though one may tell the fees apart."""
    return {one.type for one in left} - _APART == {one.type for one in right} - _APART


def closest(line: Line, candidates: Sequence[Line]) -> Line:
    """The one with the same amount, and of those the nearest in time."""
    if len(candidates) == 1:
        return candidates[0]
    return min(
        candidates,
        key=lambda one: (
            one.gross_minor != line.gross_minor,
            abs((one.on - line.on).days),
            in_order(one),
        ),
    )


def components(
    left: Sequence[Line], right: Sequence[Line], names: Callable[[Line], Iterable[str]]
) -> list[tuple[list[Line], list[Line]]]:
    """Lines that hang together by their names, where both sides have some."""
    joined = _Joined()
    for line in (*left, *right):
        for name in names(line):
            joined.join(line.line_id, name)
    ours = grouped(left, lambda line: joined.root(line.line_id))
    theirs = grouped(right, lambda line: joined.root(line.line_id))
    return [(lines, theirs[root]) for root, lines in ours.items() if root in theirs]


class _Joined:
    """Union-find: what hangs together."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def join(self, one: Hashable, other: Hashable) -> None:
        self._parent[self.root(one)] = self.root(other)

    def root(self, one: Hashable) -> Hashable:
        parent = self._parent
        root = one
        while (above := parent.get(root, root)) != root:
            root = above
        while one != root:
            parent[one], one = root, parent.get(one, root)
        return root
