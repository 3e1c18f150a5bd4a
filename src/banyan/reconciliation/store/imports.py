"""SQL of imports, statements, and how far our books were read."""

from datetime import datetime
from uuid import UUID

from banyan.reconciliation.model import Format, Import, Statement, StoredStatement
from banyan.runtime import Transaction


async def find_import_of(tx: Transaction, source: str, content_hash: str) -> Import | None:
    return await tx.one(
        Import,
        """
        select *
        from reconciliation.imports
        where marketplace_id = %(marketplace_id)s and source = %(source)s
          and content_hash = %(content_hash)s
        """,
        source=source,
        content_hash=content_hash,
    )


async def insert_import(
    tx: Transaction,
    import_id: UUID,
    *,
    file_format: Format,
    source: str,
    content_hash: str,
    size_bytes: int,
    lines: int,
    by: str,
) -> bool:
    """Whether it is new; another one with this content may be coming in at the same time."""
    touched = await tx.execute(
        """
        insert into reconciliation.imports
          (marketplace_id, import_id, format, source, content_hash, size_bytes, lines, repeated,
           imported_at, imported_by)
        values
          (%(marketplace_id)s, %(import_id)s, %(file_format)s, %(source)s, %(content_hash)s,
           %(size_bytes)s, %(lines)s, 0, %(now)s, %(by)s)
        on conflict (marketplace_id, source, content_hash) do nothing
        """,
        import_id=import_id,
        file_format=file_format,
        source=source,
        content_hash=content_hash,
        size_bytes=size_bytes,
        lines=lines,
        by=by,
        now=tx.now,
    )
    return touched == 1


async def note_repeated(tx: Transaction, import_id: UUID, repeated: int) -> None:
    await tx.execute(
        """
        update reconciliation.imports
        set repeated = %(repeated)s
        where marketplace_id = %(marketplace_id)s and import_id = %(import_id)s
        """,
        import_id=import_id,
        repeated=repeated,
    )


async def find_import(tx: Transaction, import_id: UUID) -> Import | None:
    return await tx.one(
        Import,
        """
        select *
        from reconciliation.imports
        where marketplace_id = %(marketplace_id)s and import_id = %(import_id)s
        """,
        import_id=import_id,
    )


async def select_imports(tx: Transaction, *, after: UUID | None, limit: int) -> list[Import]:
    """Imports, the newest first."""
    return await tx.all(
        Import,
        """
        select *
        from reconciliation.imports
        where marketplace_id = %(marketplace_id)s
          and (%(after)s::uuid is null or import_id < %(after)s)
        order by import_id desc
        limit %(limit)s
        """,
        after=after,
        limit=limit,
    )


async def insert_statement(
    tx: Transaction, statement_id: UUID, import_id: UUID, statement: Statement, content_hash: str
) -> bool:
    """Whether it is the first of this account and reference."""
    touched = await tx.execute(
        """
        insert into reconciliation.statements
          (marketplace_id, statement_id, import_id, account, reference, sequence, currency,
           opening_minor, closing_minor, from_on, until_on, content_hash)
        values
          (%(marketplace_id)s, %(statement_id)s, %(import_id)s, %(account)s, %(reference)s,
           %(sequence)s, %(currency)s, %(opening_minor)s, %(closing_minor)s, %(from_on)s,
           %(until_on)s, %(content_hash)s)
        on conflict (marketplace_id, account, reference) do nothing
        """,
        statement_id=statement_id,
        import_id=import_id,
        account=statement.account,
        reference=statement.reference,
        sequence=statement.sequence,
        currency=statement.currency,
        opening_minor=statement.opening_minor,
        closing_minor=statement.closing_minor,
        from_on=statement.from_on,
        until_on=statement.until_on,
        content_hash=content_hash,
    )
    return touched == 1


async def hash_of_statement(tx: Transaction, account: str, reference: str) -> str | None:
    return await tx.value(
        """
        select content_hash
        from reconciliation.statements
        where marketplace_id = %(marketplace_id)s and account = %(account)s
          and reference = %(reference)s
        """,
        account=account,
        reference=reference,
    )


