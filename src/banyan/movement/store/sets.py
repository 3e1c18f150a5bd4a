"""Sets: what plans declare, and what is asked of their movers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.movement.model import DataSet, SetPhase
from banyan.runtime import Transaction


async def upsert_set(
    tx: Transaction, set_id: UUID, plan_id: UUID, plan: str, name: str, declared: dict[str, Any]
) -> None:
    """Declare a set, or declare it anew; how far it has come stays."""
    await tx.execute(
        """
        insert into movement.sets
          (marketplace_id, set_id, plan_id, plan, name, declared, phase)
        values
          (%(marketplace_id)s, %(set_id)s, %(plan_id)s, %(plan)s, %(name)s, %(declared)s, 'waiting')
        on conflict (marketplace_id, set_id) do update set
          plan = excluded.plan, declared = excluded.declared, is_gone = false
        """,
        set_id=set_id,
        plan_id=plan_id,
        plan=plan,
        name=name,
        declared=Jsonb(declared),
    )


async def update_gone(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> None:
    """Sets of the plan that have other names than these are no longer in it."""
    await tx.execute(
        """
        update movement.sets
        set is_gone = true
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s
          and name <> all (%(names)s)
        """,
        plan_id=plan_id,
        names=list(names),
    )


async def find_set(tx: Transaction, set_id: UUID, *, lock: bool = False) -> DataSet | None:
    if lock:
        return await tx.one(
            DataSet,
            """
            select * from movement.sets
            where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
            for update
            """,
            set_id=set_id,
        )
    return await tx.one(
        DataSet,
        """
        select * from movement.sets
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        """,
        set_id=set_id,
    )


async def select_sets(
    tx: Transaction, plan_id: UUID | None, plan: str | None, *, with_gone: bool = False
) -> list[DataSet]:
    """Sets by plan and name; those that are no longer in it are left out, or come, too."""
    return await tx.all(
        DataSet,
        """
        select * from movement.sets
        where marketplace_id = %(marketplace_id)s
          and (not is_gone or %(with_gone)s)
          and (%(plan_id)s::uuid is null or plan_id = %(plan_id)s)
          and (%(plan)s::text is null or plan = %(plan)s)
        order by plan, name
        """,
        plan_id=plan_id,
        plan=plan,
        with_gone=with_gone,
    )


async def select_page(tx: Transaction, after: UUID | None, limit: int) -> list[DataSet]:
    return await tx.all(
        DataSet,
        """
        select * from movement.sets
        where marketplace_id = %(marketplace_id)s
          and not is_gone
          and (%(after)s::uuid is null or set_id > %(after)s)
        order by set_id
        limit %(limit)s
        """,
        after=after,
        limit=limit,
    )


async def update_wanted(tx: Transaction, set_id: UUID, wanted: str) -> int:
    """What a person asks of the mover; '' once it is done."""
    return await tx.execute(
        """
        update movement.sets
        set wanted = %(wanted)s
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        """,
        set_id=set_id,
        wanted=wanted,
    )


async def update_verification_wanted(tx: Transaction, set_id: UUID) -> int:
    """Compare everything anew, from the beginning."""
    return await tx.execute(
        """
        update movement.sets
        set verified_at = null, pass_cursor = null, pass_began_at = null
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        """,
        set_id=set_id,
    )


async def update_turned(tx: Transaction, set_id: UUID, phase: SetPhase) -> int:
    """The truth is on the other side from now on; a comparison begins anew.

    How far behind it is nobody knows until its mover has seen that.
    """
    return await tx.execute(
        """
        update movement.sets
        set
          phase = %(phase)s,
          turned_at = %(now)s,
          lag_rows = null,
          lag_s = null,
          lag_back_rows = null,
          lag_back_s = null,
          verified_at = null,
          pass_cursor = null,
          pass_began_at = null
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        """,
        set_id=set_id,
        phase=phase,
        now=tx.now,
    )


async def update_restarted(tx: Transaction, set_id: UUID) -> int:
    """Back to the beginning: everything is filled and compared anew."""
    return await tx.execute(
        """
        update movement.sets
        set
          phase = 'waiting',
          cursor = null,
          rows_done = 0,
          began_at = null,
          backfilled_at = null,
          tail = null,
          turned_at = null,
          verified_at = null,
          pass_cursor = null,
          pass_began_at = null
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        """,
        set_id=set_id,
    )


async def insert_replaced(
    tx: Transaction, set_id: UUID, epoch: int, declared: dict[str, Any]
) -> None:
    await tx.execute(
        """
        insert into movement.replaced (marketplace_id, set_id, epoch, declared)
        values (%(marketplace_id)s, %(set_id)s, %(epoch)s, %(declared)s)
        """,
        set_id=set_id,
        epoch=epoch,
        declared=Jsonb(declared),
    )


async def select_replaced(tx: Transaction, set_id: UUID) -> list[dict[str, Any]]:
    """What a set was declared as, as long as traces of that may be left."""
    rows = await tx.rows(
        """
        select declared from movement.replaced
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        order by epoch
        """,
        set_id=set_id,
    )
    return [declared for (declared,) in rows]


async def delete_replaced(tx: Transaction, set_id: UUID, epoch: int) -> int:
    """The traces of what earlier movers carried are taken away."""
    return await tx.execute(
        """
        delete from movement.replaced
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s and epoch < %(epoch)s
        """,
        set_id=set_id,
        epoch=epoch,
    )
