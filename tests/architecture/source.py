"""The source of Banyan as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "banyan"


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One file; ``context`` is the package or module right under ``banyan``."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        parts = self.path.relative_to(SOURCE.parent).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    @property
    def context(self) -> str:
        return self.path.relative_to(SOURCE).parts[0].removesuffix(".py")

    def where(self, node: ast.expr) -> str:
        return f"{self.path.relative_to(SOURCE.parents[1])}:{node.lineno}"


@cache
def modules() -> tuple[Module, ...]:
    return tuple(Module(path, ast.parse(path.read_text())) for path in sorted(SOURCE.rglob("*.py")))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last name of what is called: ``execute`` for ``tx.execute(…)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
