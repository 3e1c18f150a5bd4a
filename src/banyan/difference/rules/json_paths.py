"""Places in JSON: ``$.items[3].price``, and rules that name many, such as ``$.items[*].price``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from banyan.difference.errors import InvalidRule
from banyan.difference.rules.jsons import Step

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_VARYING = re.compile(r"\d+|[0-9a-fA-F-]{16,}|.*\d.*[^\s]{12,}")
_STEP = re.compile(
    r"""
      (?P<deep>\.\.)(?P<deep_name>\*|[^.\[\]\s'"]+)
    | \.(?P<name>\*|[^.\[\]\s'"]+)
    | \[(?P<index>\*|\d{1,9})\]
    | \[(?P<quoted>'[^']*'|"[^"]*")\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Any:
    """One step of any name or index."""


@dataclass(frozen=True, slots=True)
class _Deep:
    """Any number of steps."""


Part: TypeAlias = Step | _Any | _Deep
Reach: TypeAlias = Literal["no", "towards", "at"]


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A rule's path, read. It stands for the places that it names and all within them."""

    parts: tuple[Part, ...]

    @staticmethod
    def read(text: str) -> "JsonPath":
        """``InvalidRule`` if it isn't a path as described in docs/comparison.md."""
        parts: list[Part] = []
        place = 1
        if not text.startswith("$"):
            raise InvalidRule(f"The path {text!r} should begin with $.")
        while place < len(text):
            step = _STEP.match(text, place)
            if step is None:
                raise InvalidRule(
                    f"The path {text!r} can't be read from character {place + 1} on; write steps as "
                    ".name, ['odd name'], [3], [*] or ..name."
                )
            if step["deep"]:
                parts.append(_Deep())
            name = step["deep_name"] or step["name"] or step["index"]
            if step["quoted"] is not None:
                parts.append(step["quoted"][1:-1])
            elif name == "*":
                parts.append(_Any())
            else:
                parts.append(int(name) if step["index"] else name)
            place = step.end()
        return JsonPath(tuple(parts))

    def covers(self, steps: Sequence[Step]) -> bool:
        """Whether a place is one of those named, or within one."""
        reached = {0}
        for step in steps:
            if len(self.parts) in reached:
                return True
            reached = self._after(reached, step)
            if not reached:
                return False
        return len(self.parts) in reached

    def _after(self, reached: set[int], step: Step) -> set[int]:
        found: set[int] = set()
        for at in reached:
            if at == len(self.parts):
                continue
            part, after = self.parts[at], at + 1
            if isinstance(part, _Deep):
                found.add(at)
                part, after = self.parts[at + 1], at + 2
            if isinstance(part, _Any) or part == step:
                found.add(after)
        return found


def path_text(steps: Sequence[Step]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else _named(step) for step in steps)


def path_pattern(steps: Sequence[Step]) -> str:
    """The place with every index, and every name that looks like an id, as ``*``."""
    return "$" + "".join(
        "[*]" if isinstance(step, int) else ".*" if _VARYING.fullmatch(step) else _named(step)
        for step in steps
    )


def _named(step: str) -> str:
    if _NAME.fullmatch(step):
        return f".{step}"
    quote = '"' if "'" in step else "'"
    return f"[{quote}{step}{quote}]"
