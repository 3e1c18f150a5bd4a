"""The operations, and their handlers."""

from banyan.payments import ConnectionNotFound
from banyan.reconciliation.api.shapes import (
    BankStatementView,
    BreakView,
    ImportReport,
    ImportView,
    ListBreaks,
    ListLines,
    ListMatches,
    ListStatements,
    MatchByHand,
    MatchView,
    ReconciliationLineView,
    RunView,
    SetTolerance,
    StandingView,
    ToleranceView,
    UndoMatch,
)
from banyan.reconciliation.api.views import (
    break_view,
    import_view,
    line_view,
    match_view,
    standing_view,
    statement_view,
    tolerance_view,
)
from banyan.reconciliation.errors import (
    LineNotFound,
    LineNotOpen,
    LinesDontMatch,
    MalformedReport,
    MatchNotActive,
    MatchNotFound,
    StatementDiffers,
    StatementNotFound,
)
from banyan.reconciliation.model import LINE, MATCH, STATEMENT, Tolerance, ToleranceRule
from banyan.reconciliation.service import breaks, imports, matches, reading, running
from banyan.runtime.http import Call, List, ListQuery, Operation, RawBody

_FILE_BYTES_MAX = 32 * 1024 * 1024
_REPORT = RawBody(
    media_types=("text/csv",),
    bytes_max=_FILE_BYTES_MAX,
    example=(
        "line,type,date,currency,gross,fee,net,key,reference,payment,batch,description\n"
        "1,adjustment,2018-03-01,BRL,19.99,0.00,19.99,,,,,Goodwill\n"
    ),
)
_STATEMENT = RawBody(
    media_types=("application/xml", "text/xml", "text/plain"),
    bytes_max=_FILE_BYTES_MAX,
    example=(
        ":20:STATEMENT\n:25:BR0012345678\n:28C:1\n:60F:C180301BRL0,00\n"
        ":61:1803010301C19,99NTRFNONREF\n:62F:C180301BRL19,99\n"
    ),
)


def operations() -> list[Operation]:
    return [*_files(), *_lines(), *_matches(), *_breaks(), *_terms()]


def _files() -> list[Operation]:
    return [
        Operation(
            id="importReport",
            method="POST",
            path="/v1/reconciliation/reports/{provider}",
            summary="Take in a provider's settlement report (CSV), and reconcile",
            description="All of it or nothing; the same file or line again changes nothing.",
            handler=import_report,
            scope="reconciliation:write",
            query=ImportReport,
            raw=_REPORT,
            returns=ImportView,
            status=201,
            errors=(MalformedReport, ConnectionNotFound),
        ),
        Operation(
            id="importStatements",
            method="POST",
            path="/v1/reconciliation/statements",
            summary="Take in bank statements (camt.053 or MT940), and reconcile",
            description="All of it or nothing; the same statement again changes nothing.",
            handler=import_statements,
            scope="reconciliation:write",
            raw=_STATEMENT,
            returns=ImportView,
            status=201,
            errors=(MalformedReport, StatementDiffers),
        ),
        Operation(
            id="listImports",
            method="GET",
            path="/v1/reconciliation/imports",
            summary="List the files that were taken in, the newest first",
            handler=list_imports,
            scope="reconciliation:read",
            query=ListQuery,
            returns=List[ImportView],
        ),
        Operation(
            id="listBankStatements",
            method="GET",
            path="/v1/reconciliation/statements",
            summary="List bank statements, the newest first",
            handler=list_statements,
            scope="reconciliation:read",
            query=ListStatements,
            returns=List[BankStatementView],
        ),
        Operation(
            id="getBankStatement",
            method="GET",
            path="/v1/reconciliation/statements/{statement_id}",
            ids={"statement_id": STATEMENT},
            summary="Fetch a bank statement",
            handler=get_statement,
            scope="reconciliation:read",
            returns=BankStatementView,
            errors=(StatementNotFound,),
        ),
    ]


def _lines() -> list[Operation]:
    return [
        Operation(
            id="listLines",
            method="GET",
            path="/v1/reconciliation/lines",
            summary="List what books, providers and banks say, line by line, the newest first",
            handler=list_lines,
            scope="reconciliation:read",
            query=ListLines,
            returns=List[ReconciliationLineView],
        ),
        Operation(
            id="getLine",
            method="GET",
            path="/v1/reconciliation/lines/{line_id}",
            ids={"line_id": LINE},
            summary="Fetch a line",
            handler=get_line,
            scope="reconciliation:read",
            returns=ReconciliationLineView,
            errors=(LineNotFound,),
        ),
    ]


