"""YAML as plain values that know where they stand.

Scalars are read as YAML 1.2 does: ``on`` and ``no`` are texts, a time isn't a number of seconds, and a
date stays a text for whoever knows what it should be. No tags, no merge keys; aliases are bounded.
"""

import re
from typing import cast

import yaml

from banyan.migration.model.standing import PlanFault
from banyan.migration.rules.plans.tree import Path, Tree, Value, path_text

SIZE_MAX = 1_000_000
_NODES_MAX = 50_000
_DEPTH_MAX = 40

_NULL = re.compile(r"(~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?\Z")
_PLAIN = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "timestamp", "value")
)
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


def read_tree(source: str) -> Tree:
    """What a text in YAML says; with a fault in place of a value where it can't be read."""
    tree = Tree()
    if len(source) > SIZE_MAX:
        tree.faults.append(PlanFault(1, 1, "", f"The file is longer than {SIZE_MAX:,} characters."))
        return tree
    try:
        root = cast("yaml.Node | None", yaml.compose(source, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        tree.faults.append(PlanFault(*place, "", f"This isn't YAML: {error.problem}."))
        return tree
    except yaml.YAMLError as error:
        tree.faults.append(PlanFault(1, 1, "", f"This isn't YAML: {str(error).splitlines()[0]}."))
        return tree
    except RecursionError:
        tree.faults.append(PlanFault(1, 1, "", "The file is nested too deeply."))
        return tree
    if root is None:
        tree.faults.append(PlanFault(1, 1, "", "The file is empty."))
        return tree
    tree.value = _Reading(tree).value_of(root, (), 0)
    return tree


class _Reading:
    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._nodes = 0

    def value_of(self, node: yaml.Node, path: Path, depth: int) -> Value:
        self._tree.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        self._nodes += 1
        if self._nodes > _NODES_MAX or depth > _DEPTH_MAX:
            if self._nodes == _NODES_MAX + 1 or depth > _DEPTH_MAX:
                self._say(path, "The file is nested too deeply, or repeats itself too often.")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            items: list[yaml.Node] = node.value
            return [self.value_of(item, (*path, at), depth + 1) for at, item in enumerate(items)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        return None

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Value]:
        made: dict[str, Value] = {}
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key, value in pairs:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                self._tree.places.setdefault((*path, "?"), _place(key))
                self._say((*path, "?"), "Keys are plain words here; `<<` isn't taken.")
                continue
            name = str(key.value)
            inner = (*path, name)
            if name in made:
                self._tree.faults.append(
                    PlanFault(*_place(key), path_text(inner), f"{name} is here a second time.")
                )
                continue
            self._tree.places[inner] = _place(key)
            made[name] = self.value_of(value, inner, depth + 1)
        return made

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Value:
        text = str(node.value)
        if node.style is not None or node.tag == _TEXT:
            return text
        if node.tag not in _PLAIN:
            self._say(path, f"{node.tag} isn't taken here: plain values only.")
            return None
        if _NULL.match(text):
            return None
        if _BOOL.match(text):
            return text.lower() == "true"
        if _INT.match(text):
            return int(text)
        return float(text) if _FLOAT.match(text) else text

    def _say(self, path: Path, sentence: str) -> None:
        self._tree.faults.append(self._tree.fault(path, sentence))


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
