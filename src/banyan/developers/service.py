"""Use cases of the developer product."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias
from uuid import UUID

from banyan.developers import store
from banyan.developers.errors import InvalidKeyName, InvalidScope, KeyNotFound
from banyan.developers.model import ALL_SCOPES, KEY, ApiKey
from banyan.kernel import new_id, new_secret
from banyan.runtime import Database, Event, Transaction
from banyan.runtime.http import Principal

Authenticate: TypeAlias = Callable[[str], Awaitable[Principal | None]]
"""Who a bearer token belongs to, or None."""

TRUSTED_S = 5.0
"""Real seconds for which a process remembers a key: so long a revoked one may still work."""

_REMEMBERED_MAX = 10_000
_SECRET_LENGTH = 32
_NAME_MAX = 80


async def create_key(
    tx: Transaction, *, name: str, scopes: Sequence[str], known_scopes: Iterable[str]
) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once. ``*`` stands for every scope.

    ``InvalidScope`` if there is none, or one that is not among ``known_scopes``; ``InvalidKeyName``.
    """
    if not 1 <= len(name) <= _NAME_MAX:
        raise InvalidKeyName(f"A key's name has 1 to {_NAME_MAX} characters.")
    known = {*known_scopes, ALL_SCOPES}
    unknown = [scope for scope in scopes if scope not in known]
    if unknown:
        raise InvalidScope(f"{unknown[0][:40]!r} is not one of {', '.join(sorted(known))}.")
    if not scopes:
        raise InvalidScope(f"A key needs a scope; {ALL_SCOPES} stands for all of them.")
    mode = "live" if tx.livemode else "test"
    text = f"bk_{mode}_{new_secret(_SECRET_LENGTH)}"
    key = await store.insert_key(tx, new_id(), name, text[:12], _digest(text), scopes)
    news = {"name": name, "prefix": key.prefix, "scopes": list(scopes)}
    await tx.record(Event("key.created", KEY.text(key.key_id), news))
    return key, text


async def list_keys(tx: Transaction) -> list[ApiKey]:
    """Every key, the newest first, revoked ones too."""
    return await store.select_keys(tx)


async def revoke_key(tx: Transaction, key_id: UUID) -> ApiKey:
    """Take a key out of use for good; repeating it changes nothing. ``KeyNotFound``."""
    revoked = await store.update_revoked(tx, key_id)
    if revoked is not None:
        await tx.record(Event("key.revoked", KEY.text(key_id), {"name": revoked.name}))
        return revoked
    key = await store.find_key(tx, key_id)
    if key is None:
        raise KeyNotFound(f"There is no key {KEY.text(key_id)}.")
    return key


def authenticator(
    database: Database, known_scopes: Iterable[str], *, trusted_s: float = TRUSTED_S
) -> Authenticate:
    """Finds out whose a bearer token is; keeps what it found for ``trusted_s``."""
    every_scope = frozenset(known_scopes)
    remembered: dict[bytes, tuple[float, Principal]] = {}

    async def authenticate(token: str) -> Principal | None:
        digest = _digest(token)
        found = remembered.get(digest)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        principal = await _look_up(database, digest, every_scope)
        if principal is None:
            remembered.pop(digest, None)
            return None
        if len(remembered) >= _REMEMBERED_MAX:
            remembered.clear()
        remembered[digest] = (time.monotonic() + trusted_s, principal)
        return principal

    return authenticate


async def _look_up(
    database: Database, digest: bytes, every_scope: frozenset[str]
) -> Principal | None:
    async with database.across_marketplaces() as queries:
        key = await store.find_valid_key(queries, digest)
    if key is None:
        return None
    marketplace = await database.marketplace(key.marketplace_id)
    return Principal(
        marketplace_id=key.marketplace_id,
        livemode=marketplace.livemode,
        key_id=key.key_id,
        name=key.name,
        scopes=every_scope if ALL_SCOPES in key.scopes else frozenset(key.scopes),
    )


def _digest(text: str) -> bytes:
    """The text holds 160 random bits, so that a plain hash can't be guessed back."""
    return hashlib.sha256(text.encode()).digest()
