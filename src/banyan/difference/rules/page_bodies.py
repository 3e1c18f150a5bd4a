"""Pages compared by what a browser makes of them."""

from collections.abc import Hashable

from banyan.difference.model import Kind
from banyan.difference.rules.aligning import Pair, aligned
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.nodes import Item, Node, print_of
from banyan.difference.rules.shapes import shape_of
from banyan.difference.rules.sheet import Sheet


def compare_pages(legacy: Node, candidate: Node, how: Comparing, sheet: Sheet) -> None:
    walk = _Walk(how, sheet)
    if legacy.tag == candidate.tag:
        walk.nodes(legacy, candidate)
    else:
        walk.only("missing", legacy, legacy)
        walk.only("extra", candidate, candidate)


class _Walk:
    def __init__(self, how: Comparing, sheet: Sheet) -> None:
        self.how = how
        self.sheet = sheet

    def nodes(self, left: Node, right: Node) -> None:
        if left.print == right.print:
            return
        if self.sheet.is_full:
            self.sheet.is_whole = False
            return
        self.attributes(left, right)
        pairs = aligned(
            [print_of(child) for child in left.children],
            [print_of(child) for child in right.children],
            [_label(child) for child in left.children],
            [_label(child) for child in right.children],
        )
        for i, j in self.without_moved(left, right, pairs):
            if i is None:
                assert j is not None, "one of a pair is there"
                self.only(
                    "extra", right.children[j], right, _counts(left, right, right.children[j])
                )
            elif j is None:
                self.only("missing", left.children[i], left, _counts(left, right, left.children[i]))
            else:
                self.pair(left.children[i], right.children[j], left, right)

    def pair(self, left: Item, right: Item, above: Node, other: Node) -> None:
        if isinstance(left, Node) and isinstance(right, Node):
            self.nodes(left, right)
        elif isinstance(left, str) and isinstance(right, str) and left != right:
            if self.how.half_hidden and self.how.excuses_in(above, None, [left, right]):
                return
            masker = self.sheet.masker
            self.sheet.note(
                above.selector(),
                "changed",
                masker.written(above, left),
                masker.written(other, right),
                pattern=above.pattern(),
                shapes=(shape_of(left), shape_of(right)),
            )

    def attributes(self, left: Node, right: Node) -> None:
        for name in sorted(left.attributes.keys() | right.attributes.keys()):
            one, two = left.attributes.get(name), right.attributes.get(name)
            if one == two:
                continue
            if self.sheet.is_full:
                self.sheet.is_whole = False
                return
            present = [value for value in (one, two) if value is not None]
            if self.how.half_hidden and self.how.excuses_in(left, name, present):
                continue
            masker = self.sheet.masker
            kind: Kind = "missing" if two is None else "extra" if one is None else "changed"
            if kind == "changed" and "" in (one, two):
                kind = "emptied"
            self.sheet.note(
                f"{left.selector()} @{name}",
                kind,
                None if one is None else masker.attribute(left, name),
                None if two is None else masker.attribute(right, name),
                pattern=f"{left.pattern()} @{name}",
                shapes=(
                    "" if one is None else shape_of(one),
                    "" if two is None else shape_of(two),
                ),
            )

    def without_moved(self, left: Node, right: Node, pairs: list[Pair]) -> list[Pair]:
        """Pairs, but for elements that only stand elsewhere among their siblings: noted once."""
        waiting: dict[Hashable, list[int]] = {}
        for i, j in pairs:
            if i is not None and j is None and isinstance(left.children[i], Node):
                waiting.setdefault(print_of(left.children[i]), []).append(i)
        moved: dict[int, int] = {}
        for i, j in pairs:
            if i is None and j is not None and isinstance(right.children[j], Node):
                places = waiting.get(print_of(right.children[j]))
                if places:
                    moved[places.pop(0)] = j
        if not moved:
            return pairs
        first = min(moved)
        node, other = left.children[first], right.children[moved[first]]
        assert isinstance(node, Node), "texts don't move"
        assert isinstance(other, Node), "texts don't move"
        self.sheet.note(
            node.selector(),
            "moved",
            self.sheet.masker.node(node),
            self.sheet.masker.node(other),
            pattern=node.pattern(),
            shapes=("element", "element"),
        )
        gone = {*moved.values()}
        return [
            (i, j)
            for i, j in pairs
            if not ((j is None and i in moved) or (i is None and j in gone))
        ]

    def only(self, kind: Kind, item: Item, above: Node, detail: str = "") -> None:
        if self.sheet.is_full:
            self.sheet.is_whole = False
            return
        masker = self.sheet.masker
        if isinstance(item, Node):
            path, pattern, shape = item.selector(), item.pattern(), "element"
            shown = masker.node(item)
        else:
            path, pattern, shape = above.selector(), above.pattern(), shape_of(item)
            shown = masker.written(above, item)
        is_missing = kind == "missing"
        self.sheet.note(
            path,
            kind,
            shown if is_missing else None,
            None if is_missing else shown,
            pattern=pattern,
            shapes=(shape, "") if is_missing else ("", shape),
            detail=detail,
        )


def _counts(left: Node, right: Node, item: Item) -> str:
    """How many elements like it there are among their siblings, where that differs."""
    ours, theirs = (sum(_label(c) == _label(item) for c in node.children) for node in (left, right))
    return f"{theirs} instead of {ours}" if ours != theirs and isinstance(item, Node) else ""


def hide(node: Node, how: Comparing) -> None:
    """Take out what rules say means nothing, and hash anew."""
    node.attributes = {
        name: value for name, value in node.attributes.items() if not how.hides(node, name)
    }
    kept: list[Item] = []
    for child in node.children:
        if isinstance(child, str):
            kept.append(child)
        elif not how.hides(child):
            hide(child, how)
            kept.append(child)
    node.children = kept
    node.seal()


def _label(item: Item) -> Hashable:
    """What makes two elements the same one, though they differ."""
    if isinstance(item, str):
        return ""
    own = item.attributes
    name = own.get("id") or own.get("name") or own.get("data-id")
    return item.tag, name or next(iter(item.classes), "")
