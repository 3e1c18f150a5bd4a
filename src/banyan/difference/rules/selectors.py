"""CSS selectors, as far as rules need them: which elements of a page a rule is about.

Names, ``#id``, ``.class``, ``[attribute]`` with ``= ~= ^= $= *=``, ``:nth-of-type(3)``, ``:root``, descendants and
``>``, and lists with commas. ``@name`` at the end means that attribute only.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from banyan.difference.errors import InvalidRule
from banyan.difference.rules.nodes import Node

_SIMPLE = re.compile(
    r"""
      (?P<tag>\*|[A-Za-z][\w-]*)
    | \#(?P<id>[\w-]+)
    | \.(?P<class>[\w-]+)
    | \[\s*(?P<attribute>[\w:-]+)\s*
        (?:(?P<operator>[~^$*]?=)\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[\w.:/-]+))\s*)?
      \]
    | (?P<root>:root)
    | :nth-of-type\((?P<nth>\d{1,6})\)
    """,
    re.VERBOSE,
)
_GAP = re.compile(r"\s*(>|\s)\s*")
Test: TypeAlias = tuple[str, str, str]
Gap: TypeAlias = Literal["", ">", " "]


@dataclass(frozen=True, slots=True)
class _Compound:
    """What one element must be, and how it stands to the one that the next part describes."""

    tests: tuple[Test, ...]
    gap: Gap

    def fits(self, node: Node) -> bool:
        return all(_passes(node, test) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Selector:
    """A rule's selector, read; ``attribute`` is the one after ``@``."""

    choices: tuple[tuple[_Compound, ...], ...]
    attribute: str | None = None

    @staticmethod
    def read(text: str) -> "Selector":
        """``InvalidRule`` if there is something in it that isn't understood."""
        rest, at, attribute = text.rpartition("@")
        if not at or "]" in attribute or not re.fullmatch(r"[\w:-]+", attribute):
            rest, attribute = text, ""
        choices = tuple(_compounds(choice.strip(), text) for choice in rest.split(","))
        return Selector(choices, attribute.lower() or None)

    def selects(self, node: Node) -> bool:
        return any(_fits(choice, len(choice) - 1, node) for choice in self.choices)

    def covers(self, node: Node, attribute: str | None = None) -> bool:
        """Whether it is about this element (or its attribute), or one that it stands in."""
        if self.attribute is not None:
            return attribute == self.attribute and self.selects(node)
        return any(self.selects(one) for one in node.chain())


def _compounds(text: str, whole: str) -> tuple[_Compound, ...]:
    compounds: list[_Compound] = []
    tests: list[Test] = []
    place = 0
    while place < len(text):
        simple = _SIMPLE.match(text, place)
        if simple is not None:
            tests.append(_test(simple))
            place = simple.end()
            continue
        gap = _GAP.match(text, place)
        if gap is None or not tests or gap.end() == len(text):
            raise InvalidRule(
                f"The selector {whole!r} can't be read at {text[place:][:20]!r}; docs/comparison.md "
                "lists what is understood."
            )
        compounds.append(_Compound(tuple(tests), ">" if gap[1] == ">" else " "))
        tests, place = [], gap.end()
    if not tests:
        raise InvalidRule(f"The selector {whole!r} is empty, or begins or ends with nothing.")
    return (*compounds, _Compound(tuple(tests), ""))


def _test(simple: re.Match[str]) -> Test:
    if simple["attribute"]:
        value = simple["double"] or simple["single"] or simple["bare"] or ""
        return simple["operator"] or "has", simple["attribute"].lower(), value
    for kind in ("tag", "id", "class", "nth", "root"):
        if simple[kind] is not None:
            return kind, kind, simple[kind]
    raise AssertionError("one of the kinds has matched")


def _passes(node: Node, test: Test) -> bool:
    kind, name, value = test
    own = node.attributes.get(name)
    match kind:
        case "tag":
            return value == "*" or node.tag == value.lower() or node.tag == value
        case "class":
            return value in node.classes
        case "nth":
            return max(node.nth, 1) == int(value)
        case "root":
            return node.parent is None
        case "has":
            return own is not None
        case "id" | "=":
            return own == value
        case "~=":
            return own is not None and value in own.split()
        case "^=":
            return bool(own and value and own.startswith(value))
        case "$=":
            return bool(own and value and own.endswith(value))
        case _:
            return bool(own and value and value in own)


def _fits(choice: tuple[_Compound, ...], last: int, node: Node) -> bool:
    if not choice[last].fits(node):
        return False
    if last == 0:
        return True
    above = node.parent
    if choice[last - 1].gap == ">":
        return above is not None and _fits(choice, last - 1, above)
    while above is not None:
        if _fits(choice, last - 1, above):
            return True
        above = above.parent
    return False