async def find_statement(tx: Transaction, statement_id: UUID) -> StoredStatement | None:
    return await tx.one(
        StoredStatement,
        """
        select s.marketplace_id, s.statement_id, s.import_id, s.account, s.reference, s.sequence,
          s.currency, s.opening_minor, s.closing_minor, s.from_on, s.until_on,
          (s.opening_minor - coalesce(b.closing_minor, s.opening_minor)) as gap_minor
        from reconciliation.statements s
        left join lateral (
          select closing_minor
          from reconciliation.statements
          where marketplace_id = %(marketplace_id)s and account = s.account
            and currency = s.currency
            and (from_on, until_on, coalesce(sequence, 0), statement_id)
                < (s.from_on, s.until_on, coalesce(s.sequence, 0), s.statement_id)
          order by from_on desc, until_on desc, coalesce(sequence, 0) desc, statement_id desc
          limit 1
        ) b on true
        where s.marketplace_id = %(marketplace_id)s and s.statement_id = %(statement_id)s
        """,
        statement_id=statement_id,
    )


async def select_statements(
    tx: Transaction, *, account: str | None, after: UUID | None, limit: int
) -> list[StoredStatement]:
    """Statements, the newest first."""
    return await tx.all(
        StoredStatement,
        """
        select s.marketplace_id, s.statement_id, s.import_id, s.account, s.reference, s.sequence,
          s.currency, s.opening_minor, s.closing_minor, s.from_on, s.until_on,
          (s.opening_minor - coalesce(b.closing_minor, s.opening_minor)) as gap_minor
        from reconciliation.statements s
        left join lateral (
          select closing_minor
          from reconciliation.statements
          where marketplace_id = %(marketplace_id)s and account = s.account
            and currency = s.currency
            and (from_on, until_on, coalesce(sequence, 0), statement_id)
                < (s.from_on, s.until_on, coalesce(s.sequence, 0), s.statement_id)
          order by from_on desc, until_on desc, coalesce(sequence, 0) desc, statement_id desc
          limit 1
        ) b on true
        where s.marketplace_id = %(marketplace_id)s
          and (%(account)s::text is null or s.account = %(account)s)
          and (%(after)s::uuid is null or s.statement_id < %(after)s)
        order by s.statement_id desc
        limit %(limit)s
        """,
        account=account,
        after=after,
        limit=limit,
    )


async def gapped_statements(tx: Transaction) -> list[StoredStatement]:
    """Statements that don't begin with what the one before ended with."""
    return await tx.all(
        StoredStatement,
        """
        select s.*
        from (
          select marketplace_id, statement_id, import_id, account, reference, sequence, currency,
            opening_minor, closing_minor, from_on, until_on,
            opening_minor - lag(closing_minor, 1, opening_minor) over (
              partition by account, currency
              order by from_on, until_on, coalesce(sequence, 0), statement_id
            ) as gap_minor
          from reconciliation.statements
          where marketplace_id = %(marketplace_id)s
        ) s
        where s.gap_minor <> 0
        order by s.statement_id
        """,
    )


async def collected_at(tx: Transaction, provider: str) -> datetime | None:
    return await tx.value(
        """
        select collected_at
        from reconciliation.progress
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
        """,
        provider=provider,
    )


async def save_progress(tx: Transaction, provider: str, until: datetime) -> None:
    await tx.execute(
        """
        insert into reconciliation.progress (marketplace_id, provider, collected_at)
        values (%(marketplace_id)s, %(provider)s, %(until)s)
        on conflict (marketplace_id, provider) do update
        set collected_at = greatest(progress.collected_at, excluded.collected_at)
        """,
        provider=provider,
        until=until,
    )


async def lock_runs(tx: Transaction) -> None:
    """One run, match or undoing at a time in a marketplace."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))",
        lock=f"reconciliation:{tx.marketplace_id}",
    )
