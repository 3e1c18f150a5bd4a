"""Expressions of a plan: Python's syntax, of which only what is listed here is let through.

An expression is parsed, every node of it is looked at, names of columns become places in a row, and
what is left is compiled with no builtins. Nothing else of a plan is ever evaluated: no attributes, no
calls but of ``FUNCTIONS``, no loops, no powers, no lambda.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from banyan.movement.model import Row, Scalar
from banyan.movement.rules.functions import FUNCTIONS, modulo, plus, times

_DEPTH_MAX = 30
_ROW = "_row"
_LOOKUPS = "_lookups"
_CODE_MAX = 3

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.BinOp, ast.Sub, ast.Add, ast.Mult, ast.Div,
    ast.FloorDiv, ast.Mod, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.IfExp, ast.Compare, ast.Eq,
    ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn, ast.Constant,
    ast.Name, ast.Load, ast.Call, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.keyword,
)  # fmt: skip


_OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Mult: "_times",
    ast.Add: "_plus",
    ast.Mod: "_modulo",
}
"""What could make values of any size goes through a function that doesn't let it."""


class BadExpression(ValueError):
    """``column`` counts characters from 1."""

    def __init__(self, text: str, why: str, column: int = 1) -> None:
        super().__init__(f"{why}, at character {column} of {text[:120]!r}")


class Unlisted(LookupError):
    """A lookup has no such value."""


class CannotMap(ValueError):
    """An expression failed on a row; ``column`` is what it was for."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"{column}: {why}")
        self.column = column


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression over rows; ``reads`` are the columns that it names.

    ``is_plain``: it is nothing but the name of a column.
    """

    text: str
    reads: frozenset[str]
    is_plain: bool
    tree: ast.expr
    of_row: Callable[[Row], Any]


def compile_expression(
    given: Scalar, columns: Sequence[str], lookups: Mapping[str, Mapping[str, Scalar]]
) -> Expression:
    """Compile over rows that have ``columns`` in this order; ``BadExpression`` tells where not.

    A value that is no text stands for itself.
    """
    text = given if isinstance(given, str) else repr(given)
    places = {name: place for place, name in enumerate(columns)}
    if text in places:  # also names that Python could not read
        tree: ast.expr = _place(places[text])
        return Expression(text, frozenset({text}), True, tree, _compiled(tree, lookups))
    body = _parsed(text)
    checked = _Checked(text, places, lookups)
    tree = checked.visit_checked(body)
    return Expression(text, frozenset(checked.reads), False, tree, _compiled(tree, lookups))


def compile_row(
    expressions: Sequence[Expression],
    lookups: Mapping[str, Mapping[str, Scalar]],
    casts: Sequence[Callable[[Any], Any] | None] | None = None,
) -> Callable[[Row], Row]:
    """All expressions, each through its cast (None: as it is), as one function from row to row.

    One call a row in place of two a column: most of what the backfill costs on our side.
    """
    through = casts or [None] * len(expressions)
    elements = [
        one.tree
        if cast is None
        else ast.Call(func=ast.Name(id=f"_c_{at}", ctx=ast.Load()), args=[one.tree], keywords=[])
        for at, (one, cast) in enumerate(zip(expressions, through, strict=True))
    ]
    tree = ast.Tuple(elts=elements, ctx=ast.Load())
    named = {f"_c_{at}": cast for at, cast in enumerate(through) if cast is not None}
    return _compiled(tree, lookups, named)


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise BadExpression(text, error.msg, error.offset or 1) from None
    except (RecursionError, MemoryError, ValueError):
        raise BadExpression(text, "it can't be read") from None


