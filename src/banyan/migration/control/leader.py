"""One control plane leads a plan; others follow.

The lock is PostgreSQL's, held by a connection of its own: it goes when the process or its machine does.
"""

import asyncio
from uuid import UUID

import psycopg

from banyan.kernel import derived_id

_PATIENCE_S = 5.0
_GONE = """
select set_config('tcp_keepalives_idle', '5', false),
       set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('tcp_user_timeout', '10000', false)
"""
"""Have the server notice within about ten seconds that the leader's machine is gone without a word."""
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)


class Leadership:
    """The right to lead one plan; ``holds`` tells whether it is had, and tries to get it."""

    def __init__(self, database_url: str, marketplace_id: UUID, plan_id: UUID) -> None:
        self._url = database_url
        self._key = derived_id(marketplace_id, "lead", str(plan_id)).int & (1 << 62) - 1
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._is_held = False

    async def holds(self) -> bool | None:
        """None: the database can't be reached, so that nobody knows."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._tried()
        except (*_LOST, TimeoutError):
            await self.resign()
            return None

    async def _tried(self) -> bool:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, application_name="banyan gateway"
            )
            await self._connection.execute(_GONE)
            self._is_held = False
        if self._is_held:
            await self._connection.execute("select 1")
            return True
        cursor = await self._connection.execute(
            "select pg_try_advisory_lock(%(key)s::bigint)", {"key": self._key}
        )
        row = await cursor.fetchone()
        self._is_held = row is not None and row[0] is True
        return self._is_held

    async def resign(self) -> None:
        connection, self._connection, self._is_held = self._connection, None, False
        if connection is not None:
            await connection.close()
