import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import uvicorn
from psycopg.conninfo import make_conninfo
from starlette.applications import Starlette

from banyan.kernel import SystemClock, new_id
from banyan.runtime import Database, create_marketplace
from banyan.runtime.http import Principal, Rate, Tag, http_app
from tests.runtime.http import shop


@pytest.fixture
def troubles() -> shop.Troubles:
    return shop.Troubles()


@pytest.fixture
def observed() -> list[tuple[str, int]]:
    """Every answer that the app told its observer of."""
    return []


@pytest.fixture
def app(
    database: Database,
    database_url: str,
    sandbox: UUID,
    live: UUID,
    troubles: shop.Troubles,
    observed: list[tuple[str, int]],
) -> Starlette:
    """The shop's API with four keys: ``all``, ``read`` (one scope), ``live`` and ``hasty``."""
    shop.make_tables(database_url)
    keys = {
        "all": Principal(
            marketplace_id=sandbox, livemode=False, key_id=new_id(), scopes=shop.SCOPES
        ),
        "read": Principal(
            marketplace_id=sandbox,
            livemode=False,
            key_id=new_id(),
            scopes=frozenset({"items:read"}),
        ),
        "live": Principal(marketplace_id=live, livemode=True, key_id=new_id(), scopes=shop.SCOPES),
    }

    async def authenticate(token: str) -> Principal | None:
        return keys.get(token)

    return http_app(
        operations=[*shop.operations(), *troubles.operations()],
        tags=[Tag("items", "Things on the shelf.")],
        database=database,
        authenticate=authenticate,
        rates={"default": Rate(10_000, 60)},
        observe=lambda operation, status, seconds: observed.append((operation, status)),
    )


@pytest.fixture
async def shop_client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://shop", headers={"Authorization": "Bearer all"}
    ) as client:
        yield client


@pytest.fixture(scope="module")
def served(server_url: str, template: str) -> Iterator[str]:
    """The address of the shop's API behind a real server; its key ``all`` may do everything."""
    name = f"banyan_test_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}".encode())
    try:
        url = make_conninfo(server_url, dbname=name)
        shop.make_tables(url)
        with _Server(url) as address:
            yield address
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)".encode())


class _Server:
    """uvicorn in a thread, with the database in the same event loop."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> str:
        self._thread.start()
        assert self._is_up.wait(20)
        return self._address

    def __exit__(self, *_: object) -> None:
        self._uvicorn.should_exit = True
        self._thread.join()

    async def _serve(self) -> None:
        database = await Database.open(self._database_url)
        made = await create_marketplace(
            database, name="Shop", livemode=False, currency="EUR", country="DE",
            now=SystemClock().now(), clock_at=SystemClock().now(),
        )  # fmt: skip
        key = Principal(
            marketplace_id=made.marketplace_id,
            livemode=False,
            key_id=new_id(),
            scopes=shop.SCOPES,
        )

        async def authenticate(token: str) -> Principal | None:
            return key if token == "all" else None

        app = http_app(
            operations=shop.operations(),
            database=database,
            authenticate=authenticate,
            rates={"default": Rate(1_000_000, 60)},
        )
        config = uvicorn.Config(app, port=0, log_level="warning", access_log=False)
        self._uvicorn = _Announcing(config, self._announce)
        await self._uvicorn.serve()
        await database.close()

    def _announce(self) -> None:
        port = self._uvicorn.servers[0].sockets[0].getsockname()[1]
        self._address = f"http://127.0.0.1:{port}"
        self._is_up.set()


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()
