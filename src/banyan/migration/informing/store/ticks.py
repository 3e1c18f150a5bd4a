"""The boxes of runbooks that people have ticked."""

from uuid import UUID

from banyan.migration.informing.model import DocumentName, Item, Tick
from banyan.runtime import Transaction


async def select_ticks(
    tx: Transaction, plan_id: UUID, route: str, document: DocumentName
) -> list[Tick]:
    return await tx.all(
        Tick,
        """
        select text_hash, by, checked_at
        from migration.checks
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and route = %(route)s
          and document = %(document)s
        order by checked_at
        """,
        plan_id=plan_id,
        route=route,
        document=document,
    )


async def insert_tick(
    tx: Transaction,
    plan_id: UUID,
    route: str,
    document: DocumentName,
    version: int,
    item: Item,
    by: str,
) -> None:
    await tx.execute(
        """
        insert into migration.checks
          (marketplace_id, plan_id, route, document, version, item, by, checked_at, text_hash)
        values
          (%(marketplace_id)s, %(plan_id)s, %(route)s, %(document)s, %(version)s, %(item)s,
           %(by)s, %(now)s, %(text_hash)s)
        on conflict (marketplace_id, plan_id, route, document, version, item) do nothing
        """,
        plan_id=plan_id,
        route=route,
        document=document,
        version=version,
        item=item.number,
        by=by,
        now=tx.now,
        text_hash=item.text_hash,
    )


async def delete_ticks(
    tx: Transaction, plan_id: UUID, route: str, document: DocumentName, text_hash: bytes
) -> None:
    """Of the box with this text, in whichever version of the plan it was ticked."""
    await tx.execute(
        """
        delete from migration.checks
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and route = %(route)s
          and document = %(document)s
          and text_hash = %(text_hash)s
        """,
        plan_id=plan_id,
        route=route,
        document=document,
        text_hash=text_hash,
    )
