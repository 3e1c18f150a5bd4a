"""Rows that differ, that can't be written, or that both sides changed."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.movement.model import Finding
from banyan.runtime import Transaction


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