def _compiled(
    tree: ast.expr,
    lookups: Mapping[str, Mapping[str, Scalar]],
    named: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Callable[[Row], Any]:
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(arg=_ROW)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    whole = ast.Expression(ast.Lambda(args=arguments, body=tree))
    code = compile(ast.fix_missing_locations(whole), "<plan>", "eval")
    space: dict[str, Any] = {
        **{f"_f_{name}": function for name, function in FUNCTIONS.items()},
        "_f_lookup": _look_up,
        "_times": times,
        "_plus": plus,
        "_modulo": modulo,
        _LOOKUPS: lookups,
        "__builtins__": {},
        **(named or {}),
    }
    return eval(code, space)  # noqa: S307 - of nodes that were looked at one by one


def _look_up(
    lookups: Mapping[str, Mapping[str, Scalar]], name: str, key: Any, *default: Any
) -> Any:
    if key is None:
        return default[0] if default else None
    text = key if isinstance(key, str) else str(key)
    if text in lookups[name]:
        return lookups[name][text]
    if default:
        return default[0]
    # A short code is no secret, and people need it to complete the lookup.
    what = repr(text) if len(text) <= _CODE_MAX else f"text of these {len(text):,} characters"
    raise Unlisted(f"lookup {name} has no {what}")


def _place(place: int) -> ast.expr:
    return ast.Subscript(
        value=ast.Name(id=_ROW, ctx=ast.Load()), slice=ast.Constant(value=place), ctx=ast.Load()
    )


class _Checked(ast.NodeTransformer):
    """Lets through what is allowed, and puts places for columns and functions for their names."""

    def __init__(
        self,
        text: str,
        places: Mapping[str, int],
        lookups: Mapping[str, Mapping[str, Scalar]],
    ) -> None:
        self._text = text
        self._places = places
        self._lookups = lookups
        self._depth = 0
        self.reads: set[str] = set()

    def visit_checked(self, node: ast.expr) -> ast.expr:
        made = self.visit(node)
        assert isinstance(made, ast.expr), "an expression stays one"
        return made

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, _ALLOWED):
            raise self._bad(node, f"{type(node).__name__} is not part of the language")
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._bad(node, "it is nested too deeply")
        made = super().visit(node)
        self._depth -= 1
        return made

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._places:
            known = ", ".join(list(self._places)[:12])
            raise self._bad(node, f"there is no column {node.id} (there are {known})")
        self.reads.add(node.id)
        return _place(self._places[node.id])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node.value is not None and not isinstance(node.value, str | int | float | bool | bytes):
            raise self._bad(node, f"{node.value!r} is not part of the language")
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = _OPERATORS.get(type(node.op))
        if name is None:
            return node
        return ast.Call(
            func=ast.Name(id=name, ctx=ast.Load()), args=[node.left, node.right], keywords=[]
        )

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name):
            raise self._bad(node, "only functions by their names can be called")
        name = node.func.id
        if any(word.arg is None for word in node.keywords):
            raise self._bad(node, "** is not part of the language")
        if name == "col":
            return self._column(node)
        arguments = [self.visit_checked(one) for one in node.args]
        words = [
            ast.keyword(arg=word.arg, value=self.visit_checked(word.value))
            for word in node.keywords
        ]
        if name == "lookup":
            self._check_lookup(node)
            arguments.insert(0, ast.Name(id=_LOOKUPS, ctx=ast.Load()))
        elif name not in FUNCTIONS:
            raise self._bad(node, f"there is no function {name}")
        function = ast.Name(id=f"_f_{name}", ctx=ast.Load())
        return ast.Call(func=function, args=arguments, keywords=words)

    def _column(self, node: ast.Call) -> ast.expr:
        """``col("a name that Python could not read")``."""
        match node.args:
            case [ast.Constant(value=str(name))] if name in self._places:
                self.reads.add(name)
                return _place(self._places[name])
            case _:
                raise self._bad(node, 'col takes the name of a column: col("order")')

    def _check_lookup(self, node: ast.Call) -> None:
        match node.args:
            case [ast.Constant(value=str(name)), _, *rest] if len(rest) <= 1:
                if name not in self._lookups:
                    raise self._bad(node, f"there is no lookup {name}")
            case _:
                raise self._bad(node, 'lookup takes its name and a key: lookup("status", status)')

    def _bad(self, node: ast.AST, why: str) -> BadExpression:
        return BadExpression(self._text, why, getattr(node, "col_offset", 0) + 1)


def names_in(text: str) -> list[str]:
    """The columns that an expression names, without knowing which there are."""
    called: set[int] = set()
    names: list[str] = []
    for node in ast.walk(_parsed(text)):
        match node:
            case ast.Call(func=ast.Name(id="col") as name, args=[ast.Constant(value=str(column))]):
                called.add(id(name))
                names.append(column)
            case ast.Call(func=ast.Name() as name):
                called.add(id(name))
            case ast.Name(id=column) if id(node) not in called:
                names.append(column)
            case _:
                pass
    return list(dict.fromkeys(names))
