"""Plans and their versions."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.migration.model.standing import PlanVersion, StoredPlan
from banyan.runtime import Event, Transaction


async def lock_plans(tx: Transaction, name: str) -> None:
    """One application of a plan at a time, the first one included."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(
          hashtextextended('migration:' || %(marketplace_id)s::uuid || ':' || %(name)s::text, 0)
        )
        """,
        name=name,
    )


async def lock_events(tx: Transaction, plan_id: UUID) -> None:
    """Events of all that belongs to a plan count on in it: whoever records one takes a turn."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(
          hashtextextended('migration events:' || %(marketplace_id)s::uuid || ':' || %(plan_id)s::uuid, 0)
        )
        """,
        plan_id=plan_id,
    )


async def record_events(tx: Transaction, plan_id: UUID, *events: Event) -> None:
    """Tell of a plan, and of what belongs to it. Who will lock other rows, too, has taken its turn before."""
    await lock_events(tx, plan_id)
    await tx.record_all(events)


async def find_plan(tx: Transaction, name: str) -> StoredPlan | None:
    """The newest version of the plan of this name."""
    return await tx.one(
        StoredPlan,
        """
        select *
        from migration.plans
        where marketplace_id = %(marketplace_id)s and name = %(name)s
        order by version desc
        limit 1
        """,
        name=name,
    )


async def find_plan_by_id(tx: Transaction, plan_id: UUID) -> StoredPlan | None:
    """The newest version of a plan."""
    return await tx.one(
        StoredPlan,
        """
        select *
        from migration.plans
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by version desc
        limit 1
        """,
        plan_id=plan_id,
    )


async def version_of(tx: Transaction, plan_id: UUID) -> int | None:
    return await tx.value(
        """
        select max(version)
        from migration.plans
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        """,
        plan_id=plan_id,
    )


async def select_plans(tx: Transaction) -> list[StoredPlan]:
    """The newest version of every plan, by name."""
    return await tx.all(
        StoredPlan,
        """
        select distinct on (name) *
        from migration.plans
        where marketplace_id = %(marketplace_id)s
        order by name, version desc
        """,
    )


async def select_versions(tx: Transaction, plan_id: UUID) -> list[PlanVersion]:
    """Every version of a plan, the newest first."""
    return await tx.all(
        PlanVersion,
        """
        select plan_id, name, version, applied_by, why, applied_at
        from migration.plans
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by version desc
        """,
        plan_id=plan_id,
    )


async def insert_plan(
    tx: Transaction,
    plan_id: UUID,
    *,
    name: str,
    version: int,
    source: str,
    document: dict[str, Any],
    by: str,
    why: str,
) -> StoredPlan:
    made = await tx.one(
        StoredPlan,
        """
        insert into migration.plans
          (marketplace_id, plan_id, name, version, source, document, applied_by, why, applied_at)
        values
          (%(marketplace_id)s, %(plan_id)s, %(name)s, %(version)s, %(source)s, %(document)s,
           %(by)s, %(why)s, %(now)s)
        returning *
        """,
        plan_id=plan_id,
        name=name,
        version=version,
        source=source,
        document=Jsonb(document),
        by=by,
        why=why,
        now=tx.now,
    )
    assert made is not None, "an insert returns its row"
    return made
