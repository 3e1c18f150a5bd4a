"""SQL of lines."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from banyan.reconciliation.model import LineType, OpenAge, ReadLine, Side, Standing, StoredLine
from banyan.runtime import Transaction


async def insert_lines(
    tx: Transaction,
    line_ids: Sequence[UUID],
    lines: Sequence[ReadLine],
    *,
    side: Side,
    source: str,
    import_id: UUID | None,
    statement_id: UUID | None = None,
) -> int:
    """Add those whose name is new; how many that are."""
    return await tx.execute(
        """
        insert into reconciliation.lines
          (marketplace_id, line_id, side, source, name, type, "on", currency, gross_minor, fee_minor,
           key, reference, "group", batch, text, original_minor, original_currency, import_id,
           statement_id, created_at)
        select
          %(marketplace_id)s, new.line_id, %(side)s, %(source)s, new.name, new.type, new.happened_on,
          new.currency, new.gross_minor, new.fee_minor, new.key, new.reference, new.about, new.batch,
          new.words, new.original_minor, new.original_currency, %(import_id)s::uuid,
          %(statement_id)s::uuid, %(now)s
        from unnest(
          %(line_ids)s::uuid[], %(names)s::text[], %(types)s::text[], %(days)s::date[],
          %(currencies)s::text[], %(gross)s::bigint[], %(fees)s::bigint[], %(keys)s::text[],
          %(references)s::text[], %(groups)s::text[], %(batches)s::text[], %(words)s::text[],
          %(originals)s::bigint[], %(original_currencies)s::text[]
        ) as new (line_id, name, type, happened_on, currency, gross_minor, fee_minor, key, reference,
                  about, batch, words, original_minor, original_currency)
        on conflict (marketplace_id, side, source, name) do nothing
        """,
        side=side,
        source=source,
        import_id=import_id,
        statement_id=statement_id,
        now=tx.now,
        line_ids=list(line_ids),
        names=[line.name for line in lines],
        types=[line.type for line in lines],
        days=[line.on for line in lines],
        currencies=[line.currency for line in lines],
        gross=[line.gross_minor for line in lines],
        fees=[line.fee_minor for line in lines],
        keys=[line.key for line in lines],
        references=[line.reference for line in lines],
        groups=[line.group for line in lines],
        batches=[line.batch for line in lines],
        words=[line.text for line in lines],
        originals=[line.original_minor for line in lines],
        original_currencies=[line.original_currency for line in lines],
    )


async def select_open(tx: Transaction) -> list[StoredLine]:
    """Every line that no match has."""
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s and match_id is null
        order by line_id
        """,
    )


async def select_matched_named(
    tx: Transaction, side: Side, names: Collection[str]
) -> list[StoredLine]:
    """Matched lines of a side that go by one of these names."""
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s and side = %(side)s and match_id is not null
          and (key = any(%(names)s) or reference = any(%(names)s))
        order by line_id
        """,
        side=side,
        names=list(names),
    )


async def select_matched_settlements(tx: Transaction, since: date) -> list[StoredLine]:
    """What providers paid to the bank since a day, and a match has."""
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s and side = 'provider' and type = 'settlement'
          and match_id is not null and "on" >= %(since)s
        order by line_id
        """,
        since=since,
    )


async def select_matched_attempts(tx: Transaction, since: date) -> list[StoredLine]:
    """The bank's lines since a day that may name attempts of ours, and a match has."""
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s and side = 'bank' and match_id is not null
          and "on" >= %(since)s and (key ilike 'att%%' or reference ilike 'att%%' or text ilike '%%att%%')
        order by line_id
        """,
        since=since,
    )


async def lock_lines(tx: Transaction, line_ids: Collection[UUID]) -> list[StoredLine]:
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s and line_id = any(%(line_ids)s)
        order by line_id
        for no key update
        """,
        line_ids=list(line_ids),
    )


