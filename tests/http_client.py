"""A client for the operations of one context, without the rest of the application."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from banyan.kernel import new_id
from banyan.runtime import Database
from banyan.runtime.http import Operation, Principal, Rate, http_app


@asynccontextmanager
async def client_of(
    database: Database, marketplace_id: UUID, operations: Iterable[Operation]
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with a sandbox key of every scope that ``operations`` ask for."""
    declared = list(operations)
    scopes = frozenset(operation.scope for operation in declared if operation.scope)
    key = Principal(marketplace_id=marketplace_id, livemode=False, key_id=new_id(), scopes=scopes)

    async def authenticate(token: str) -> Principal | None:
        return key if token == "good" else None

    app = http_app(
        operations=declared,
        database=database,
        authenticate=authenticate,
        rates={"default": Rate(10_000, 60)},
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://banyan",
        headers={"Authorization": "Bearer good"},
    ) as client:
        yield client