def _matches() -> list[Operation]:
    return [
        Operation(
            id="listMatches",
            method="GET",
            path="/v1/reconciliation/matches",
            summary="List matches, the newest first",
            handler=list_matches,
            scope="reconciliation:read",
            query=ListMatches,
            returns=List[MatchView],
        ),
        Operation(
            id="getMatch",
            method="GET",
            path="/v1/reconciliation/matches/{match_id}",
            ids={"match_id": MATCH},
            summary="Fetch a match, its lines and why they match",
            handler=get_match,
            scope="reconciliation:read",
            returns=MatchView,
            errors=(MatchNotFound,),
        ),
        Operation(
            id="matchByHand",
            method="POST",
            path="/v1/reconciliation/matches",
            summary="Say that lines are one thing",
            description=(
                "Lines of two sides that are compared, in one currency. What they differ by is "
                "booked as a difference, up to `write_off_minor` of the tolerance."
            ),
            handler=match_by_hand,
            scope="reconciliation:write",
            body=MatchByHand,
            returns=MatchView,
            status=201,
            errors=(LineNotFound, LineNotOpen, LinesDontMatch),
            example={
                "lines": ["rln_01h455vb4pex5vsknk084sn02q", "rln_01h455vb4pex5vsknk084sn02r"],
                "reason": "The bank has mistyped the reference.",
            },
            needs_idempotency_key=True,
        ),
        Operation(
            id="undoMatch",
            method="POST",
            path="/v1/reconciliation/matches/{match_id}/undo",
            ids={"match_id": MATCH},
            summary="Take a match apart; what it has booked is reversed",
            handler=undo_match,
            scope="reconciliation:write",
            body=UndoMatch,
            returns=MatchView,
            errors=(MatchNotFound, MatchNotActive),
            example={"reason": "It was the batch of the day before."},
            needs_idempotency_key=True,
        ),
    ]


def _breaks() -> list[Operation]:
    return [
        Operation(
            id="listBreaks",
            method="GET",
            path="/v1/reconciliation/breaks",
            summary="List the differences that nothing explains; each is a case",
            handler=list_breaks,
            scope="reconciliation:read",
            query=ListBreaks,
            returns=List[BreakView],
        ),
        Operation(
            id="runReconciliation",
            method="POST",
            path="/v1/reconciliation/runs",
            summary="Reconcile everything that is open, now",
            description="It runs by itself after every import, and every night.",
            handler=run_reconciliation,
            scope="reconciliation:write",
            returns=RunView,
        ),
        Operation(
            id="getReconciliation",
            method="GET",
            path="/v1/reconciliation/summary",
            summary="How the lines of each side, source and currency stand",
            handler=get_summary,
            scope="reconciliation:read",
            returns=List[StandingView],
        ),
    ]


def _terms() -> list[Operation]:
    return [
        Operation(
            id="listTolerances",
            method="GET",
            path="/v1/reconciliation/tolerances",
            summary="List how far lines may be apart, where that isn't the default",
            handler=list_tolerances,
            scope="reconciliation:read",
            returns=List[ToleranceView],
        ),
        Operation(
            id="setTolerance",
            method="PUT",
            path="/v1/reconciliation/tolerances",
            summary="Say how far lines may be apart, from the next run on",
            handler=set_tolerance,
            scope="reconciliation:write",
            body=SetTolerance,
            returns=ToleranceView,
            example={"comparison": "settlements", "amount_minor": 25, "days": 5, "wait_days": 5},
        ),
    ]


async def import_report(call: Call[ImportReport], content: bytes) -> ImportView:
    made = await imports.import_report(
        call.tx, call.text["provider"], call.query.format, content, by=_who(call)
    )
    return import_view(made, livemode=call.key.livemode)


async def import_statements(call: Call, content: bytes) -> ImportView:
    made = await imports.import_statements(call.tx, content, by=_who(call))
    return import_view(made, livemode=call.key.livemode)


