"""Plain values that know where in a file they stand."""

from dataclasses import dataclass, field
from typing import TypeAlias

from banyan.migration.model.standing import PlanFault

Path: TypeAlias = tuple[str | int, ...]
Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"


@dataclass(slots=True)
class Tree:
    """What a file says, where each path of it stands (line and column from 1), and what is wrong."""

    value: Value = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])
    faults: list[PlanFault] = field(default_factory=list[PlanFault])

    def fault(self, path: Path, sentence: str) -> PlanFault:
        """A fault at the path, or at the nearest place above it that is there."""
        shown = path
        while path not in self.places and path:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return PlanFault(line, column, path_text(shown), sentence)


def path_text(path: Path) -> str:
    """
    >>> path_text(("routes", 2, "criteria", "ramp"))
    'routes[2].criteria.ramp'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
