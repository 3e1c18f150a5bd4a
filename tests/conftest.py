"""A real PostgreSQL for every test: one template with the schema, cloned for each test."""

import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from hypothesis import settings

from banyan.kernel import FixedClock
from banyan.runtime import Database, apply_schema, create_marketplace

# The same examples in every run; `pytest --hypothesis-profile=explore` draws new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", max_examples=1_000)
settings.load_profile("repeatable")

_MEMORY = Path("/dev/shm")
_MEMORY_MIN = 4 << 30

START = datetime(2018, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server that this test process may make databases in."""
    given = os.environ.get("BANYAN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    from banyan.runtime import local

    with _folder(tmp_path_factory) as folder:
        server = local.start(folder, durable=False)
        try:
            yield server.url
        finally:
            server.stop()


@contextmanager
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """In memory where there is plenty: each test's database is hundreds of small files."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _MEMORY_MIN:
        yield tmp_path_factory.mktemp("postgres")
        return
    with TemporaryDirectory(prefix="banyan-postgres-", dir=_MEMORY) as folder:
        yield Path(folder) / "data"


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a database with the whole schema, to be cloned."""
    name = f"banyan_template_{uuid4().hex[:12]}"
    _make(server_url, name)
    apply_schema(_at(server_url, name))
    yield name
    _drop(server_url, name)


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """The address of a fresh clone of the template."""
    name = f"banyan_test_{uuid4().hex[:12]}"
    _make(server_url, name, template)
    yield _at(server_url, name)
    _drop(server_url, name)


@pytest.fixture
def clock() -> FixedClock:
    """The time of the live marketplace; the sandbox has its own, which starts at START."""
    return FixedClock(START)


@pytest.fixture
async def database(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, size=10, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sandbox(database: Database) -> UUID:
    """A sandbox marketplace in Brazil whose clock stands at START."""
    marketplace = await create_marketplace(
        database, name="Sandbox", livemode=False, currency="BRL", country="BR", now=START,
        clock_at=START,
    )  # fmt: skip
    return marketplace.marketplace_id


@pytest.fixture
async def live(database: Database) -> UUID:
    """A live marketplace in Brazil."""
    marketplace = await create_marketplace(
        database, name="Live", livemode=True, currency="BRL", country="BR", now=START
    )
    return marketplace.marketplace_id


@pytest.fixture
async def client(database: Database, sandbox: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application with a key of the sandbox that may do everything."""
    async with client_for(database, sandbox) as opened:
        yield opened


@asynccontextmanager
async def client_for(database: Database, marketplace_id: UUID) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the whole application with a new key of this marketplace."""
    from banyan import app
    from banyan.developers import create_key
    from banyan.runtime import Settings

    app.subscribe(database)
    async with database.transaction(marketplace_id) as tx:
        _, key = await create_key(tx, name="test", scopes=["*"], known_scopes=app.scopes())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(
            app.web_app(Settings(), database), raise_app_exceptions=False
        ),
        base_url="http://banyan",
        headers={"Authorization": f"Bearer {key}"},
    ) as opened:
        yield opened


def _at(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def _make(url: str, name: str, template: str = "template0") -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # Copied as files: through the log, hundreds of small tables take twice as long.
        connection.execute(
            f"create database {name} template {template} strategy file_copy".encode()
        )


def _drop(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
