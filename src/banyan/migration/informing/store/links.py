"""Links to status pages."""

from uuid import UUID

from banyan.migration.informing.model import StatusLink
from banyan.runtime import Queries, Transaction


async def insert_link(tx: Transaction, link: StatusLink) -> None:
    await tx.execute(
        """
        insert into migration.links
          (marketplace_id, link_id, plan_id, team, title, hash, created_by, created_at)
        values
          (%(marketplace_id)s, %(link_id)s, %(plan_id)s, %(team)s, %(title)s, %(hash)s,
           %(created_by)s, %(now)s)
        """,
        link_id=link.link_id,
        plan_id=link.plan_id,
        team=link.team,
        title=link.title,
        hash=link.hash,
        created_by=link.created_by,
        now=link.created_at,
    )


async def find_valid_link(queries: Queries, link_id: UUID) -> StatusLink | None:
    """Among all marketplaces: which one it is, is the question."""
    return await queries.one(
        StatusLink,
        """
        select
          marketplace_id, link_id, plan_id, team, title, hash, created_by, created_at, revoked_by,
          revoked_at
        from migration.links
        where link_id = %(link_id)s and revoked_at is null
        """,
        link_id=link_id,
    )


async def find_link(tx: Transaction, plan_id: UUID, link_id: UUID) -> StatusLink | None:
    return await tx.one(
        StatusLink,
        """
        select *
        from migration.links
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and link_id = %(link_id)s
        """,
        plan_id=plan_id,
        link_id=link_id,
    )


async def update_revoked(
    tx: Transaction, plan_id: UUID, link_id: UUID, by: str
) -> StatusLink | None:
    """The link, if it was not revoked before."""
    return await tx.one(
        StatusLink,
        """
        update migration.links
        set revoked_at = %(now)s, revoked_by = %(by)s
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and link_id = %(link_id)s
          and revoked_at is null
        returning *
        """,
        plan_id=plan_id,
        link_id=link_id,
        by=by,
        now=tx.now,
    )


async def select_links(tx: Transaction, plan_id: UUID) -> list[StatusLink]:
    return await tx.all(
        StatusLink,
        """
        select *
        from migration.links
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by link_id desc
        limit 500
        """,
        plan_id=plan_id,
    )
