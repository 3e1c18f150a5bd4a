from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
import shop
from starlette.applications import Starlette

from banyan.kernel import new_id
from banyan.runtime import Database
from banyan.runtime.http import Principal, Rate, Tag, http_app


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
