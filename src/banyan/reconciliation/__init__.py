"""Three-way reconciliation: our books, the providers' settlement reports, the bank's statements.

    import_report(tx, provider, format, content, by=…) -> Import
    import_statements(tx, content, by=…) -> Import           camt.053 or MT940
    run(tx) -> Run                     collects our books, matches, opens and closes breaks
    match_by_hand(tx, line_ids, note=…, by=…) -> Match
    undo_match(tx, match_id, reason=…, by=…) -> Match        what it has booked is reversed

A run is enqueued by every import and every night. What it can't explain is a case in the queue
``reconciliation``. ``compare`` is the matching engine, a pure function.
"""

from banyan.reconciliation.errors import (
    ImportNotFound,
    LineNotFound,
    LineNotOpen,
    LinesDontMatch,
    MalformedReport,
    MatchNotActive,
    MatchNotFound,
    StatementDiffers,
    StatementNotFound,
    UnknownFormat,
)
from banyan.reconciliation.formats import read_report, read_statements, statement_format
from banyan.reconciliation.model import (
    BREAK,
    IMPORT,
    LINE,
    MATCH,
    STATEMENT,
    Break,
    BreakKind,
    Comparison,
    Format,
    Import,
    Line,
    LineState,
    LineType,
    Match,
    OpenAge,
    Outcome,
    Proposal,
    Rates,
    ReadLine,
    Run,
    Side,
    Standing,
    StoredBreak,
    StoredLine,
    StoredStatement,
    Tolerance,
    ToleranceRule,
)
from banyan.reconciliation.rules import Tolerances, compare
from banyan.reconciliation.service.breaks import list_breaks
from banyan.reconciliation.service.imports import (
    get_statement,
    import_report,
    import_statements,
    list_imports,
    list_statements,
)
from banyan.reconciliation.service.matches import (
    get_match,
    lines_of,
    list_matches,
    match_by_hand,
    undo_match,
)
from banyan.reconciliation.service.reading import (
    get_line,
    lines_by_id,
    list_lines,
    list_tolerances,
    open_ages,
    set_tolerance,
    standings,
)
from banyan.reconciliation.service.running import run

__all__ = [
    "BREAK",
    "IMPORT",
    "LINE",
    "MATCH",
    "STATEMENT",
    "Break",
    "BreakKind",
    "Comparison",
    "Format",
    "Import",
    "ImportNotFound",
    "Line",
    "LineNotFound",
    "LineNotOpen",
    "LineState",
    "LineType",
    "LinesDontMatch",
    "MalformedReport",
    "Match",
    "MatchNotActive",
    "MatchNotFound",
    "OpenAge",
    "Outcome",
    "Proposal",
    "Rates",
    "ReadLine",
    "Run",
    "Side",
    "Standing",
    "StatementDiffers",
    "StatementNotFound",
    "StoredBreak",
    "StoredLine",
    "StoredStatement",
    "Tolerance",
    "ToleranceRule",
    "Tolerances",
    "UnknownFormat",
    "compare",
    "get_line",
    "get_match",
    "get_statement",
    "import_report",
    "import_statements",
    "lines_by_id",
    "lines_of",
    "list_breaks",
    "list_imports",
    "list_lines",
    "list_matches",
    "list_statements",
    "list_tolerances",
    "match_by_hand",
    "open_ages",
    "read_report",
    "read_statements",
    "run",
    "set_tolerance",
    "standings",
    "statement_format",
    "undo_match",
]
