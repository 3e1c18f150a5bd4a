"""Where a command acts: the process's settings, its database, and the marketplace that a person names."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import click
import uvloop

from banyan.kernel import NotFound
from banyan.marketplaces import DEMO_NAME, SHOP_NAME
from banyan.runtime import (
    MARKETPLACE,
    Cause,
    Database,
    DatabaseUnavailable,
    Marketplace,
    Settings,
    Transaction,
    check_schema,
    list_marketplaces,
)
from banyan.runtime.local import find_server
from banyan.subscriptions import open_database as open_subscribed

T = TypeVar("T")

BY_HAND = Cause("person", "command line", "command line")
MARKETPLACE_OPTION = click.option(
    "--marketplace", required=True, help="live, sandbox, demo or mkt_…"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A marketplace in an open database."""

    database: Database
    marketplace: Marketplace

    @asynccontextmanager
    async def transaction(self, by: str = "command line") -> AsyncGenerator[Transaction]:
        cause = Cause("person", by, by)
        async with self.database.transaction(self.marketplace.marketplace_id, cause) as tx:
            yield tx


def execute(task: Coroutine[object, object, T]) -> T:
    return uvloop.run(task)


def process_settings(host: str | None = None, port: int | None = None) -> Settings:
    given = Settings.from_environment()
    return replace(given, host=host or given.host, port=port or given.port)


def with_database(settings: Settings) -> Settings:
    """The database that is named, or else the embedded one if it runs."""
    if settings.database_url:
        return settings
    folder = settings.state_folder.absolute()
    try:
        server = find_server(folder / "postgres")
    except PermissionError:
        raise DatabaseUnavailable(
            f"The database in {folder} is another user's; set BANYAN_DATABASE_URL."
        ) from None
    if server is None:
        raise DatabaseUnavailable(
            "No database runs here: start `banyan up`, or set BANYAN_DATABASE_URL."
        )
    return replace(settings, database_url=server.url)


def with_schema(settings: Settings, *, wait_s: float = 0) -> Settings:
    """The same, once it is known that it can be used; says at once why it can't."""
    settings = with_database(settings)
    check_schema(settings.database_url, wait_s=wait_s)
    return settings


@asynccontextmanager
async def open_database() -> AsyncGenerator[Database]:
    settings = await _in_thread(lambda: with_schema(process_settings()))
    async with open_subscribed(settings) as database:
        yield database


async def _in_thread(call: Callable[[], T]) -> T:
    """What a call gives that may hang: whoever waits can stop waiting, and the process can end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast("T", result))

    def run() -> None:
        result: T | None = None
        failed: BaseException | None = None
        try:
            result = call()
        except Exception as error:
            failed = error
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(tell, result, failed)

    threading.Thread(target=run, daemon=True).start()
    return await future


@asynccontextmanager
async def marketplaces(name: str | None) -> AsyncGenerator[tuple[Database, list[Marketplace]]]:
    """The marketplace that a person names by its id, or as live, sandbox, demo or shop; None: all."""
    async with open_database() as database:
        async with database.across_marketplaces() as queries:
            known = await list_marketplaces(queries)
        yield database, known if name is None else [_chosen(known, name)]


@asynccontextmanager
async def transaction(name: str) -> AsyncGenerator[Transaction]:
    """In the marketplace that a person names."""
    async with (
        marketplaces(name) as (database, [chosen]),
        database.transaction(chosen.marketplace_id, BY_HAND) as tx,
    ):
        yield tx


@asynccontextmanager
async def place_of(name: str | None) -> AsyncGenerator[Place]:
    """The marketplace that a person names, or the only live one."""
    async with marketplaces(name) as (database, known):
        chosen = known if name is not None else [each for each in known if each.livemode]
        if len(chosen) != 1:
            there = ", ".join(f"{MARKETPLACE.text(m.marketplace_id)} ({m.name})" for m in chosen)
            raise NotFound(f"Say which marketplace; there are: {there or 'none'}.")
        yield Place(database, chosen[0])


def _chosen(known: list[Marketplace], name: str) -> Marketplace:
    for marketplace in known:
        called = {DEMO_NAME: "demo", SHOP_NAME: "shop"}.get(marketplace.name, "sandbox")
        names = {MARKETPLACE.text(marketplace.marketplace_id), marketplace.name}
        names.add("live" if marketplace.livemode else called)
        if name in names:
            return marketplace
    there = ", ".join(f"{MARKETPLACE.text(m.marketplace_id)} ({m.name})" for m in known) or "none"
    raise NotFound(f"There is no marketplace {name!r}; there are: {there}.")
