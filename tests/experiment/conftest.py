"""The API, served over HTTP, and a reporter to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from banyan import app
from banyan.developers import create_key
from banyan.experiment import Reporter
from banyan.runtime import Database, Settings


@pytest.fixture
async def api(database: Database, sandbox: UUID) -> AsyncIterator[tuple[str, str]]:
    """Its address, and a key that may report and read."""
    async with database.transaction(sandbox) as tx:
        _, key = await create_key(
            tx,
            name="shop",
            scopes=["divergences:read", "divergences:write"],
            known_scopes=app.scopes(),
        )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app.web_app(Settings(), database), log_level="warning", lifespan="off")
        )
        serving = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", key
        server.should_exit = True
        await serving


@pytest.fixture
def reporter(api: tuple[str, str]) -> Iterator[Reporter]:
    made = Reporter(*api, every_s=60, exit_wait_s=0.1)
    yield made
    made.close()


@pytest.fixture
def alone() -> Iterator[Reporter]:
    """One that nobody listens to, for what happens within the application."""
    made = Reporter("http://127.0.0.1:9", "bk_test_x", every_s=60, exit_wait_s=0.1)
    yield made
    made.close()


async def divergences(api: tuple[str, str]) -> list[dict[str, Any]]:
    url, key = api
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as client:
        listed = (await client.get(f"{url}/v1/divergences")).json()["data"]
        return [(await client.get(f"{url}/v1/divergences/{one['id']}")).json() for one in listed]
