"""Operations on accounts: their balances now and then, and their entries."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.kernel import MINOR_MAX, Money
from banyan.ledger import model, rules, service
from banyan.ledger.api.shapes import AccountPath
from banyan.ledger.errors import (
    AccountDiffers,
    AccountInUse,
    AccountNotFound,
    TermsReserved,
)
from banyan.ledger.model import ACCOUNT, TRANSFER
from banyan.runtime.http import (
    Amount,
    Call,
    CurrencyCode,
    Instant,
    List,
    ListQuery,
    Operation,
    check_currency,
)


class BalanceView(Struct, kw_only=True):
    """``available`` is what may still go out: posted less what pending transfers hold."""

    posted: Amount
    pending_out: Amount | None
    pending_in: Amount | None
    available: Amount


class AccountView(Struct, kw_only=True):
    id: str
    object: Literal["account"] = "account"
    livemode: bool
    path: str
    currency: str
    normal: Literal["debit", "credit"]
    floor: int | None
    ceiling: int | None
    is_closed: bool
    balance: BalanceView
    entries: int
    opened_at: datetime


class PastBalanceView(Struct, kw_only=True):
    """What was posted on an account at an instant, in one of the ledger's two times."""

    object: Literal["balance"] = "balance"
    livemode: bool
    account: str
    posted: Amount
    at: datetime
    time: Literal["recorded", "effective"]


class EntryView(Struct, kw_only=True):
    """One side of one leg; ``balance`` is what was posted on the account after it."""

    object: Literal["entry"] = "entry"
    livemode: bool
    version: int
    transfer: str
    leg: int
    kind: Literal["posted", "pending", "post", "void", "expire"]
    side: Literal["debit", "credit"]
    amount: Amount
    balance: Amount
    code: str
    other_path: str
    subject: str
    effective_at: datetime
    recorded_at: datetime


Limit = Annotated[int, Meta(ge=-MINOR_MAX, le=MINOR_MAX)]


class OpenAccount(Struct, kw_only=True, forbid_unknown_fields=True):
    """``floor`` and ``ceiling`` bound the balance (credits less debits), in minor units."""

    path: AccountPath
    currency: CurrencyCode
    normal: Literal["debit", "credit"] = "credit"
    floor: Limit | None = None
    ceiling: Limit | None = None

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise ValueError("The floor lies above the ceiling.")


class ListAccounts(ListQuery, kw_only=True, forbid_unknown_fields=True):
    prefix: Annotated[str, Meta(max_length=model.PATH_MAX, pattern=r"^[A-Za-z0-9_.:\-]*$")] = ""


class BalanceAt(Struct, kw_only=True, forbid_unknown_fields=True):
    at: Instant
    time: Literal["recorded", "effective"] = "recorded"
    """Which of the two: when the ledger knew it, or when it counts."""


def operations() -> list[Operation]:
    return [
        Operation(
            id="listAccounts",
            method="GET",
            path="/v1/ledger/accounts",
            summary="List accounts by path, or those under a prefix of it",
            handler=list_accounts,
            scope="ledger:read",
            query=ListAccounts,
            returns=List[AccountView],
        ),
        Operation(
            id="openAccount",
            method="POST",
            path="/v1/ledger/accounts",
            summary="Open an account, or find it open on the same terms",
            handler=open_account,
            scope="ledger:write",
            body=OpenAccount,
            returns=AccountView,
            status=201,
            errors=(AccountDiffers, TermsReserved),
            example={"path": "seller:42:available", "currency": "EUR", "floor": 0},
        ),
        Operation(
            id="getAccount",
            method="GET",
            path="/v1/ledger/accounts/{account_id}",
            ids={"account_id": ACCOUNT},
            summary="Fetch an account with its balance",
            handler=get_account,
            scope="ledger:read",
            returns=AccountView,
            errors=(AccountNotFound,),
        ),
        Operation(
            id="closeAccount",
            method="POST",
            path="/v1/ledger/accounts/{account_id}/close",
            ids={"account_id": ACCOUNT},
            summary="Close an empty account for new transfers",
            handler=close_account,
            scope="ledger:write",
            returns=AccountView,
            errors=(AccountNotFound, AccountInUse),
        ),
        Operation(
            id="getBalanceAt",
            method="GET",
            path="/v1/ledger/accounts/{account_id}/balance",
            ids={"account_id": ACCOUNT},
            summary="Fetch what was posted on an account at an instant",
            handler=get_balance_at,
            scope="ledger:read",
            query=BalanceAt,
            returns=PastBalanceView,
            errors=(AccountNotFound,),
        ),
        Operation(
            id="listEntries",
            method="GET",
            path="/v1/ledger/accounts/{account_id}/entries",
            ids={"account_id": ACCOUNT},
            summary="List an account's entries, newest first",
            handler=list_entries,
            scope="ledger:read",
            query=ListQuery,
            returns=List[EntryView],
            errors=(AccountNotFound,),
        ),
    ]


