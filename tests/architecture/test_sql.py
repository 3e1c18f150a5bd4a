"""Every SQL literal of the source, held against the schema without being run.

A misspelt column, a parameter without a type and a right that the processes lack fail here, however
seldom the statement runs.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
import pytest
from psycopg.pq import ExecStatus

from tests.architecture.source import SOURCE, called, calls, modules

_PLACE_OF_SQL = {
    "one": 1,
    "all": 1,
    "each": 1,
    "rows": 0,
    "value": 0,
    "execute": 0,
    "executemany": 0,
}
"""Which argument of a method is the statement."""

_TYPES = {"marketplace_id": "uuid", "now": "timestamptz"}
"""Parameters that mean the same everywhere; the server finds out the types of all others."""

WITHOUT_LITERAL = {
    "banyan.runtime.database",
    "banyan.runtime.schema",
    "banyan.demo.shops",  # of databases that aren't ours, as is the next one
    "banyan.movement.sources.connection",
}
"""They run the statements that others have written."""

ACROSS_MARKETPLACES = {
    "console",  # its tables belong to no marketplace
    "src/banyan/runtime/tenancy.py",  # lists the marketplaces
}

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Statement:
    where: str
    context: str
    text: str

    @property
    def names(self) -> list[str]:
        """The parameters, in the order of their numbers."""
        return list(dict.fromkeys(re.findall(r"%\((\w+)\)s", self.text)))

    @property
    def numbered(self) -> str:
        """The statement with ``$1`` in place of ``%(name)s``, as the server wants it."""
        numbers = {name: f"${place}" for place, name in enumerate(self.names, 1)}
        text = re.sub(r"%\((\w+)\)s", lambda match: numbers[match[1]], self.text)
        return text.replace("%%", "%") if numbers else text


@cache
def _statements() -> list[_Statement]:
    return [
        _Statement(module.where(call), module.context, statement.strip())
        for module in modules()
        if module.name not in WITHOUT_LITERAL
        for call, text in _literals(module.tree)
        for statement in (text.split(";") if text.startswith("begin;") else [text])
    ]


def _literals(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    constants: dict[str, ast.expr] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                constants[name] = value
            case _:
                pass
    for call in calls(tree):
        place = _PLACE_OF_SQL.get(called(call))
        if place is None or not isinstance(call.func, ast.Attribute) or len(call.args) <= place:
            continue
        yield call, _text(call.args[place], constants)


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """The statement that an expression stands for: a literal, a name of one, or a sum of them."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in constants:
            return _text(constants[name], constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, constants) + _text(right, constants)
        case _:
            raise AssertionError(f"SQL is a literal, not {ast.unparse(node)[:80]}")


@pytest.fixture(scope="module")
def connection(server_url: str, template: str) -> Iterator[Connection]:
    """A connection to a database with the schema that acts as the processes do."""
    with psycopg.connect(server_url, dbname=template, autocommit=True) as connection:
        connection.execute("set role banyan_app")
        connection.execute("set banyan.marketplace = '00000000-0000-7000-8000-000000000001'")
        connection.execute("set plan_cache_mode = force_generic_plan")
        yield connection


def test_the_statements_are_found() -> None:
    assert len(_statements()) > 150
    assert {"runtime", "orders", "payments", "ledger"} <= {s.context for s in _statements()}


def test_the_server_understands_every_statement(connection: Connection) -> None:
    """It prepares and plans each one: names, types, and the rights of banyan_app."""
    faults = [
        f"{statement.where}: {fault}"
        for statement in _statements()
        if (fault := _fault(connection, statement))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("select nosuch from runtime.jobs", "nosuch"),
        ("select 1 from runtime.jobs where %(what)s is null", "data type"),
        ("delete from runtime.schema_changes", "permission denied"),
        ("selekt 1", "syntax error"),
    ],
)
def test_a_bad_statement_is_noticed(connection: Connection, text: str, fault: str) -> None:
    assert fault in _fault(connection, _Statement("here", "runtime", text))


def _fault(connection: Connection, statement: _Statement) -> str:
    """What the server has against a statement; empty if nothing."""
    types = [
        connection.adapters.types[_TYPES[name]].oid if name in _TYPES else 0
        for name in statement.names
    ]
    prepared = connection.pgconn.prepare(b"checked", statement.numbered.encode(), types)
    if prepared.status != ExecStatus.COMMAND_OK:
        return prepared.error_message.decode().strip()
    try:
        if re.match(r"(select|with|insert|update|delete)\b", statement.text):
            nulls = f"({', '.join(['null'] * len(types))})" if types else ""
            connection.execute(f"explain execute checked{nulls}".encode())
    except psycopg.Error as error:
        return str(error)
    finally:
        connection.execute("deallocate checked")
    return ""


def test_a_context_stays_in_its_own_schema(connection: Connection) -> None:
    objects = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            """
            select relnamespace::regnamespace::text, relname from pg_class
            union
            select pronamespace::regnamespace::text, proname from pg_proc
            """
        ).fetchall()
        if not schema.startswith("pg_") and schema != "information_schema"
    }
    strays = [
        f"{statement.where}: {name}"
        for statement in _statements()
        for name in re.findall(r"\b[a-z_]+\.[a-z_]+\b", statement.text)
        if name in objects and not name.startswith(f"{statement.context}.")
    ]
    assert not strays, "\n".join(strays)


def test_foreign_keys_follow_the_imports(connection: Connection) -> None:
    config = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    height = {
        context: -place for place, layer in enumerate(layers) for context in layer.split(" | ")
    }
    keys = connection.execute(
        """
        select conname, a.relnamespace::regnamespace::text, b.relnamespace::regnamespace::text
        from pg_constraint
        join pg_class a on a.oid = conrelid
        join pg_class b on b.oid = confrelid
        where a.relnamespace <> b.relnamespace
        """
    ).fetchall()
    assert len(keys) > 10
    assert [key for key, of, to in keys if height[of] <= height[to]] == []


def test_functions_stay_in_their_schema(connection: Connection) -> None:
    strays = connection.execute(
        """
        select p.oid::regproc::text, n.nspname
        from pg_proc p
        join pg_namespace n on p.prosrc ~ ('\\m' || n.nspname || '\\.')
        where n.oid <> p.pronamespace
          and n.nspname <> 'runtime'
          and n.nspname !~ '^(pg_|information_schema)'
          and p.pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
        """
    ).fetchall()
    assert strays == []


def test_every_statement_of_a_transaction_names_its_marketplace() -> None:
    """Row security is the second line, not the first; it is also what lets an index be used."""
    bare = [
        statement.where
        for statement in _statements()
        if statement.context not in ACROSS_MARKETPLACES
        and statement.where.split(":")[0] not in ACROSS_MARKETPLACES
        and re.search(r"\b(from|into|update|join)\s+[a-z]+\.[a-z_]+", statement.text)
        and "marketplace_id" not in statement.text
    ]
    assert not bare, "\n".join(bare)
