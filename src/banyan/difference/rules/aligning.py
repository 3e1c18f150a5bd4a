"""Two lists side by side, so that an element put in between moves nothing else."""

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import TypeAlias

Pair: TypeAlias = tuple[int | None, int | None]

_MATCHED_MAX = 600
"""Elements beyond which those in the middle are paired by label, or else by position: the search is
quadratic."""


def aligned(
    left: Sequence[Hashable],
    right: Sequence[Hashable],
    left_labels: Sequence[Hashable],
    right_labels: Sequence[Hashable],
) -> list[Pair]:
    """Which element of ``left`` stands beside which of ``right``; None beside what has no partner.

    Equal elements are paired first; of what is left between them, those with the same label; and
    elements of the same label in a row of different length by their order. Mirrored for mirrored
    arguments.
    """
    if _is_swapped(left, right):
        return [(a, b) for b, a in aligned(right, left, right_labels, left_labels)]
    start, stop = 0, 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    while stop < min(len(left), len(right)) - start and left[-1 - stop] == right[-1 - stop]:
        stop += 1
    pairs: list[Pair] = [(i, i) for i in range(start)]
    middle_left, middle_right = range(start, len(left) - stop), range(start, len(right) - stop)
    pairs += _middle(left, right, left_labels, right_labels, middle_left, middle_right)
    pairs += [(len(left) - i, len(right) - i) for i in range(stop, 0, -1)]
    return pairs


def _is_swapped(left: Sequence[Hashable], right: Sequence[Hashable]) -> bool:
    """The search prefers one side: let it be the same one whichever is asked first."""
    if len(left) != len(right):
        return len(left) > len(right)
    for one, other in zip(left, right, strict=True):
        if one != other:
            return hash(one) > hash(other)
    return False


def _middle(
    left: Sequence[Hashable],
    right: Sequence[Hashable],
    left_labels: Sequence[Hashable],
    right_labels: Sequence[Hashable],
    rows: range,
    columns: range,
) -> list[Pair]:
    if len(rows) > _MATCHED_MAX or len(columns) > _MATCHED_MAX:
        return _by_label(left_labels, right_labels, rows, columns)
    pairs: list[Pair] = []
    for is_equal, inner, outer in _blocks([left[i] for i in rows], [right[j] for j in columns]):
        i, j = [rows[n] for n in inner], [columns[n] for n in outer]
        if is_equal:
            pairs += zip(i, j, strict=True)
            continue
        by_label = _blocks([left_labels[n] for n in i], [right_labels[n] for n in j])
        for is_alike, some, others in by_label:
            one, two = [i[n] for n in some], [j[n] for n in others]
            if is_alike:
                pairs += zip(one, two, strict=True)
            else:
                pairs += [(n, None) for n in one]
                pairs += [(None, n) for n in two]
    return pairs


def _blocks(left: list[Hashable], right: list[Hashable]) -> list[tuple[bool, range, range]]:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return [
        (tag == "equal", range(i1, i2), range(j1, j2))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
    ]


def _by_label(
    left_labels: Sequence[Hashable], right_labels: Sequence[Hashable], rows: range, columns: range
) -> list[Pair]:
    """By labels where each is one of a kind, else by position."""
    places = {right_labels[j]: j for j in columns}
    names = {left_labels[i] for i in rows}
    if len(places) < len(columns) or len(names) < len(rows):
        return _by_position(rows, columns)
    pairs: list[Pair] = [(i, places.get(left_labels[i])) for i in rows]
    pairs += [(None, j) for label, j in places.items() if label not in names]
    return pairs


def _by_position(rows: range, columns: range) -> list[Pair]:
    both = min(len(rows), len(columns))
    pairs: list[Pair] = list(zip(rows[:both], columns[:both], strict=True))
    pairs += [(i, None) for i in rows[both:]]
    pairs += [(None, j) for j in columns[both:]]
    return pairs
