"""No marketplace reaches another one: not by a query, not by an insert, in no table of any context.

The tables are found in the catalog, so that a new one is tested by being there.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString, TypeAlias
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from banyan.kernel import FixedClock
from banyan.runtime import (
    ClockNotMovable,
    Database,
    JobDraft,
    Marketplace,
    advance_clock,
    create_marketplace,
    list_marketplaces,
)
from tests.conftest import START

Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]

WITHOUT_MARKETPLACE = {
    "runtime.schema_changes",  # the database's own
    "console.users",  # people work for the company, not for one of its marketplaces
    "console.sessions",
    "console.sign_in_links",
    "console.sign_in_failures",
}
FOR_SEVERAL_MARKETPLACES = {"console.audit"}
"""Names a marketplace or none: what people did there, and what they did to no marketplace."""

NOT_LED_BY_MARKETPLACE = {
    "developers.keys_by_hash",  # which marketplace a key belongs to is what the key tells
    "console.audit_pkey",
    "migration.links_by_id",  # likewise: the token of a status page tells
}

_TABLES: LiteralString = """
    select c.oid::regclass::text as name,
           c.relrowsecurity as has_row_security,
           exists (select from pg_attribute a
                   where a.attrelid = c.oid and a.attname = 'marketplace_id') as has_marketplace
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and n.nspname not in ('information_schema', 'pg_toast')
      and n.nspname not like 'pg\\_%'
    order by 1
"""
_VALUES = {
    "uuid": "gen_random_uuid()",
    "text": "'x'",
    "bytea": "'x'",
    "jsonb": "'{}'",
    "timestamptz": "now()",
    "date": "current_date",
    "bool": "true",
    "_text": "'{x}'",
}
"""A value of each type; every other type takes 1."""


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    has_row_security: bool
    has_marketplace: bool


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    """The owner of the schema, whom row security does not bind."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


async def _tables(owner: Connection) -> list[_Table]:
    rows = await (await owner.execute(_TABLES)).fetchall()
    return [_Table(*row) for row in rows]


async def _tenant_tables(owner: Connection) -> list[str]:
    return [
        table.name
        for table in await _tables(owner)
        if table.has_marketplace and table.name not in FOR_SEVERAL_MARKETPLACES
    ]


async def test_every_table_belongs_to_marketplaces(
    owner: Connection,
) -> None:
    tables = await _tables(owner)
    assert len(tables) > 20
    assert {t.name for t in tables if not t.has_marketplace} == WITHOUT_MARKETPLACE
    open_to_all = {t.name for t in tables if t.has_marketplace and not t.has_row_security}
    assert open_to_all == FOR_SEVERAL_MARKETPLACES


async def test_every_key_is_led_by_the_marketplace(
    owner: Connection,
) -> None:
    rows = await (
        await owner.execute(
            """
            select i.indexrelid::regclass::text
            from pg_index i
            join pg_attribute m on m.attrelid = i.indrelid and m.attname = 'marketplace_id'
            where i.indisunique and i.indkey[0] <> m.attnum
              and i.indrelid::regclass::text not like 'pg\\_%'
            """
        )
    ).fetchall()
    assert {name for (name,) in rows} == NOT_LED_BY_MARKETPLACE


