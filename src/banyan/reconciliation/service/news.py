"""The events of reconciliation."""

from banyan.kernel import Money
from banyan.reconciliation.model import (
    BREAK,
    IMPORT,
    LINE,
    MATCH,
    Import,
    Match,
    ReadStatement,
    StoredBreak,
)
from banyan.runtime import Event, Json


def amount(money: Money) -> Json:
    return {"amount": money.minor, "currency": money.currency.code}


def report_imported(one: Import) -> Event:
    payload: dict[str, Json] = {
        "format": one.format, "provider": one.source, "lines": one.lines, "repeated": one.repeated,
    }  # fmt: skip
    return Event("report.imported", IMPORT.text(one.import_id), payload)


def statement_imported(statement_id: str, read: ReadStatement) -> Event:
    statement = read.statement
    payload: dict[str, Json] = {
        "account": statement.account,
        "reference": statement.reference,
        "lines": len(read.lines),
        "opening": amount(Money.of(statement.opening_minor, statement.currency)),
        "closing": amount(Money.of(statement.closing_minor, statement.currency)),
    }
    return Event("statement.imported", statement_id, payload)


def match_made(match: Match, line_ids: list[str]) -> Event:
    return Event("match.made", MATCH.text(match.match_id), _about(match, line_ids, match.reason))


def match_undone(match: Match, line_ids: list[str]) -> Event:
    return Event(
        "match.undone",
        MATCH.text(match.match_id),
        _about(match, line_ids, match.undone_reason or "") | {"by": match.undone_by},
    )


def break_opened(one: StoredBreak) -> Event:
    return Event("break.opened", BREAK.text(one.break_id), _what(one))


def break_closed(one: StoredBreak) -> Event:
    return Event("break.closed", BREAK.text(one.break_id), _what(one))


def _about(match: Match, line_ids: list[str], reason: str) -> dict[str, Json]:
    return {
        "comparison": match.comparison,
        "rule": match.rule,
        "confidence": match.confidence,
        "lines": line_ids,
        "difference": amount(match.difference),
        "reason": reason,
    }


def _what(one: StoredBreak) -> dict[str, Json]:
    return {
        "kind": one.kind,
        "line": LINE.text(one.line_id),
        "other": one.other_line_id and LINE.text(one.other_line_id),
        "source": one.source,
        "at_risk": amount(one.at_risk),
        "reason": one.reason,
    }
