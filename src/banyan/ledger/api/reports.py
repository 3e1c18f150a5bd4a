"""Operations that finance asks for: trial balances and account statements, as JSON and as CSV."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.kernel import LIMIT_DEFAULT, LIMIT_MAX
from banyan.ledger import model, rules, service
from banyan.ledger.api.accounts import EntryView, entry_view
from banyan.ledger.errors import AccountNotFound, InvalidRange
from banyan.ledger.model import ACCOUNT, Time
from banyan.runtime.http import Amount, Call, Csv, Instant, List, Operation

CSV_ROWS_MAX = 100_000
_PAGE = 1000

TimeName = Annotated[
    Literal["recorded", "effective"],
    Meta(description="When the ledger learned of it (recorded), or when it counts (effective)."),
]


class TrialLineView(Struct, kw_only=True):
    path: str
    accounts: int
    debits: Amount
    credits: Amount


class TrialBalanceView(Struct, kw_only=True):
    """Accounts of a currency, by the first part of their path or one by one.

    Both sums are the same, unless a prefix leaves accounts out.
    """

    object: Literal["trial_balance"] = "trial_balance"
    livemode: bool
    currency: str
    is_balanced: bool
    debits: Amount
    credits: Amount
    lines: list[TrialLineView]


class AccountStatementView(Struct, kw_only=True):
    """What moved a balance from ``since`` until before ``until``, oldest first.

    ``balance`` of an entry is what was posted after it in the statement's time. ``opening`` and
    ``closing`` are of the whole range on every page; what only holds money isn't in it.
    """

    object: Literal["account_statement"] = "account_statement"
    livemode: bool
    account: str
    path: str
    currency: str
    time: Literal["recorded", "effective"]
    since: datetime
    until: datetime
    opening: Amount
    closing: Amount
    entries: list[EntryView]
    has_more: bool
    next_cursor: str | None


class TrialBalanceQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    at: Instant | None = None
    """As of this instant; now, if it is absent."""
    time: TimeName = "recorded"
    by: Literal["head", "account"] = "head"
    """By the first part of the path, or account by account: then without those at zero."""
    prefix: Annotated[str, Meta(max_length=model.PATH_MAX, pattern=r"^[A-Za-z0-9_.:\-]*$")] = ""


class StatementRange(Struct, kw_only=True, forbid_unknown_fields=True):
    since: Instant
    """The first instant that is in it."""
    until: Instant
    """The first instant that is not in it any more."""
    time: TimeName = "effective"


class StatementQuery(StatementRange, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="listTrialBalances",
            method="GET",
            path="/v1/ledger/trial_balance",
            summary="Sum all accounts now or as of an instant, one trial balance a currency",
            handler=list_trial_balances,
            scope="ledger:read",
            query=TrialBalanceQuery,
            returns=List[TrialBalanceView],
        ),
        Operation(
            id="exportTrialBalance",
            method="GET",
            path="/v1/ledger/trial_balance/csv",
            summary="Download a trial balance as CSV",
            handler=export_trial_balance,
            scope="ledger:read",
            query=TrialBalanceQuery,
            returns=Csv,
        ),
        Operation(
            id="getStatement",
            method="GET",
            path="/v1/ledger/accounts/{account_id}/statement",
            ids={"account_id": ACCOUNT},
            summary="Fetch an account's statement: opening balance, entries, closing balance",
            handler=get_statement,
            scope="ledger:read",
            query=StatementQuery,
            returns=AccountStatementView,
            errors=(AccountNotFound, InvalidRange),
        ),
        Operation(
            id="exportStatement",
            method="GET",
            path="/v1/ledger/accounts/{account_id}/statement/csv",
            ids={"account_id": ACCOUNT},
            summary="Download an account's statement as CSV",
            handler=export_statement,
            scope="ledger:read",
            query=StatementRange,
            returns=Csv,
            errors=(AccountNotFound, InvalidRange),
        ),
    ]


async def list_trial_balances(call: Call[TrialBalanceQuery]) -> List[TrialBalanceView]:
    trials = await _trials(call)
    return List[TrialBalanceView].whole(trial_balance_view(call, trial) for trial in trials)


async def export_trial_balance(call: Call[TrialBalanceQuery]) -> Csv:
    at = call.query.at or call.tx.now
    return Csv(f"trial-balance-{at:%Y-%m-%d}.csv", rules.trial_balance_csv(await _trials(call)))


async def _trials(call: Call[TrialBalanceQuery]) -> list[model.TrialBalance]:
    query = call.query
    is_effective = query.time == "effective" and query.at is not None
    return await service.trial_balance(
        call.tx,
        at=None if is_effective else query.at,
        effective_at=query.at if is_effective else None,
        by_account=query.by == "account",
        prefix=query.prefix,
    )


async def get_statement(call: Call[StatementQuery]) -> AccountStatementView:
    query = call.query
    page = await service.statement(
        call.tx, call.path["account_id"], query.since, query.until,
        time=Time(query.time), limit=query.limit, cursor=query.cursor,
    )  # fmt: skip
    return AccountStatementView(
        livemode=call.key.livemode,
        account=ACCOUNT.text(call.path["account_id"]),
        path=page.account.path,
        currency=page.account.currency,
        time=query.time,
        since=page.since,
        until=page.until,
        opening=Amount.of(page.opening),
        closing=Amount.of(page.closing),
        entries=[entry_view(call, entry) for entry in page.entries],
        has_more=page.next_cursor is not None,
        next_cursor=page.next_cursor,
    )


async def export_statement(call: Call[StatementRange]) -> Csv:
    """Every page of it, up to 100,000 entries: ``InvalidRange`` asks for a shorter one."""
    query, account_id = call.query, call.path["account_id"]
    entries: list[model.Entry] = []
    cursor = None
    while True:
        page = await service.statement(
            call.tx, account_id, query.since, query.until,
            time=Time(query.time), limit=_PAGE, cursor=cursor,
        )  # fmt: skip
        entries += page.entries
        cursor = page.next_cursor
        if cursor is None:
            break
        if len(entries) >= CSV_ROWS_MAX:
            raise InvalidRange(f"It has more than {CSV_ROWS_MAX:,} entries; ask for a shorter one.")
    name = f"{page.account.path.replace(':', '-')}-{page.account.currency}-{query.since:%Y-%m-%d}"
    return Csv(f"{name}.csv", rules.statement_csv(entries, page.opening))


def trial_balance_view(call: Call, trial: model.TrialBalance) -> TrialBalanceView:
    return TrialBalanceView(
        livemode=call.key.livemode,
        currency=trial.currency,
        is_balanced=trial.is_balanced,
        debits=Amount.of(trial.debits),
        credits=Amount.of(trial.credits),
        lines=[
            TrialLineView(
                path=line.head,
                accounts=line.accounts,
                debits=Amount.of(line.debits),
                credits=Amount.of(line.credits),
            )
            for line in trial.lines
        ],
    )
