"""JSON compared by its structure."""

from collections.abc import Hashable
from typing import TypeAlias

from banyan.difference.model import Kind
from banyan.difference.rules.aligning import Pair, aligned
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.json_paths import path_pattern, path_text
from banyan.difference.rules.jsons import Json, Number, Step, is_same_number, near
from banyan.difference.rules.shapes import shape_of
from banyan.difference.rules.sheet import Sheet

Steps: TypeAlias = tuple[Step, ...]

_IDENTITIES = ("id", "uuid", "key", "code", "sku", "slug", "name", "href", "url", "_id", "number")


def compare_json(legacy: Json, candidate: Json, how: Comparing, sheet: Sheet) -> None:
    """``RecursionError`` for what is nested too deeply."""
    if how.ignored or how.scrubbed:
        legacy, candidate = _cleaned(legacy, (), how), _cleaned(candidate, (), how)
    _Walk(how, sheet).values(legacy, candidate, ())


class _Walk:
    def __init__(self, how: Comparing, sheet: Sheet) -> None:
        self.how = how
        self.sheet = sheet

    def values(self, left: Json, right: Json, steps: Steps) -> None:
        if self.sheet.is_full:
            self.sheet.is_whole = self.sheet.is_whole and left == right
        elif isinstance(left, dict) and isinstance(right, dict):
            self.objects(left, right, steps)
        elif isinstance(left, list) and isinstance(right, list):
            if left != right:
                self.lists(left, right, steps)
        elif type(left) is not type(right):
            self.note("type", left, right, steps)
        elif isinstance(left, Number) and isinstance(right, Number):
            self.numbers(left, right, steps)
        elif left != right:
            self.note("emptied" if "" in (left, right) else "changed", left, right, steps)

    def numbers(self, left: Number, right: Number, steps: Steps) -> None:
        if left == right:
            return
        if is_same_number(left, right):
            self.note("format", left, right, steps)
        elif not near(left, right, self.how.numbers):
            self.note("changed", left, right, steps)

    def objects(self, left: "dict[str, Json]", right: "dict[str, Json]", steps: Steps) -> None:
        for name, value in left.items():
            if name in right:
                self.values(value, right[name], (*steps, name))
            else:
                self.only("missing", value, (*steps, name))
        for name, value in right.items():
            if name not in left:
                self.only("extra", value, (*steps, name))

    def lists(self, left: "list[Json]", right: "list[Json]", steps: Steps) -> None:
        start, stop = _equal_ends(left, right)
        ours, theirs = left[start : len(left) - stop], right[start : len(right) - stop]
        frozen = [_frozen(part) for part in ours], [_frozen(part) for part in theirs]
        pairs = aligned(*frozen, *_labels(ours, theirs))
        moved = _moved(pairs, *frozen)
        if moved and not self.how.is_unordered(steps):
            i, j = min(moved)
            self.note("moved", ours[i], theirs[j], (*steps, start + i))
        gone = {i for i, _ in moved}, {j for _, j in moved}
        counts = f"{len(right)} instead of {len(left)}" if len(left) != len(right) else ""
        for i, j in pairs:
            if i is not None and j is not None:
                self.values(ours[i], theirs[j], (*steps, start + i))
            elif i is not None and i not in gone[0]:
                self.only("missing", ours[i], (*steps, start + i), counts)
            elif j is not None and j not in gone[1]:
                self.only("extra", theirs[j], (*steps, start + j), counts)

    def only(self, kind: Kind, value: Json, steps: Steps, detail: str = "") -> None:
        if self.sheet.is_full:
            self.sheet.is_whole = False
            return
        shown = self.sheet.masker.json(value, steps)
        shape = shape_of(value)
        if kind == "missing":
            self._note(kind, steps, shown, None, (shape, ""), detail)
        else:
            self._note(kind, steps, None, shown, ("", shape), detail)

    def note(self, kind: Kind, left: Json, right: Json, steps: Steps) -> None:
        if self.how.limited and self.how.excuses(steps, [_plain(left), _plain(right)]):
            return
        masker = self.sheet.masker
        self._note(
            kind,
            steps,
            masker.json(left, steps),
            masker.json(right, steps),
            (shape_of(left), shape_of(right)),
        )

    def _note(
        self,
        kind: Kind,
        steps: Steps,
        left: str | None,
        right: str | None,
        shapes: tuple[str, str],
        detail: str = "",
    ) -> None:
        self.sheet.note(
            path_text(steps),
            kind,
            left,
            right,
            pattern=path_pattern(steps),
            shapes=shapes,
            detail=detail,
        )


def _equal_ends(left: "list[Json]", right: "list[Json]") -> tuple[int, int]:
    """How many elements are equal from the start, and of the others from the end."""
    shorter = min(len(left), len(right))
    start = next((n for n in range(shorter) if left[n] != right[n]), shorter)
    rest = shorter - start
    stop = next((n for n in range(rest) if left[-1 - n] != right[-1 - n]), rest)
    return start, stop


def _moved(pairs: list[Pair], ours: list[Hashable], theirs: list[Hashable]) -> set[tuple[int, int]]:
    """Elements without a partner that are equal to one at another place."""
    waiting: dict[Hashable, list[int]] = {}
    for i, j in pairs:
        if j is None and i is not None:
            waiting.setdefault(ours[i], []).append(i)
    moved: set[tuple[int, int]] = set()
    for i, j in pairs:
        if i is None and j is not None and waiting.get(theirs[j]):
            moved.add((waiting[theirs[j]].pop(0), j))
    return moved


def _labels(left: "list[Json]", right: "list[Json]") -> tuple[list[Hashable], list[Hashable]]:
    """What tells elements apart: the first field that names each of them, on both sides."""
    for name in _IDENTITIES:
        ours, theirs = _named(left, name), _named(right, name)
        if ours is not None and theirs is not None:
            return ours, theirs
    return [_sort(part) for part in left], [_sort(part) for part in right]


def _named(parts: "list[Json]", name: str) -> list[Hashable] | None:
    labels: list[Hashable] = []
    for part in parts:
        label = part.get(name) if isinstance(part, dict) else None
        if not isinstance(label, str) or not label:
            return None
        labels.append(str(label))
    return labels if len({*labels}) == len(labels) else None


def _sort(part: Json) -> str:
    if isinstance(part, dict):
        return "object"
    return "list" if isinstance(part, list) else "value"


def _frozen(value: Json) -> Hashable:
    if isinstance(value, dict):
        return frozenset((name, _frozen(part)) for name, part in value.items())
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    return (type(value), value)


def _cleaned(value: Json, steps: Steps, how: Comparing) -> Json:
    """Without what is ignored, wherever it stands."""
    if isinstance(value, dict):
        return {
            name: _cleaned(part, (*steps, name), how)
            for name, part in value.items()
            if not how.ignores((*steps, name))
        }
    if isinstance(value, list):
        return [
            _cleaned(part, (*steps, place), how)
            for place, part in enumerate(value)
            if not how.ignores((*steps, place))
        ]
    if isinstance(value, str) and not isinstance(value, Number):
        return how.scrub(value)
    return value


def _plain(value: Json) -> str:
    if isinstance(value, str):
        return str(value)
    return (
        {None: "null", True: "true", False: "false"}.get(value, "")
        if not isinstance(value, dict | list)
        else ""
    )
