"""What the webhooks of a team are signed with."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    sealed: bytes
    sealed_before: bytes | None
    rotated_at: datetime


async def find_secrets(tx: Transaction, plan_id: UUID, team: str) -> SealedSecrets | None:
    return await tx.one(
        SealedSecrets,
        """
        select sealed, sealed_before, rotated_at
        from migration.team_secrets
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s and team = %(team)s
        """,
        plan_id=plan_id,
        team=team,
    )


async def insert_secret(tx: Transaction, plan_id: UUID, team: str, sealed: bytes) -> bool:
    """False if the team has one by now."""
    count = await tx.execute(
        """
        insert into migration.team_secrets (marketplace_id, plan_id, team, sealed, rotated_at)
        values (%(marketplace_id)s, %(plan_id)s, %(team)s, %(sealed)s, %(now)s)
        on conflict (marketplace_id, plan_id, team) do nothing
        """,
        plan_id=plan_id,
        team=team,
        sealed=sealed,
        now=tx.now,
    )
    return count == 1


async def update_secret(tx: Transaction, plan_id: UUID, team: str, sealed: bytes) -> None:
    """The present secret becomes the one before."""
    await tx.execute(
        """
        update migration.team_secrets
        set sealed = %(sealed)s, sealed_before = sealed, rotated_at = %(now)s
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s and team = %(team)s
        """,
        plan_id=plan_id,
        team=team,
        sealed=sealed,
        now=tx.now,
    )
