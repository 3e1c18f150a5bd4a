"""Records of the developer product."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.kernel import IdKind

KEY = IdKind("key")

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
