"""Records of reconciliation as the API shows them."""

from datetime import date

from banyan.kernel import Money
from banyan.reconciliation.api.shapes import (
    BankStatementView,
    BreakView,
    ImportView,
    MatchView,
    ReconciliationLineView,
    StandingView,
    ToleranceView,
)
from banyan.reconciliation.model import (
    BREAK,
    IMPORT,
    LINE,
    MATCH,
    STATEMENT,
    Import,
    Match,
    Standing,
    StoredBreak,
    StoredLine,
    StoredStatement,
    ToleranceRule,
)
from banyan.runtime.http import Amount


def import_view(one: Import, *, livemode: bool) -> ImportView:
    return ImportView(
        id=IMPORT.text(one.import_id),
        livemode=livemode,
        format=one.format,
        provider=one.source or None,
        size_bytes=one.size_bytes,
        lines=one.lines,
        repeated=one.repeated,
        imported_at=one.imported_at,
        imported_by=one.imported_by,
    )


def statement_view(one: StoredStatement, *, livemode: bool) -> BankStatementView:
    def amount(minor: int) -> Amount:
        return Amount.of(Money.of(minor, one.currency))

    return BankStatementView(
        id=STATEMENT.text(one.statement_id),
        livemode=livemode,
        import_id=IMPORT.text(one.import_id),
        account=one.account,
        reference=one.reference,
        sequence=one.sequence,
        from_on=one.from_on,
        until_on=one.until_on,
        opening=amount(one.opening_minor),
        closing=amount(one.closing_minor),
        gap=amount(one.gap_minor),
    )


def line_view(line: StoredLine, *, livemode: bool) -> ReconciliationLineView:
    return ReconciliationLineView(
        id=LINE.text(line.line_id),
        livemode=livemode,
        state=line.state,
        side=line.side,
        source=line.source,
        type=line.type,
        on=line.on,
        gross=Amount.of(line.gross),
        fee=Amount.of(Money.of(line.fee_minor, line.currency)),
        net=Amount.of(line.net),
        key=line.key,
        reference=line.reference,
        payment=line.group,
        batch=line.batch,
        text=line.text,
        match=line.match_id and MATCH.text(line.match_id),
        import_id=line.import_id and IMPORT.text(line.import_id),
        statement=line.statement_id and STATEMENT.text(line.statement_id),
    )


def match_view(match: Match, *, livemode: bool, lines: list[StoredLine] | None = None) -> MatchView:
    return MatchView(
        id=MATCH.text(match.match_id),
        livemode=livemode,
        state="active" if match.is_active else "undone",
        comparison=match.comparison,
        rule=match.rule,
        confidence=match.confidence,
        reason=match.reason,
        difference=Amount.of(match.difference),
        made_at=match.made_at,
        made_by=match.made_by,
        undone_at=match.undone_at,
        undone_by=match.undone_by,
        undone_reason=match.undone_reason,
        lines=None if lines is None else [line_view(line, livemode=livemode) for line in lines],
    )


def break_view(one: StoredBreak, today: date, *, livemode: bool) -> BreakView:
    return BreakView(
        id=BREAK.text(one.break_id),
        livemode=livemode,
        state="open" if one.closed_at is None else "closed",
        kind=one.kind,
        line=LINE.text(one.line_id),
        other=one.other_line_id and LINE.text(one.other_line_id),
        source=one.source,
        reason=one.reason,
        at_risk=Amount.of(one.at_risk),
        age_days=(today - one.line_on).days,
        opened_at=one.opened_at,
        closed_at=one.closed_at,
    )


def standing_view(one: Standing, today: date, *, livemode: bool) -> StandingView:
    oldest = one.oldest_open_on
    return StandingView(
        livemode=livemode,
        side=one.side,
        source=one.source,
        matched=one.matched,
        open=one.open,
        open_net=Amount.of(Money.of(one.open_net_minor, one.currency)),
        oldest_open_on=oldest,
        oldest_open_days=None if oldest is None else (today - oldest).days,
        breaks=one.breaks,
        at_risk=Amount.of(Money.of(one.at_risk_minor, one.currency)),
    )


def tolerance_view(rule: ToleranceRule, *, livemode: bool) -> ToleranceView:
    tolerance = rule.tolerance
    return ToleranceView(
        livemode=livemode,
        comparison=rule.comparison,
        source=rule.source,
        type=rule.type,
        amount_minor=tolerance.amount_minor,
        fee_minor=tolerance.fee_minor,
        days=tolerance.days,
        wait_days=tolerance.wait_days,
        fx_bp=tolerance.fx_bp,
        write_off_minor=tolerance.write_off_minor,
    )
