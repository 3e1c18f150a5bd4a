"""Taking in files of providers and banks: whole or not at all, and once."""

import hashlib
from uuid import UUID

import msgspec

from banyan.kernel import Page, id_of_cursor, new_id, page_of
from banyan.payments import check_provider
from banyan.reconciliation import formats
from banyan.reconciliation.errors import ImportNotFound, StatementDiffers, StatementNotFound
from banyan.reconciliation.model import (
    IMPORT,
    STATEMENT,
    Format,
    Import,
    ReadStatement,
    StoredStatement,
)
from banyan.reconciliation.service import news
from banyan.reconciliation.store import imports as store
from banyan.reconciliation.store import lines as lines_store
from banyan.runtime import JobDraft, Transaction

RUN_JOB = "reconciliation.run"


async def import_report(
    tx: Transaction, provider: str, report_format: Format, content: bytes, *, by: str
) -> Import:
    """Take in a provider's settlement report, and see to a run.

    The same file again is the import that it was; a line that came in another file before is not
    taken twice. ``MalformedReport``, ``UnknownFormat``; ``ConnectionNotFound`` if no provider of this
    name is connected or was ever used.
    """
    await check_provider(tx, provider)
    read = formats.read_report(report_format, content)
    begun = await _begin(tx, report_format, provider, content, len(read), by)
    if isinstance(begun, Import):
        return begun
    ids = [new_id(tx.now) for _ in read]
    added = await lines_store.insert_lines(
        tx, ids, read, side="provider", source=provider, import_id=begun
    )
    made = await _finish(tx, begun, len(read) - added)
    await tx.record(news.report_imported(made))
    return made


async def import_statements(tx: Transaction, content: bytes, *, by: str) -> Import:
    """Take in a file of bank statements (camt.053 or MT940), and see to a run.

    A statement that came before is passed over; one of the same number with other content is refused
    with ``StatementDiffers``, and so is the file. ``MalformedReport``.
    """
    statements = formats.read_statements(content)
    count = sum(len(one.lines) for one in statements)
    begun = await _begin(tx, formats.statement_format(content), "", content, count, by)
    if isinstance(begun, Import):
        return begun
    repeated = 0
    for one in statements:
        repeated += await _import_statement(tx, begun, one)
    return await _finish(tx, begun, repeated)


async def _import_statement(tx: Transaction, import_id: UUID, read: ReadStatement) -> int:
    """How many lines of it had come before."""
    statement, statement_id = read.statement, new_id(tx.now)
    content_hash = _hash(msgspec.json.encode((statement, read.lines)))
    if not await store.insert_statement(tx, statement_id, import_id, statement, content_hash):
        known = await store.hash_of_statement(tx, statement.account, statement.reference)
        if known != content_hash:
            raise StatementDiffers(
                f"Statement {statement.reference} of {statement.account} was imported with other "
                "content before."
            )
        return len(read.lines)
    await lines_store.insert_lines(
        tx,
        [new_id(tx.now) for _ in read.lines],
        read.lines,
        side="bank",
        source=statement.account,
        import_id=import_id,
        statement_id=statement_id,
    )
    await tx.record(news.statement_imported(STATEMENT.text(statement_id), read))
    return 0


async def _begin(
    tx: Transaction, file_format: Format, source: str, content: bytes, lines: int, by: str
) -> UUID | Import:
    """The id of a new import, or the import that this content was before."""
    import_id, content_hash = new_id(tx.now), _hash(content)
    is_new = await store.insert_import(
        tx, import_id, file_format=file_format, source=source, content_hash=content_hash,
        size_bytes=len(content), lines=lines, by=by,
    )  # fmt: skip
    if is_new:
        return import_id
    known = await store.find_import_of(tx, source, content_hash)
    assert known is not None, "it is in the way"
    return known


async def _finish(tx: Transaction, import_id: UUID, repeated: int) -> Import:
    await store.note_repeated(tx, import_id, repeated)
    await tx.enqueue(JobDraft(RUN_JOB, "run"))
    return await get_import(tx, import_id)


async def get_import(tx: Transaction, import_id: UUID) -> Import:
    found = await store.find_import(tx, import_id)
    if found is None:
        raise ImportNotFound(f"There is no import {IMPORT.text(import_id)}.")
    return found


async def list_imports(tx: Transaction, *, limit: int, cursor: str | None = None) -> Page[Import]:
    """Imports, the newest first."""
    rows = await store.select_imports(tx, after=id_of_cursor(cursor), limit=limit + 1)
    return page_of(rows, limit, lambda one: one.import_id)


async def get_statement(tx: Transaction, statement_id: UUID) -> StoredStatement:
    found = await store.find_statement(tx, statement_id)
    if found is None:
        raise StatementNotFound(f"There is no statement {STATEMENT.text(statement_id)}.")
    return found


async def list_statements(
    tx: Transaction, *, account: str | None = None, limit: int, cursor: str | None = None
) -> Page[StoredStatement]:
    """Statements, the newest first."""
    rows = await store.select_statements(
        tx, account=account, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda one: one.statement_id)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
