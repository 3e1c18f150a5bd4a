"""How far a mover has come with its set. 0 rows: another mover has it by now."""

from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.movement.model import DataSet, SetPhase
from banyan.runtime import Transaction


async def update_epoch(tx: Transaction, set_id: UUID) -> DataSet | None:
    """A new mover begins: what the one before it still writes is refused.

    It isn't seen yet: one that dies again and again at its beginning must not look alive.
    """
    return await tx.one(
        DataSet,
        """
        update movement.sets
        set epoch = epoch + 1
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        returning *
        """,
        set_id=set_id,
    )


async def update_begun(
    tx: Transaction, set_id: UUID, epoch: int, rows_total: int | None, tail: object
) -> int:
    return await tx.execute(
        """
        update movement.sets
        set
          phase = 'backfilling',
          cursor = null,
          rows_done = 0,
          rows_total = %(rows_total)s,
          tail = coalesce(tail, %(tail)s),
          began_at = %(now)s,
          seen_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and epoch = %(epoch)s
          and phase = 'waiting'
        """,
        set_id=set_id,
        epoch=epoch,
        rows_total=rows_total,
        tail=Jsonb(tail),
        now=tx.now,
    )


async def update_filled(
    tx: Transaction, set_id: UUID, epoch: int, cursor: object, rows: int, *, is_done: bool
) -> int:
    """A chunk is at the target."""
    return await tx.execute(
        """
        update movement.sets
        set
          cursor = coalesce(%(cursor)s, cursor),
          rows_done = rows_done + %(rows)s,
          phase = case when %(is_done)s then 'following' else phase end,
          backfilled_at = case when %(is_done)s then %(now)s else backfilled_at end,
          seen_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and epoch = %(epoch)s
          and phase = 'backfilling'
        """,
        set_id=set_id,
        epoch=epoch,
        cursor=None if cursor is None else Jsonb(cursor),
        rows=rows,
        is_done=is_done,
        now=tx.now,
    )


async def update_carried(
    tx: Transaction,
    set_id: UUID,
    epoch: int,
    *,
    phase: SetPhase,
    carried: int,
    tail: object,
    lag: tuple[int | None, float | None],
    lag_back: tuple[int | None, float | None],
) -> int:
    """Changes were carried over, or there were none; the mover is alive either way.

    A lag that was looked at before the set turned round (``phase`` isn't its any more) says nothing.
    """
    return await tx.execute(
        """
        update movement.sets
        set
          carried = carried + %(carried)s,
          tail = coalesce(%(tail)s, tail),
          lag_rows = case when phase = %(phase)s then %(lag_rows)s::bigint end,
          lag_s = case when phase = %(phase)s then %(lag_s)s::double precision end,
          lag_back_rows = case when phase = %(phase)s then %(lag_back_rows)s::bigint end,
          lag_back_s = case when phase = %(phase)s then %(lag_back_s)s::double precision end,
          failure = '',
          seen_at = %(now)s
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s and epoch = %(epoch)s
        """,
        set_id=set_id,
        epoch=epoch,
        phase=phase,
        carried=carried,
        tail=None if tail is None else Jsonb(tail),
        lag_rows=lag[0],
        lag_s=lag[1],
        lag_back_rows=lag_back[0],
        lag_back_s=lag_back[1],
        now=tx.now,
    )


async def update_failure(tx: Transaction, set_id: UUID, epoch: int, failure: str) -> int:
    return await tx.execute(
        """
        update movement.sets
        set failure = %(failure)s
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s and epoch = %(epoch)s
        """,
        set_id=set_id,
        epoch=epoch,
        failure=failure,
    )


async def update_pass(
    tx: Transaction,
    set_id: UUID,
    epoch: int,
    *,
    phase: SetPhase,
    cursor: object,
    rows: int,
    begins: bool,
) -> int:
    """A part of a comparison is done; 0 if it was asked to begin anew, or turned, meanwhile."""
    return await tx.execute(
        """
        update movement.sets
        set
          pass_cursor = %(cursor)s,
          pass_rows = case when %(begins)s then 0 else pass_rows end + %(rows)s,
          pass_began_at = case when %(begins)s then %(now)s else pass_began_at end,
          seen_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and epoch = %(epoch)s
          and phase = %(phase)s
          and (%(begins)s or pass_began_at is not null)
        """,
        set_id=set_id,
        epoch=epoch,
        phase=phase,
        cursor=Jsonb(cursor),
        rows=rows,
        begins=begins,
        now=tx.now,
    )


async def update_verified(tx: Transaction, set_id: UUID, epoch: int, *, phase: SetPhase) -> int:
    """A comparison has seen every row; it proves what was so when it began.

    0 if it was asked to begin anew, or turned, meanwhile.
    """
    return await tx.execute(
        """
        update movement.sets
        set
          pass_cursor = null,
          pass_began_at = null,
          verified_at = pass_began_at,
          verified_rows = pass_rows,
          seen_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and epoch = %(epoch)s
          and phase = %(phase)s
          and pass_began_at is not null
        """,
        set_id=set_id,
        epoch=epoch,
        phase=phase,
        now=tx.now,
    )


async def update_settled(tx: Transaction, set_id: UUID, epoch: int, turned_at: datetime) -> int:
    """A return is over: the source has everything. 0 if rows can't be written there, or it was turned
    again meanwhile."""
    return await tx.execute(
        """
        update movement.sets as one
        set turned_at = null
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and epoch = %(epoch)s
          and phase = 'following'
          and turned_at = %(turned_at)s
          and not exists (
            select from movement.findings as stuck
            where stuck.marketplace_id = one.marketplace_id
              and stuck.set_id = one.set_id
              and stuck.flow = 'reverse'
              and stuck.kind = 'stuck'
              and stuck.closed_at is null
          )
        """,
        set_id=set_id,
        epoch=epoch,
        turned_at=turned_at,
    )
