"""Links to status pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.kernel import IdKind

LINK = IdKind("msl")


@dataclass(frozen=True, slots=True)
class StatusLink:
    """Who has its token reads the page of a plan, or of what one ``team`` of it owns or depends on.

    ``hash`` is all that is kept of the token's secret part.
    """

    marketplace_id: UUID
    link_id: UUID
    plan_id: UUID
    team: str
    title: str
    hash: bytes
    created_by: str
    created_at: datetime
    revoked_by: str
    revoked_at: datetime | None
