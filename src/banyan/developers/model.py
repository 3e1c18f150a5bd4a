"""Records of the developer product."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from banyan.kernel import IdKind
from banyan.runtime.http import Principal

KEY = IdKind("key")

Authenticate: TypeAlias = Callable[[str], Awaitable[Principal | None]]
"""Who a bearer token belongs to, or None."""

ALL_SCOPES = "*"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: with a hash in place of itself."""

    marketplace_id: UUID
    key_id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None
