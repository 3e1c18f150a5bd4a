"""Elements of a page, as they are compared and named."""

import re
from collections.abc import Iterator
from typing import TypeAlias

_DIGITS = re.compile(r"\d+")
_NAMING = ("name", "property", "rel")

Item: TypeAlias = "Node | str"


class Node:
    """An element: its attributes, its children (elements and texts), and a hash of all of it."""

    __slots__ = ("attributes", "children", "nth", "parent", "print", "tag")

    def __init__(self, tag: str, attributes: dict[str, str], parent: "Node | None") -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Item] = []
        self.nth = 0
        """Among its siblings of the same name, from 1; 0: the only one."""
        self.print = 0

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def seal(self) -> None:
        """Number the children and hash, once they are all there."""
        prints: list[int] = []
        seen: dict[str, list[Node]] = {}
        for child in self.children:
            if isinstance(child, Node):
                seen.setdefault(child.tag, []).append(child)
                prints.append(child.print)
            else:
                prints.append(hash(child))
        for alike in seen.values():
            if len(alike) > 1:
                for nth, node in enumerate(alike, 1):
                    node.nth = nth
        self.print = hash((self.tag, frozenset(self.attributes.items()), tuple(prints)))

    def chain(self) -> Iterator["Node"]:
        """It and all that it stands in, the innermost first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def selector(self) -> str:
        """A CSS selector that leads to it, as short as can be read."""
        parts: list[str] = []
        for node in self.chain():
            parts.append(node.name())
            if "id" in node.attributes or node.tag in ("body", "head"):
                break
        return " > ".join(reversed(parts))

    def pattern(self) -> str:
        """The same for all that stand like it: without numbers."""
        parts: list[str] = []
        for node in self.chain():
            parts.append(_DIGITS.sub("*", node.name(is_counted=False)))
            if "id" in node.attributes or node.tag in ("body", "head"):
                break
        return " > ".join(reversed(parts))

    def name(self, *, is_counted: bool = True) -> str:
        own = self.attributes
        if self.parent is None and self.tag != "html":
            return f"{self.tag}:root"  # or an element <status> would be taken for the status
        if own.get("id"):
            return f"{self.tag}#{own['id']}"
        for naming in _NAMING:
            if own.get(naming):
                return f'{self.tag}[{naming}="{own[naming]}"]'
        classes = self.classes
        text = f"{self.tag}.{classes[0]}" if classes else self.tag
        return f"{text}:nth-of-type({self.nth})" if is_counted and self.nth else text

    def texts(self) -> str:
        """All that is written in it."""
        return " ".join(
            child if isinstance(child, str) else child.texts() for child in self.children
        )


def print_of(item: Item) -> int:
    return item.print if isinstance(item, Node) else hash(item)
