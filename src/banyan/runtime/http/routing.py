"""From a path to the operations on it: a tree of path segments, one step a segment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Node(Generic[T]):
    children: "dict[str, _Node[T]]" = field(default_factory=dict)
    any_child: "_Node[T] | None" = None
    found: "Found[T] | None" = None


@dataclass(slots=True)
class Found(Generic[T]):
    """What answers on one path, by method, and the names of what varies in it."""

    names: tuple[str, ...]
    by_method: dict[str, T]

    @property
    def allow(self) -> str:
        """The value of an ``Allow`` header."""
        head = ["HEAD"] if "GET" in self.by_method else []
        return ", ".join(sorted([*self.by_method, *head, "OPTIONS"]))


class PathTree(Generic[T]):
    """Finds by path. A written segment goes before one that varies (``{name}``)."""

    def __init__(self) -> None:
        self._root = _Node[T]()

    def add(self, method: str, path: str, value: T) -> None:
        node, names = self._root, list[str]()
        for segment in path.split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.any_child = node.any_child or _Node[T]()
                node = node.any_child
            else:
                node = node.children.setdefault(segment, _Node[T]())
        node.found = node.found or Found[T](tuple(names), {})
        assert node.found.names == tuple(names), f"{path}: the same place has two names"
        node.found.by_method[method] = value

    def find(self, path: str) -> tuple[Found[T], list[str]] | None:
        """What is at ``path``, with the segments that vary; None if nothing is."""
        node = self._root
        varying: list[str] = []
        for segment in path.split("/"):
            child = node.children.get(segment)
            if child is None:
                child = node.any_child
                if child is None or not segment:
                    return None
                varying.append(segment)
            node = child
        return None if node.found is None else (node.found, varying)


def tree_of(entries: Iterable[tuple[str, str, T]]) -> PathTree[T]:
    """A tree of (method, path, value)."""
    tree = PathTree[T]()
    for method, path, value in entries:
        tree.add(method, path, value)
    return tree