async def list_imports(call: Call[ListQuery]) -> List[ImportView]:
    query = call.query
    page = await imports.list_imports(call.tx, limit=query.limit, cursor=query.cursor)
    return List[ImportView].of(page, lambda one: import_view(one, livemode=call.key.livemode))


async def list_statements(call: Call[ListStatements]) -> List[BankStatementView]:
    query = call.query
    page = await imports.list_statements(
        call.tx, account=query.account, limit=query.limit, cursor=query.cursor
    )
    return List[BankStatementView].of(
        page, lambda one: statement_view(one, livemode=call.key.livemode)
    )


async def get_statement(call: Call) -> BankStatementView:
    found = await imports.get_statement(call.tx, call.path["statement_id"])
    return statement_view(found, livemode=call.key.livemode)


async def list_lines(call: Call[ListLines]) -> List[ReconciliationLineView]:
    query = call.query
    page = await reading.list_lines(
        call.tx,
        side=query.side,
        line_type=query.type,
        source=query.source,
        state=query.state,
        statement_id=None if query.statement is None else STATEMENT.parse(query.statement),
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[ReconciliationLineView].of(
        page, lambda line: line_view(line, livemode=call.key.livemode)
    )


async def get_line(call: Call) -> ReconciliationLineView:
    line = await reading.get_line(call.tx, call.path["line_id"])
    return line_view(line, livemode=call.key.livemode)


async def list_matches(call: Call[ListMatches]) -> List[MatchView]:
    query = call.query
    page = await matches.list_matches(
        call.tx,
        comparison=query.comparison,
        is_active=None if query.state is None else query.state == "active",
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[MatchView].of(page, lambda match: match_view(match, livemode=call.key.livemode))


async def get_match(call: Call) -> MatchView:
    match = await matches.get_match(call.tx, call.path["match_id"])
    lines = await matches.lines_of(call.tx, match.match_id)
    return match_view(match, livemode=call.key.livemode, lines=lines)


async def match_by_hand(call: Call, body: MatchByHand) -> MatchView:
    line_ids = [
        LINE.parse(text, pointer=f"/lines/{place}") for place, text in enumerate(body.lines)
    ]
    match = await matches.match_by_hand(call.tx, line_ids, note=body.reason, by=_who(call))
    return match_view(match, livemode=call.key.livemode)


async def undo_match(call: Call, body: UndoMatch) -> MatchView:
    match = await matches.undo_match(
        call.tx, call.path["match_id"], reason=body.reason, by=_who(call)
    )
    return match_view(match, livemode=call.key.livemode)


async def list_breaks(call: Call[ListBreaks]) -> List[BreakView]:
    query, today = call.query, call.tx.now.date()
    page = await breaks.list_breaks(
        call.tx,
        kind=query.kind,
        is_open=query.state == "open",
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[BreakView].of(page, lambda one: break_view(one, today, livemode=call.key.livemode))


async def run_reconciliation(call: Call) -> RunView:
    done = await running.run(call.tx)
    return RunView(
        livemode=call.key.livemode,
        collected=done.collected,
        matched=done.matched,
        opened=done.opened,
        closed=done.closed,
        waiting=done.waiting,
    )


async def get_summary(call: Call) -> List[StandingView]:
    today = call.tx.now.date()
    return List[StandingView].whole(
        standing_view(one, today, livemode=call.key.livemode)
        for one in await reading.standings(call.tx)
    )


async def list_tolerances(call: Call) -> List[ToleranceView]:
    return List[ToleranceView].whole(
        tolerance_view(rule, livemode=call.key.livemode)
        for rule in await reading.list_tolerances(call.tx)
    )


async def set_tolerance(call: Call, body: SetTolerance) -> ToleranceView:
    rule = ToleranceRule(
        comparison=body.comparison,
        source=body.source,
        type=body.type,
        tolerance=Tolerance(
            amount_minor=body.amount_minor,
            fee_minor=body.fee_minor,
            days=body.days,
            wait_days=body.wait_days,
            fx_bp=body.fx_bp,
            write_off_minor=body.write_off_minor,
        ),
    )
    await reading.set_tolerance(call.tx, rule)
    return tolerance_view(rule, livemode=call.key.livemode)


def _who(call: Call) -> str:
    return call.tx.cause.actor or call.tx.cause.id
