"""The runner of schema changes, on an empty database of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from banyan.runtime import (
    DatabaseUnavailable,
    SchemaChange,
    SchemaConflict,
    SchemaInUse,
    apply_schema,
    check_schema,
)
from banyan.runtime.schema import schema_changes

FIRST = SchemaChange("0001_first.sql", "create table public.first (number int)")
SECOND = SchemaChange("0002_second.sql", "alter table public.first add column text text")


@pytest.fixture
def url(server_url: str) -> Iterator[str]:
    name = f"banyan_schema_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        connection.execute(f"drop database {name} with (force)".encode())


def _columns(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select column_name from information_schema.columns where table_name = 'first'"
        ).fetchall()
    return sorted(name for (name,) in rows)


def test_each_change_is_applied_once(url: str) -> None:
    assert apply_schema(url, [FIRST]) == ["0001_first.sql"]
    assert apply_schema(url, [FIRST]) == []
    assert apply_schema(url, [FIRST, SECOND]) == ["0002_second.sql"]
    assert _columns(url) == ["number", "text"]


def test_an_edited_change_is_refused(url: str) -> None:
    apply_schema(url, [FIRST])
    edited = replace(FIRST, sql=FIRST.sql + " ")
    with pytest.raises(SchemaConflict, match=r"0001_first\.sql was edited"):
        apply_schema(url, [edited, SECOND])
    assert _columns(url) == ["number"]


def test_a_database_that_is_ahead_is_refused(url: str) -> None:
    apply_schema(url, [FIRST, SECOND])
    with pytest.raises(SchemaConflict, match=r"0002_second\.sql, which this version does not know"):
        apply_schema(url, [FIRST])


def test_a_change_that_fails_leaves_nothing_of_itself(url: str) -> None:
    broken = SchemaChange("0002_broken.sql", f"{SECOND.sql}; select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        apply_schema(url, [FIRST, broken])
    assert _columns(url) == ["number"]
    assert apply_schema(url, [FIRST, SECOND]) == ["0002_second.sql"]


def test_of_processes_that_start_at_once_one_applies(url: str) -> None:
    slow = replace(FIRST, sql=f"{FIRST.sql}; select pg_sleep(0.2)")
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(lambda _: apply_schema(url, [slow, SECOND]), range(4)))
    assert sorted(applied) == [[], [], [], ["0001_first.sql", "0002_second.sql"]]


def test_a_change_gives_up_waiting_for_a_lock(url: str) -> None:
    apply_schema(url, [FIRST])
    with psycopg.connect(url) as reader:
        reader.execute("select * from public.first")
        with pytest.raises(SchemaInUse):
            apply_schema(url, [FIRST, SECOND], lock_timeout_s=0.05)
        assert reader.execute("select count(*) from public.first").fetchone() == (0,)
    assert apply_schema(url, [FIRST, SECOND]) == ["0002_second.sql"]


def test_a_server_that_is_not_there_is_a_refusal() -> None:
    with pytest.raises(DatabaseUnavailable):
        apply_schema("postgresql://nobody@127.0.0.1:1/none")


def test_a_schema_that_lacks_changes_is_refused_with_the_first(url: str) -> None:
    with pytest.raises(
        SchemaConflict, match=rf"\({len(schema_changes())}, from 0001_runtime.sql on"
    ):
        check_schema(url)
    apply_schema(url, schema_changes()[:3])
    with pytest.raises(SchemaConflict, match=f"from {schema_changes()[3].name} on"):
        check_schema(url)
    apply_schema(url)
    check_schema(url)


def test_the_changes_of_this_version_are_in_order() -> None:
    names = [change.name for change in schema_changes()]
    numbers = [int(name.split("_")[0]) for name in names]
    assert numbers == sorted(set(numbers))
    assert names[0] == "0001_runtime.sql"
