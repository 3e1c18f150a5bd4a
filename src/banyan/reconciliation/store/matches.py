"""SQL of matches, breaks and tolerances."""

from collections.abc import Collection, Sequence
from uuid import UUID

from banyan.reconciliation.model import (
    BreakKind,
    Comparison,
    Match,
    StoredBreak,
    Tolerance,
    ToleranceRule,
)
from banyan.runtime import Transaction


async def insert_matches(tx: Transaction, matches: Sequence[Match]) -> None:
    await tx.execute(
        """
        insert into reconciliation.matches
          (marketplace_id, match_id, comparison, rule, confidence, reason, difference_minor, currency,
           settlement_id, made_at, made_by)
        select
          %(marketplace_id)s, new.match_id, new.comparison, new.rule, new.confidence, new.reason,
          new.difference_minor, new.currency, new.settlement_id, %(now)s, new.made_by
        from unnest(
          %(match_ids)s::uuid[], %(comparisons)s::text[], %(rules)s::text[], %(confidences)s::int[],
          %(reasons)s::text[], %(differences)s::bigint[], %(currencies)s::text[],
          %(settlement_ids)s::uuid[], %(made_by)s::text[]
        ) as new (match_id, comparison, rule, confidence, reason, difference_minor, currency,
                  settlement_id, made_by)
        """,
        now=tx.now,
        match_ids=[match.match_id for match in matches],
        comparisons=[match.comparison for match in matches],
        rules=[match.rule for match in matches],
        confidences=[match.confidence for match in matches],
        reasons=[match.reason for match in matches],
        differences=[match.difference_minor for match in matches],
        currencies=[match.currency for match in matches],
        settlement_ids=[match.settlement_id for match in matches],
        made_by=[match.made_by for match in matches],
    )


async def insert_match_lines(
    tx: Transaction, match_ids: Sequence[UUID], line_ids: Sequence[UUID]
) -> None:
    await tx.execute(
        """
        insert into reconciliation.match_lines (marketplace_id, match_id, line_id)
        select %(marketplace_id)s, new.match_id, new.line_id
        from unnest(%(match_ids)s::uuid[], %(line_ids)s::uuid[]) as new (match_id, line_id)
        """,
        match_ids=list(match_ids),
        line_ids=list(line_ids),
    )


async def find_match(tx: Transaction, match_id: UUID) -> Match | None:
    return await tx.one(
        Match,
        """
        select *
        from reconciliation.matches
        where marketplace_id = %(marketplace_id)s and match_id = %(match_id)s
        """,
        match_id=match_id,
    )