async def list_accounts(call: Call[ListAccounts]) -> List[AccountView]:
    query = call.query
    page = await service.list_accounts(
        call.tx, prefix=query.prefix, limit=query.limit, cursor=query.cursor
    )
    return List[AccountView].of(page, lambda state: _account(call, state))


async def open_account(call: Call, body: OpenAccount) -> AccountView:
    account = model.Account(
        body.path, body.currency, body.floor, body.ceiling, model.Side(body.normal)
    )
    rules.check_terms(account)
    return _account(call, await service.open_account(call.tx, account))


async def get_account(call: Call) -> AccountView:
    return _account(call, await service.get_account(call.tx, call.path["account_id"]))


async def close_account(call: Call) -> AccountView:
    return _account(call, await service.close_account(call.tx, call.path["account_id"]))


async def get_balance_at(call: Call[BalanceAt]) -> PastBalanceView:
    state = await service.get_account(call.tx, call.path["account_id"])
    at, time = call.query.at, call.query.time
    if time == "recorded":
        found = await service.balances(call.tx, [state.path], at=at)
    else:
        found = await service.balances(call.tx, [state.path], effective_at=at)
    posted = next(balance.posted for balance in found if balance.currency == state.currency)
    return PastBalanceView(
        livemode=call.key.livemode,
        account=ACCOUNT.text(call.path["account_id"]),
        posted=Amount.of(posted),
        at=at,
        time=time,
    )


async def list_entries(call: Call[ListQuery]) -> List[EntryView]:
    page = await service.entries(
        call.tx, call.path["account_id"], limit=call.query.limit, cursor=call.query.cursor
    )
    return List[EntryView].of(page, lambda entry: entry_view(call, entry))


def _account(call: Call, state: model.AccountState) -> AccountView:
    balance = state.balance
    return AccountView(
        id=ACCOUNT.text(rules.account_uuid(call.key.marketplace_id, state.account_id)),
        livemode=call.key.livemode,
        path=state.path,
        currency=state.currency,
        normal=state.declared.normal.value,
        floor=state.floor_minor,
        ceiling=state.ceiling_minor,
        is_closed=state.is_closed,
        balance=BalanceView(
            posted=Amount.of(balance.posted),
            pending_out=_amount(balance.pending_out),
            pending_in=_amount(balance.pending_in),
            available=Amount.of(balance.available),
        ),
        entries=state.version,
        opened_at=state.opened_at,
    )


def _amount(money: Money | None) -> Amount | None:
    return None if money is None else Amount.of(money)


def entry_view(call: Call, entry: model.Entry) -> EntryView:
    return EntryView(
        livemode=call.key.livemode,
        version=entry.version,
        transfer=TRANSFER.text(entry.transfer_id),
        leg=entry.leg,
        kind=model.Kind(entry.kind).value,
        side=model.Side(entry.side).value,
        amount=Amount.of(entry.amount),
        balance=Amount.of(entry.balance),
        code=entry.code,
        other_path=entry.other_path,
        subject=entry.subject,
        effective_at=entry.effective_at,
        recorded_at=entry.recorded_at,
    )
