"""SQL of the developer product: one function, one statement."""

from collections.abc import Sequence
from uuid import UUID

from banyan.developers.model import ApiKey
from banyan.runtime import Queries, Transaction


async def insert_key(
    tx: Transaction, key_id: UUID, name: str, prefix: str, digest: bytes, scopes: Sequence[str]
) -> ApiKey:
    key = await tx.one(
        ApiKey,
        """
        insert into developers.keys
          (marketplace_id, key_id, name, prefix, hash, scopes, created_at)
        values
          (%(marketplace_id)s, %(key_id)s, %(name)s, %(prefix)s, %(hash)s, %(scopes)s, %(now)s)
        returning marketplace_id, key_id, name, prefix, scopes, created_at, revoked_at
        """,
        key_id=key_id,
        name=name,
        prefix=prefix,
        hash=digest,
        scopes=list(scopes),
        now=tx.now,
    )
    assert key is not None, "an insert returns its row"
    return key


async def find_valid_key(queries: Queries, digest: bytes) -> ApiKey | None:
    """Among all marketplaces: which one it is, is the question."""
    return await queries.one(
        ApiKey,
        """
        select marketplace_id, key_id, name, prefix, scopes, created_at, revoked_at
        from developers.keys
        where hash = %(hash)s and revoked_at is null
        """,
        hash=digest,
    )


async def select_keys(tx: Transaction) -> list[ApiKey]:
    return await tx.all(
        ApiKey,
        """
        select marketplace_id, key_id, name, prefix, scopes, created_at, revoked_at
        from developers.keys
        where marketplace_id = %(marketplace_id)s
        order by key_id desc
        """,
    )


async def find_key(tx: Transaction, key_id: UUID) -> ApiKey | None:
    return await tx.one(
        ApiKey,
        """
        select marketplace_id, key_id, name, prefix, scopes, created_at, revoked_at
        from developers.keys
        where marketplace_id = %(marketplace_id)s and key_id = %(key_id)s
        """,
        key_id=key_id,
    )


async def update_revoked(tx: Transaction, key_id: UUID) -> ApiKey | None:
    """The key, or None if there is none that could be revoked."""
    return await tx.one(
        ApiKey,
        """
        update developers.keys
        set revoked_at = %(now)s
        where marketplace_id = %(marketplace_id)s and key_id = %(key_id)s and revoked_at is null
        returning marketplace_id, key_id, name, prefix, scopes, created_at, revoked_at
        """,
        key_id=key_id,
        now=tx.now,
    )