async def line_ids_of(tx: Transaction, match_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    rows = await tx.rows(
        """
        select match_id, array_agg(line_id order by line_id)
        from reconciliation.match_lines
        where marketplace_id = %(marketplace_id)s and match_id = any(%(match_ids)s)
        group by match_id
        """,
        match_ids=list(match_ids),
    )
    return {row[0]: row[1] for row in rows}


async def undone_sets(tx: Transaction) -> dict[frozenset[UUID], str]:
    """Sets of lines, all open now, that a person took apart; with who and why."""
    rows = await tx.rows(
        """
        select array_agg(l.line_id), m.undone_by, m.undone_reason
        from reconciliation.matches m
        join reconciliation.match_lines ml on ml.marketplace_id = %(marketplace_id)s
          and ml.match_id = m.match_id
        join reconciliation.lines l on l.marketplace_id = %(marketplace_id)s
          and l.line_id = ml.line_id
        where m.marketplace_id = %(marketplace_id)s and m.undone_at is not null
        group by m.match_id, m.undone_by, m.undone_reason
        having bool_and(l.match_id is null)
        """
    )
    return {frozenset(row[0]): f"{row[1]}: {row[2]}" for row in rows}


async def select_matches(
    tx: Transaction,
    *,
    comparison: Comparison | None,
    is_active: bool | None,
    after: UUID | None,
    limit: int,
) -> list[Match]:
    """Matches, the newest first."""
    return await tx.all(
        Match,
        """
        select *
        from reconciliation.matches
        where marketplace_id = %(marketplace_id)s
          and (%(comparison)s::text is null or comparison = %(comparison)s)
          and (%(is_active)s::bool is null or (undone_at is null) = %(is_active)s)
          and (%(after)s::uuid is null or match_id < %(after)s)
        order by match_id desc
        limit %(limit)s
        """,
        comparison=comparison,
        is_active=is_active,
        after=after,
        limit=limit,
    )


async def mark_undone(tx: Transaction, match_id: UUID, by: str, reason: str) -> Match | None:
    return await tx.one(
        Match,
        """
        update reconciliation.matches
        set undone_at = %(now)s, undone_by = %(by)s, undone_reason = %(reason)s
        where marketplace_id = %(marketplace_id)s and match_id = %(match_id)s and undone_at is null
        returning *
        """,
        match_id=match_id,
        by=by,
        reason=reason,
        now=tx.now,
    )


async def insert_breaks(tx: Transaction, breaks: Sequence[StoredBreak]) -> None:
    await tx.execute(
        """
        insert into reconciliation.breaks
          (marketplace_id, break_id, line_id, other_line_id, kind, reason, at_risk_minor, currency,
           source, line_on, opened_at)
        select
          %(marketplace_id)s, new.break_id, new.line_id, new.other_line_id, new.kind, new.reason,
          new.at_risk_minor, new.currency, new.source, new.line_on, %(now)s
        from unnest(
          %(break_ids)s::uuid[], %(line_ids)s::uuid[], %(other_line_ids)s::uuid[], %(kinds)s::text[],
          %(reasons)s::text[], %(at_risk)s::bigint[], %(currencies)s::text[], %(sources)s::text[],
          %(days)s::date[]
        ) as new (break_id, line_id, other_line_id, kind, reason, at_risk_minor, currency, source,
                  line_on)
        """,
        now=tx.now,
        break_ids=[one.break_id for one in breaks],
        line_ids=[one.line_id for one in breaks],
        other_line_ids=[one.other_line_id for one in breaks],
        kinds=[one.kind for one in breaks],
        reasons=[one.reason for one in breaks],
        at_risk=[one.at_risk_minor for one in breaks],
        currencies=[one.currency for one in breaks],
        sources=[one.source for one in breaks],
        days=[one.line_on for one in breaks],
    )


async def open_breaks(tx: Transaction) -> list[StoredBreak]:
    return await tx.all(
        StoredBreak,
        """
        select *
        from reconciliation.breaks
        where marketplace_id = %(marketplace_id)s and closed_at is null
        order by break_id
        """,
    )


async def find_break(tx: Transaction, break_id: UUID) -> StoredBreak | None:
    return await tx.one(
        StoredBreak,
        """
        select *
        from reconciliation.breaks
        where marketplace_id = %(marketplace_id)s and break_id = %(break_id)s
        """,
        break_id=break_id,
    )


async def select_breaks(
    tx: Transaction,
    *,
    kind: BreakKind | None,
    is_open: bool,
    after: UUID | None,
    limit: int,
) -> list[StoredBreak]:
    """Breaks, the newest first."""
    return await tx.all(
        StoredBreak,
        """
        select *
        from reconciliation.breaks
        where marketplace_id = %(marketplace_id)s
          and (%(kind)s::text is null or kind = %(kind)s)
          and (closed_at is null) = %(is_open)s
          and (%(after)s::uuid is null or break_id < %(after)s)
        order by break_id desc
        limit %(limit)s
        """,
        kind=kind,
        is_open=is_open,
        after=after,
        limit=limit,
    )


async def close_breaks(tx: Transaction, break_ids: Collection[UUID]) -> None:
    await tx.execute(
        """
        update reconciliation.breaks
        set closed_at = %(now)s
        where marketplace_id = %(marketplace_id)s and break_id = any(%(break_ids)s)
          and closed_at is null
        """,
        break_ids=list(break_ids),
        now=tx.now,
    )


async def select_tolerances(tx: Transaction) -> list[ToleranceRule]:
    rows = await tx.rows(
        """
        select comparison, nullif(source, ''), nullif(type, ''), amount_minor, fee_minor, days,
          wait_days, fx_bp, write_off_minor
        from reconciliation.tolerances
        where marketplace_id = %(marketplace_id)s
        order by comparison, source, type
        """
    )
    return [
        ToleranceRule(
            comparison=row[0],
            source=row[1],
            type=row[2],
            tolerance=Tolerance(
                amount_minor=row[3], fee_minor=row[4], days=row[5], wait_days=row[6], fx_bp=row[7],
                write_off_minor=row[8],
            ),
        )
        for row in rows
    ]  # fmt: skip


async def save_tolerance(tx: Transaction, rule: ToleranceRule) -> None:
    tolerance = rule.tolerance
    await tx.execute(
        """
        insert into reconciliation.tolerances
          (marketplace_id, comparison, source, type, amount_minor, fee_minor, days, wait_days, fx_bp,
           write_off_minor)
        values
          (%(marketplace_id)s, %(comparison)s, %(source)s, %(line_type)s, %(amount_minor)s,
           %(fee_minor)s, %(days)s, %(wait_days)s, %(fx_bp)s, %(write_off_minor)s)
        on conflict (marketplace_id, comparison, source, type) do update
        set amount_minor = excluded.amount_minor, fee_minor = excluded.fee_minor,
          days = excluded.days, wait_days = excluded.wait_days, fx_bp = excluded.fx_bp,
          write_off_minor = excluded.write_off_minor
        """,
        comparison=rule.comparison,
        source=rule.source or "",
        line_type=rule.type or "",
        amount_minor=tolerance.amount_minor,
        fee_minor=tolerance.fee_minor,
        days=tolerance.days,
        wait_days=tolerance.wait_days,
        fx_bp=tolerance.fx_bp,
        write_off_minor=tolerance.write_off_minor,
    )
