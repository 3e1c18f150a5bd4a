"""Both shops on one database, the new one on a real marketplace."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from banyan import app
from banyan.developers import create_key
from banyan.runtime import Database, Settings
from examples.legacy_shop.application import LegacyShop
from examples.legacy_shop.database import Database as ShopDatabase
from examples.legacy_shop.seed import OLIST, seed
from examples.legacy_shop.server import Server
from examples.new_shop.application import NewShop, application
from examples.new_shop.marketplace import Marketplace
from examples.new_shop.photos import Photos
from examples.new_shop.shared import Shared


@dataclass(frozen=True, slots=True)
class Legacy:
    url: str
    database: Path


@pytest.fixture
def legacy(tmp_path: Path) -> Iterator[Legacy]:
    """The shop of old, just seeded, at an address of its own."""
    file = tmp_path / "shop.db"
    seed(file, OLIST)
    database = ShopDatabase(file)
    server = Server(("127.0.0.1", 0), LegacyShop(database, stock_pause_s=0.01))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Legacy(f"http://127.0.0.1:{server.server_address[1]}", file)
    server.shutdown()
    thread.join()
    server.server_close()
    database.close_all()


@dataclass(frozen=True, slots=True)
class Replacement:
    url: str
    shop: NewShop
    api: httpx.AsyncClient


@pytest.fixture
async def replacement(
    legacy: Legacy, database: Database, sandbox: UUID
) -> AsyncIterator[Replacement]:
    """The new shop on legacy's tables and a marketplace with its offers."""
    app.subscribe(database)
    async with database.transaction(sandbox) as tx:
        _, key = await create_key(tx, name="shop", scopes=["*"], known_scopes=app.scopes())
    transport = httpx.ASGITransport(app.web_app(Settings(), database))
    shared = Shared(legacy.database)
    shop = NewShop(
        shared,
        Photos(legacy.database.with_name("new_shop.db")),
        Marketplace("http://banyan", key, transport),
        stock_pause_s=0.01,
    )
    await shop.marketplace.load(shared.content().products.values())
    async with (
        httpx.AsyncClient(
            transport=transport,
            base_url="http://banyan",
            headers={"authorization": f"Bearer {key}"},
        ) as api,
        served(application(shop)) as url,
    ):
        yield Replacement(url, shop, api)


@asynccontextmanager
async def served(web: Starlette) -> AsyncIterator[str]:
    """``web`` on a port of its own."""
    bound = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(web, log_level="warning", server_header=False, timeout_keep_alive=60)
    )
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        bound.close()
