"""What sellers read about their money, over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Struct

from banyan.parties import SELLER, SellerNotFound, get_seller
from banyan.payments import model
from banyan.payments.errors import InvalidPeriod, PayoutNotFound
from banyan.payments.model import PAYOUT
from banyan.payments.rules import start_of
from banyan.payments.rules.statement_pages import statement_page
from banyan.payments.rules.statements import LABELS, check_days, to_csv
from banyan.payments.service import debts, statements
from banyan.payments.service.payout_settings import get_payout_settings
from banyan.runtime.http import (
    Amount,
    Call,
    CurrencyCode,
    File,
    List,
    ListQuery,
    Operation,
    id_meta,
)


class SellerBalanceView(Struct, kw_only=True):
    """What a seller has: not settled yet, available, delayed, in reserve, and all together."""

    pending: Amount
    available: Amount
    held: Amount
    reserve: Amount
    total: Amount


class StatementSumView(Struct, kw_only=True):
    kind: model.LineKind
    label: str
    amount: Amount


class StatementLineView(Struct, kw_only=True):
    """``moved``: how much went into the reserve (or out of it, below zero).

    ``exchanged``: what it was exchanged for, or from, for a payout in another currency.
    """

    at: datetime
    kind: model.LineKind
    subject: str
    amount: Amount
    moved: Amount
    exchanged: Amount | None


class StatementView(Struct, kw_only=True):
    """``opening.total`` and every amount come to ``closing.total``."""

    object: Literal["statement"] = "statement"
    livemode: bool
    seller: str
    currency: str
    from_at: datetime
    until_at: datetime
    time_zone: str
    opening: SellerBalanceView
    closing: SellerBalanceView
    sums: list[StatementSumView]
    lines: list[StatementLineView]


class StatementPeriod(Struct, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """From the start of a day to the start of another (of the marketplace), a year at most.

    Without ``currency``, the seller's.
    """

    from_: date
    until: date
    currency: CurrencyCode | None = None


class StatementFilePeriod(
    StatementPeriod, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    format: Literal["html", "csv"] = "html"


class DatedAmountView(Struct, kw_only=True):
    on: date
    kind: model.HoldbackKind
    amount: Amount


class SellerMoneyView(Struct, kw_only=True):
    """Where a seller's money in one currency is.

    ``dated``: what becomes available when. ``next_payout_on`` null: by hand. ``held_reasons``: why
    nothing is paid out for now.
    """

    object: Literal["seller_money"] = "seller_money"
    currency: str
    balance: SellerBalanceView
    on_its_way: Amount
    dated: list[DatedAmountView]
    next_payout_on: date | None
    held_reasons: list[str]


class DebitView(Struct, kw_only=True):
    id: str
    object: Literal["debit"] = "debit"
    livemode: bool
    state: model.DebitState
    seller: str
    amount: Amount
    provider: str
    destination: str
    failure_code: str | None
    created_at: datetime
    finished_at: datetime | None


class ListDebits(ListQuery, kw_only=True, forbid_unknown_fields=True):
    seller: Annotated[str, id_meta(SELLER)] | None = None


def operations() -> list[Operation]:
    ids = {"seller_id": SELLER}
    return [
        Operation(
            id="getSellerMoney",
            method="GET",
            path="/v1/sellers/{seller_id}/money",
            ids=ids,
            summary="Fetch where a seller's money is, and when it comes",
            handler=get_money,
            scope="payouts:read",
            returns=List[SellerMoneyView],
            errors=(SellerNotFound,),
        ),
        Operation(
            id="getSellerStatement",
            method="GET",
            path="/v1/sellers/{seller_id}/statement",
            ids=ids,
            summary="Fetch a seller's statement",
            handler=get_statement,
            scope="payouts:read",
            query=StatementPeriod,
            returns=StatementView,
            errors=(SellerNotFound, InvalidPeriod),
        ),
        Operation(
            id="getSellerStatementFile",
            method="GET",
            path="/v1/sellers/{seller_id}/statement_file",
            ids=ids,
            summary="Fetch a seller's statement as a page for print, or for a spreadsheet",
            handler=get_statement_file,
            scope="payouts:read",
            query=StatementFilePeriod,
            returns=File,
            media_types=("text/html", "text/csv"),
            errors=(SellerNotFound, InvalidPeriod),
        ),
        Operation(
            id="getPayoutStatement",
            method="GET",
            path="/v1/payouts/{payout_id}/statement",
            ids={"payout_id": PAYOUT},
            summary="Fetch what a payout is made up of",
            description="Everything since the seller's payout before it, a year at most.",
            handler=get_payout_statement,
            scope="payouts:read",
            returns=StatementView,
            errors=(PayoutNotFound,),
        ),
        Operation(
            id="listDebits",
            method="GET",
            path="/v1/debits",
            summary="List what was taken from sellers' bank accounts, the newest first",
            handler=list_debits,
            scope="payouts:read",
            query=ListDebits,
            returns=List[DebitView],
        ),
    ]


async def get_money(call: Call) -> List[SellerMoneyView]:
    seller = await get_seller(call.tx, call.path["seller_id"])
    views = await statements.seller_money(call.tx, seller.seller_id)
    return List[SellerMoneyView].whole(_money_view(view) for view in views)


async def get_statement(call: Call[StatementPeriod]) -> StatementView:
    return _statement_view(await _statement(call, call.query), livemode=call.key.livemode)


async def get_statement_file(call: Call[StatementFilePeriod]) -> File:
    statement = await _statement(call, call.query)
    name = f"statement-{call.query.from_}-{call.query.until}-{statement.currency}"
    if call.query.format == "csv":
        return File(f"{name}.csv", "text/csv; charset=utf-8", to_csv(statement).encode())
    page = statement_page(statement).encode()
    return File(f"{name}.html", "text/html; charset=utf-8", page, is_shown=True)


async def get_payout_statement(call: Call) -> StatementView:
    statement = await statements.statement_of_payout(call.tx, call.path["payout_id"])
    return _statement_view(statement, livemode=call.key.livemode)


async def list_debits(call: Call[ListDebits]) -> List[DebitView]:
    query = call.query
    page = await debts.list_debits(
        call.tx,
        seller_id=None if query.seller is None else SELLER.parse(query.seller),
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[DebitView].of(page, lambda debit: _debit_view(debit, livemode=call.key.livemode))


async def _statement(call: Call, period: StatementPeriod) -> model.Statement:
    seller = await get_seller(call.tx, call.path["seller_id"])
    check_days(period.from_, period.until)
    settings = await get_payout_settings(call.tx)
    return await statements.statement(
        call.tx,
        seller.seller_id,
        period.currency or seller.currency,
        start_of(period.from_, settings),
        start_of(period.until, settings),
    )


def _statement_view(statement: model.Statement, *, livemode: bool) -> StatementView:
    return StatementView(
        livemode=livemode,
        seller=SELLER.text(statement.seller_id),
        currency=statement.currency,
        from_at=statement.from_at,
        until_at=statement.until_at,
        time_zone=statement.time_zone,
        opening=_balance_view(statement.opening),
        closing=_balance_view(statement.closing),
        sums=[
            StatementSumView(kind=kind, label=label, amount=Amount.of(statement.total(kind)))
            for kind, label in LABELS.items()
            if statement.total(kind).minor
        ],
        lines=[
            StatementLineView(
                at=line.at,
                kind=line.kind,
                subject=line.subject,
                amount=Amount.of(line.amount),
                moved=Amount.of(line.moved),
                exchanged=Amount.of(line.exchanged) if line.exchanged else None,
            )
            for line in statement.lines
        ],
    )


def _balance_view(balance: model.StatementBalance) -> SellerBalanceView:
    return SellerBalanceView(
        pending=Amount.of(balance.pending),
        available=Amount.of(balance.available),
        held=Amount.of(balance.held),
        reserve=Amount.of(balance.reserve),
        total=Amount.of(balance.total),
    )


def _money_view(view: model.SellerMoney) -> SellerMoneyView:
    return SellerMoneyView(
        currency=view.currency,
        balance=_balance_view(view.balance),
        on_its_way=Amount.of(view.on_its_way),
        dated=[
            DatedAmountView(on=one.on, kind=one.kind, amount=Amount.of(one.amount))
            for one in view.dated
        ],
        next_payout_on=view.next_payout_on,
        held_reasons=list(view.held_reasons),
    )


def _debit_view(debit: model.Debit, *, livemode: bool) -> DebitView:
    return DebitView(
        id=model.DEBIT.text(debit.debit_id),
        livemode=livemode,
        state=debit.state,
        seller=SELLER.text(debit.seller_id),
        amount=Amount.of(debit.amount),
        provider=debit.provider,
        destination=debit.masked_destination,
        failure_code=debit.failure_code,
        created_at=debit.created_at,
        finished_at=debit.finished_at,
    )