async def lines_by_id(tx: Transaction, line_ids: Collection[UUID]) -> list[StoredLine]:
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s and line_id = any(%(line_ids)s)
        order by line_id
        """,
        line_ids=list(line_ids),
    )


async def select_lines(
    tx: Transaction,
    *,
    side: Side | None,
    line_type: LineType | None,
    source: str | None,
    is_open: bool | None,
    statement_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[StoredLine]:
    """Lines, the newest first."""
    return await tx.all(
        StoredLine,
        """
        select marketplace_id, line_id, side, source, type, "on", currency, gross_minor, fee_minor,
          key, reference, "group", batch, text, original_minor, original_currency, import_id,
          statement_id, match_id, broken_times, wait_until, created_at
        from reconciliation.lines
        where marketplace_id = %(marketplace_id)s
          and (%(side)s::text is null or side = %(side)s)
          and (%(line_type)s::text is null or type = %(line_type)s)
          and (%(source)s::text is null or source = %(source)s)
          and (%(is_open)s::bool is null or (match_id is null) = %(is_open)s)
          and (%(statement_id)s::uuid is null or statement_id = %(statement_id)s)
          and (%(after)s::uuid is null or line_id < %(after)s)
        order by line_id desc
        limit %(limit)s
        """,
        side=side,
        line_type=line_type,
        source=source,
        is_open=is_open,
        statement_id=statement_id,
        after=after,
        limit=limit,
    )


async def put_in_matches(
    tx: Transaction, line_ids: Sequence[UUID], match_ids: Sequence[UUID]
) -> None:
    await tx.execute(
        """
        update reconciliation.lines l
        set match_id = new.match_id, wait_until = null
        from unnest(%(line_ids)s::uuid[], %(match_ids)s::uuid[]) as new (line_id, match_id)
        where l.marketplace_id = %(marketplace_id)s and l.line_id = new.line_id
        """,
        line_ids=list(line_ids),
        match_ids=list(match_ids),
    )


async def take_out_of_match(tx: Transaction, match_id: UUID) -> None:
    await tx.execute(
        """
        update reconciliation.lines
        set match_id = null
        where marketplace_id = %(marketplace_id)s and match_id = %(match_id)s
        """,
        match_id=match_id,
    )


async def count_broken(tx: Transaction, line_ids: Collection[UUID]) -> None:
    """Each of these lines is in one more break."""
    await tx.execute(
        """
        update reconciliation.lines
        set broken_times = broken_times + 1
        where marketplace_id = %(marketplace_id)s and line_id = any(%(line_ids)s)
        """,
        line_ids=list(line_ids),
    )


async def wait_with(tx: Transaction, line_id: UUID, until: date) -> None:
    await tx.execute(
        """
        update reconciliation.lines
        set wait_until = %(until)s
        where marketplace_id = %(marketplace_id)s and line_id = %(line_id)s
        """,
        line_id=line_id,
        until=until,
    )


async def end_waiting(tx: Transaction, line_ids: Collection[UUID]) -> None:
    await tx.execute(
        """
        update reconciliation.lines
        set wait_until = null
        where marketplace_id = %(marketplace_id)s and line_id = any(%(line_ids)s)
        """,
        line_ids=list(line_ids),
    )


async def unbalanced_batches(tx: Transaction, since: date) -> list[tuple[UUID, int]]:
    """Settlements whose batch adds up to something else, with what it adds up to."""
    rows = await tx.rows(
        """
        select s.line_id, b.total
        from reconciliation.lines s
        cross join lateral (
          select sum(l.gross_minor - l.fee_minor)::bigint as total
          from reconciliation.lines l
          where l.marketplace_id = %(marketplace_id)s and l.batch = s.batch and l.source = s.source
            and l.side = 'provider' and l.type <> 'settlement' and l.currency = s.currency
        ) b
        where s.marketplace_id = %(marketplace_id)s and s.side = 'provider'
          and s.type = 'settlement' and s.batch <> '' and s."on" >= %(since)s
          and b.total <> s.gross_minor - s.fee_minor
        order by s.line_id
        """,
        since=since,
    )
    return [(row[0], row[1]) for row in rows]


async def open_ages(tx: Transaction) -> list[OpenAge]:
    return await tx.all(
        OpenAge,
        """
        select side, source, currency,
          count(*) filter (where age <= 3) as days,
          count(*) filter (where age > 3 and age <= 7) as week,
          count(*) filter (where age > 7 and age <= 30) as month,
          count(*) filter (where age > 30) as older
        from (
          select l.side, l.source, l.currency, %(today)s::date - l."on" as age
          from reconciliation.lines l
          where l.marketplace_id = %(marketplace_id)s and l.match_id is null
        ) waiting
        group by side, source, currency
        """,
        today=tx.now.date(),
    )


async def standings(tx: Transaction) -> list[Standing]:
    return await tx.all(
        Standing,
        """
        select l.side, l.source, l.currency,
          count(*) filter (where l.match_id is not null) as matched,
          count(*) filter (where l.match_id is null) as open,
          coalesce(sum(l.gross_minor - l.fee_minor) filter (where l.match_id is null), 0)::bigint
            as open_net_minor,
          min(l."on") filter (where l.match_id is null) as oldest_open_on,
          count(b.break_id) as breaks,
          coalesce(sum(b.at_risk_minor), 0)::bigint as at_risk_minor
        from reconciliation.lines l
        left join reconciliation.breaks b on b.marketplace_id = %(marketplace_id)s
          and b.line_id = l.line_id and b.closed_at is null
        where l.marketplace_id = %(marketplace_id)s
        group by l.side, l.source, l.currency
        order by l.side, l.source, l.currency
        """,
    )
