"""Which types of events the source can record, read from its syntax.

A type may be put together: ``Event(f"order.{what}", …)`` in a function of ``what``. It is followed
back to every call of that function. What can't be followed fails: then give the parameter a
``Literal`` type.
"""

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, get_args

from tests.architecture.source import Module, called, calls, modules

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where an expression stands."""

    module: Module
    function: Function


@cache
def recorded_types() -> frozenset[str]:
    return frozenset(
        event_type
        for module in modules()
        for scope, call in _calls_of(module, "Event")
        for node in [*call.args[:1], *(k.value for k in call.keywords if k.arg == "type")]
        for event_type in _texts(node, scope)
    )


def _calls_of(module: Module, name: str) -> list[tuple[_Scope, ast.Call]]:
    return _calls(module).get(name, [])


@cache
def _calls(module: Module) -> dict[str, list[tuple[_Scope, ast.Call]]]:
    """The calls in the functions of a module, by the name of what is called."""
    found: dict[str, list[tuple[_Scope, ast.Call]]] = {}
    for function in ast.walk(module.tree):
        if isinstance(function, Function):
            for call in calls(function):
                found.setdefault(called(call), []).append((_Scope(module, function), call))
    return found


def _texts(node: ast.expr, scope: _Scope) -> set[str]:
    """Every text that an expression may stand for."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.JoinedStr(values=parts):
            return {"".join(texts) for texts in product(*(_texts(part, scope) for part in parts))}
        case ast.FormattedValue(value=value):
            return _texts(value, scope)
        case ast.IfExp(body=body, orelse=other):
            return _texts(body, scope) | _texts(other, scope)
        case ast.Call(func=ast.Attribute(value=value, attr="removeprefix"), args=[prefix]):
            [gone] = _texts(prefix, scope)
            return {text.removeprefix(gone) for text in _texts(value, scope)}
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            return {str(getattr(_namespace(scope)[owner], attr))}
        case ast.Name(id=name):
            return _texts_of_name(name, scope)
        case _:
            raise AssertionError(f"{scope.module.where(node)}: can't follow {ast.unparse(node)}")


def _texts_of_name(name: str, scope: _Scope) -> set[str]:
    function = scope.function
    assigned = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    if assigned:
        return {text for value in assigned for text in _texts(value, scope)}
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    for place, parameter in enumerate(parameters):
        if parameter.arg == name:
            return _texts_of_parameter(place, parameter, scope)
    return {str(_namespace(scope)[name])}


def _texts_of_parameter(place: int, parameter: ast.arg, scope: _Scope) -> set[str]:
    declared = parameter.annotation and ast.unparse(parameter.annotation)
    choices = get_args(_namespace(scope).get(declared or ""))
    if choices:
        return set(choices)
    texts: set[str] = set()
    for module in modules():
        if module.context != scope.module.context:
            continue
        for caller, call in _calls_of(module, scope.function.name):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            texts |= _texts(given.get(parameter.arg) or call.args[place], caller)
    return texts


def _namespace(scope: _Scope) -> dict[str, Any]:
    return vars(importlib.import_module(scope.module.name))
