"""SQL of the movement of data: one function, one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.movement.model import DataSet, Finding, SetPhase
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
          verified_at = null,
          pass_cursor = null,
          pass_began_at = null
        where marketplace_id = %(marketplace_id)s and set_id = %(set_id)s
        """,
        set_id=set_id,
    )


async def upsert_findings(tx: Transaction, findings: Sequence[Finding]) -> int:
    """Add findings, or see them again; how many are new or open again."""
    rows = await tx.rows(
        """
        insert into movement.findings as known
          (marketplace_id, set_id, flow, kind, key_hash, key, origin_key, columns, detail,
           found_at, last_at)
        select
          %(marketplace_id)s, new.set_id, new.flow, new.kind, new.key_hash, new.key,
          new.origin_key, string_to_array(new.columns, chr(31)), new.detail,
          %(now)s, %(now)s
        from unnest(
          %(set_ids)s::uuid[], %(flows)s::text[], %(kinds)s::text[], %(hashes)s::text[],
          %(keys)s::jsonb[], %(origin_keys)s::jsonb[], %(columns)s::text[], %(details)s::jsonb[]
        ) as new (set_id, flow, kind, key_hash, key, origin_key, columns, detail)
        on conflict (marketplace_id, set_id, flow, kind, key_hash) do update set
          detail = excluded.detail,
          columns = excluded.columns,
          attempts = known.attempts + 1,
          found_at = case when known.closed_at is null then known.found_at else excluded.found_at end,
          last_at = excluded.last_at,
          closed_at = null
        returning attempts = 1 or found_at = last_at
        """,
        set_ids=[one.set_id for one in findings],
        flows=[one.flow for one in findings],
        kinds=[one.kind for one in findings],
        hashes=[one.key_hash for one in findings],
        keys=[Jsonb(one.key) for one in findings],
        origin_keys=[Jsonb(one.origin_key) for one in findings],
        columns=[chr(31).join(one.columns) for one in findings],
        details=[Jsonb(one.detail) for one in findings],
        now=tx.now,
    )
    return sum(1 for (is_new,) in rows if is_new)


async def close_findings(
    tx: Transaction, set_id: UUID, flow: str, kinds: Sequence[str], hashes: Sequence[str]
) -> int:
    return await tx.execute(
        """
        update movement.findings
        set closed_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and flow = %(flow)s
          and kind = any (%(kinds)s)
          and key_hash = any (%(hashes)s)
          and closed_at is null
        """,
        set_id=set_id,
        flow=flow,
        kinds=list(kinds),
        hashes=list(hashes),
        now=tx.now,
    )


async def close_all_findings(tx: Transaction, set_id: UUID, kinds: Sequence[str]) -> int:
    return await tx.execute(
        """
        update movement.findings
        set closed_at = %(now)s
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and kind = any (%(kinds)s)
          and closed_at is null
        """,
        set_id=set_id,
        kinds=list(kinds),
        now=tx.now,
    )


async def select_findings(
    tx: Transaction,
    set_id: UUID,
    *,
    kinds: Sequence[str] | None = None,
    flow: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[Finding]:
    """Open findings of a set, by key."""
    return await tx.all(
        Finding,
        """
        select * from movement.findings
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and closed_at is null
          and (%(kinds)s::text[] is null or kind = any (%(kinds)s))
          and (%(flow)s::text is null or flow = %(flow)s)
          and (%(after)s::text is null or flow || kind || key_hash > %(after)s)
        order by flow || kind || key_hash
        limit %(limit)s
        """,
        set_id=set_id,
        kinds=None if kinds is None else list(kinds),
        flow=flow,
        after=after,
        limit=limit,
    )


async def count_findings(tx: Transaction) -> dict[tuple[UUID, str], int]:
    """How many findings of each set and kind are open."""
    rows = await tx.rows(
        """
        select set_id, kind, count(*)
        from movement.findings
        where marketplace_id = %(marketplace_id)s and closed_at is null
        group by set_id, kind
        """
    )
    return {(set_id, kind): count for set_id, kind, count in rows}


async def count_stuck(tx: Transaction, set_id: UUID, flow: str) -> int:
    """How many rows of one direction can't be written."""
    found = await tx.value(
        """
        select count(*)
        from movement.findings
        where marketplace_id = %(marketplace_id)s
          and set_id = %(set_id)s
          and flow = %(flow)s
          and kind = 'stuck'
          and closed_at is null
        """,
        set_id=set_id,
        flow=flow,
    )
    return int(found)