async def test_the_processes_act_as_a_role_without_powers(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        [(name, is_super, bypasses, makes_roles, makes_databases, owned)] = await tx.rows(
            """
            select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
              (select count(*) from pg_class where relowner = r.oid)
            from pg_roles r
            where rolname = current_user
            """
        )
        assert not await tx.value("select has_database_privilege(current_database(), 'create')")
    assert name == "banyan_app"
    assert not any((is_super, bypasses, makes_roles, makes_databases, owned))


async def test_functions_with_the_owners_powers_are_fenced(
    owner: Connection,
) -> None:
    """Nobody may put a table of his own before ours, and only banyan_app may call them."""
    rows = await (
        await owner.execute(
            """
            select oid::regprocedure::text
            from pg_proc
            where prosecdef
              and pronamespace::regnamespace::text not like 'pg\\_%'
              and (not exists (select from unnest(proconfig) as c where c like 'search_path=%pg_temp')
                   or has_function_privilege('public', oid, 'execute'))
            """
        )
    ).fetchall()
    assert rows == []


async def test_no_table_shows_or_takes_rows_of_another_marketplace(
    database: Database, owner: Connection, sandbox: UUID, live: UUID
) -> None:
    tables = await _tenant_tables(owner)
    await _take_constraints_away(owner)
    for table in tables:
        if table != "runtime.marketplaces":  # it has the row that makes the marketplace
            await owner.execute(await _insert_some_row(owner, table, live))
    for table in tables:
        async with database.transaction(live) as tx:
            own = await tx.value(f"select count(*) from {table}")
        async with database.transaction(sandbox) as tx:
            seen = await tx.value(f"select count(*) from {table} where marketplace_id = '{live}'")
        assert (own, seen) == (1, 0), table


async def test_no_table_lets_another_marketplace_write(
    database: Database, owner: Connection, sandbox: UUID, live: UUID
) -> None:
    tables = await _tenant_tables(owner)
    await _take_constraints_away(owner)
    for table in tables:
        insert = await _insert_some_row(owner, table, live)
        with pytest.raises(InsufficientPrivilege):
            async with database.transaction(sandbox) as tx:
                await tx.execute(insert)
        if table != "runtime.marketplaces":
            await owner.execute(insert)
        for change in (f"update {table} set marketplace_id = '{sandbox}'", f"delete from {table}"):
            assert (
                await _rows_touched(database, sandbox, f"{change} where marketplace_id = '{live}'")
                == 0
            )
        assert (
            await (
                await owner.execute(f"select count(*) from {table} where marketplace_id = '{live}'")
            ).fetchone()
        ) == (1,)


async def test_a_row_can_not_be_given_to_another_marketplace(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        await tx.enqueue(JobDraft("greet", "x"))
    with pytest.raises(InsufficientPrivilege):
        async with database.transaction(sandbox) as tx:
            await tx.execute("update runtime.jobs set marketplace_id = %(to)s", to=live)


async def test_a_connection_that_has_named_no_marketplace_sees_nothing(
    database_url: str, sandbox: UUID
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("set role banyan_app")
        rows = await (await connection.execute("select * from runtime.marketplaces")).fetchall()
    assert rows == []


async def test_the_name_does_not_outlive_the_transaction(
    database_url: str, sandbox: UUID, live: UUID
) -> None:
    database = await Database.open(database_url, size=1)
    for marketplace in (sandbox, live, sandbox):
        async with database.transaction(marketplace) as tx:
            assert await tx.rows("select marketplace_id from runtime.marketplaces") == [
                (marketplace,)
            ]
    async with database.across_marketplaces() as queries:
        assert await queries.value("select count(*) from runtime.marketplaces") == 2
    await database.close()


async def test_a_sandbox_has_a_clock_of_its_own(
    database: Database, sandbox: UUID, live: UUID, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=365))
    async with database.transaction(sandbox) as tx:
        assert tx.now == START
        assert await advance_clock(tx, START + timedelta(days=1)) == START + timedelta(days=1)
        assert tx.now == START, "time stands still within a transaction"
    async with database.transaction(sandbox) as tx:
        assert tx.now == START + timedelta(days=1)
    async with database.transaction(live) as tx:
        assert tx.now == clock.now()


async def test_a_sandbox_without_a_clock_lives_in_real_time(
    database: Database, clock: FixedClock
) -> None:
    plain = await create_marketplace(
        database, name="Plain", livemode=False, currency="EUR", country="DE", now=START
    )
    async with database.transaction(plain.marketplace_id) as tx:
        assert tx.now == clock.now()
        assert not tx.livemode


async def test_clocks_never_go_back_and_a_live_one_never_moves(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    for marketplace, by in ((sandbox, timedelta(seconds=-1)), (live, timedelta(days=1))):
        with pytest.raises(ClockNotMovable):
            async with database.transaction(marketplace) as tx:
                await advance_clock(tx, tx.now + by)
    async with database.transaction(sandbox) as tx:
        await advance_clock(tx, tx.now)


async def test_of_two_who_move_a_clock_the_later_time_stays(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as slow:
        async with database.transaction(sandbox) as quick:
            await advance_clock(quick, START + timedelta(days=2))
        await advance_clock(slow, START + timedelta(days=1))
    async with database.transaction(sandbox) as tx:
        assert tx.now == START + timedelta(days=2)


async def test_marketplaces_are_listed_the_oldest_first(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.across_marketplaces() as queries:
        listed = await list_marketplaces(queries)
    assert {m.marketplace_id for m in listed} == {sandbox, live}
    assert listed == sorted(listed, key=lambda m: m.marketplace_id)
    assert await database.marketplace(live) == Marketplace(live, "Live", True, "BRL", "BR", START)


async def _take_constraints_away(owner: Connection) -> None:
    """In this clone only: rows need no longer agree with checks or with other tables."""
    await owner.execute("set session_replication_role = replica")
    await owner.execute(
        """
        do $$
        declare
          c record;
        begin
          for c in
            select conname, conrelid::regclass as tab
            from pg_constraint
            where contype = 'c' and conrelid <> 0
              and connamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
          loop
            execute format('alter table %s drop constraint %I', c.tab, c.conname);
          end loop;
        end
        $$
        """
    )


async def _insert_some_row(owner: Connection, table: str, marketplace: UUID) -> str:
    """A statement that adds a row with a value in each column that needs one."""
    rows = await (
        await owner.execute(
            """
            select attname, typname
            from pg_attribute
            join pg_type on pg_type.oid = atttypid
            where attrelid = %s::regclass and attnum > 0 and not attisdropped
              and attnotnull and attidentity = '' and not atthasdef
            order by attnum
            """,
            (table,),
        )
    ).fetchall()
    values = {name: _VALUES.get(kind, "1") for name, kind in rows} | {
        "marketplace_id": f"'{marketplace}'"
    }
    names = ", ".join(f'"{name}"' for name in values)
    return f"insert into {table} ({names}) values ({', '.join(values.values())})"


async def _rows_touched(database: Database, marketplace: UUID, statement: str) -> int:
    """How many rows a statement changes; none if banyan_app may not run it at all."""
    try:
        async with database.transaction(marketplace) as tx:
            return await tx.execute(statement)
    except InsufficientPrivilege:
        return 0
