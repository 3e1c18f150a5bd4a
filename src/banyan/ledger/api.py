"""HTTP operations on accounts, balances and transfers.

An account is named by its path; with the currency of the amount that makes one account. Transfers
go through the group commit: concurrent requests share a database transaction.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from banyan.kernel import Fault, Money, derived_id
from banyan.kernel.money import MINOR_MAX
from banyan.ledger import model, rules, service
from banyan.ledger.errors import (
    AccountDiffers,
    AccountInUse,
    AccountNotFound,
    InvalidTransfer,
    NotReversible,
    TransferNotFound,
    TransferRejected,
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
    id_meta,
)

AccountPath = Annotated[
    str,
    Meta(
        pattern=model.PATH_PATTERN,
        max_length=model.PATH_MAX,
        examples=["platform:commission"],
        description="Parts joined by colons, from the general to the particular.",
    ),
]
Text = r"^[^\u0000]*$"
Subject = Annotated[str, Meta(max_length=model.SUBJECT_MAX, pattern=Text, examples=["invoice 17"])]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=model.CODE_MAX)]
Limit = Annotated[int, Meta(ge=-MINOR_MAX, le=MINOR_MAX)]
TransferId = Annotated[str, id_meta(TRANSFER)]


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


class PendingView(Struct, kw_only=True, forbid_unknown_fields=True):
    """A pending leg of an earlier transfer, by its number from 0."""

    transfer: TransferId
    leg: Annotated[int, Meta(ge=0, lt=model.LEGS_MAX)] = 0


class LegView(Struct, kw_only=True):
    kind: Literal["posted", "pending", "post", "void", "expire"]
    debit: str
    credit: str
    amount: Amount
    code: str
    pending: PendingView | None
    expires_at: datetime | None
    is_open: bool


class TransferView(Struct, kw_only=True):
    id: str
    object: Literal["transfer"] = "transfer"
    livemode: bool
    subject: str
    description: str
    metadata: dict[str, str]
    legs: list[LegView]
    effective_at: datetime
    recorded_at: datetime


class TrialLineView(Struct, kw_only=True):
    path: str
    accounts: int
    debits: Amount
    credits: Amount


class TrialBalanceView(Struct, kw_only=True):
    """All accounts of a currency by the first part of their path; both sums must be the same."""

    object: Literal["trial_balance"] = "trial_balance"
    livemode: bool
    currency: str
    is_balanced: bool
    debits: Amount
    credits: Amount
    lines: list[TrialLineView]


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


class NewLeg(Struct, kw_only=True, forbid_unknown_fields=True):
    """From the debited to the credited account. ``post`` and ``void`` resolve a ``pending`` leg."""

    debit: AccountPath
    credit: AccountPath
    amount: Amount
    code: Code
    kind: Literal["posted", "pending", "post", "void"] = "posted"
    pending: PendingView | None = None
    expires_at: Instant | None = None

    def __post_init__(self) -> None:
        if (self.kind in ("post", "void")) != (self.pending is not None):
            raise ValueError("`pending` names what a `post` or `void` leg resolves, and only that.")
        if self.kind != "pending" and self.expires_at is not None:
            raise ValueError("Only a `pending` leg expires.")


class CreateTransfer(Struct, kw_only=True, forbid_unknown_fields=True):
    """Legs are posted together or not at all. Without ``id`` it follows from `Idempotency-Key`."""

    legs: Annotated[list[NewLeg], Meta(min_length=1, max_length=model.LEGS_MAX)]
    subject: Subject
    id: TransferId | None = None
    effective_at: Instant | None = None
    description: Annotated[str, Meta(max_length=model.DESCRIPTION_MAX, pattern=Text)] = ""
    metadata: Annotated[
        dict[
            Annotated[str, Meta(max_length=40, pattern=Text)],
            Annotated[str, Meta(max_length=500, pattern=Text)],
        ],
        Meta(max_length=20),
    ] = {}


class ListAccounts(ListQuery, kw_only=True, forbid_unknown_fields=True):
    prefix: Annotated[str, Meta(max_length=model.PATH_MAX, pattern=r"^[A-Za-z0-9_.:\-]*$")] = ""


class ListTransfers(ListQuery, kw_only=True, forbid_unknown_fields=True):
    subject: Subject | None = None


class BalanceAt(Struct, kw_only=True, forbid_unknown_fields=True):
    at: Instant
    time: Literal["recorded", "effective"] = "recorded"
    """Which of the two: when the ledger knew it, or when it counts."""


def operations() -> list[Operation]:
    return _account_operations() + _transfer_operations()


def _account_operations() -> list[Operation]:
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
            errors=(AccountDiffers,),
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
        Operation(
            id="listTrialBalances",
            method="GET",
            path="/v1/ledger/trial_balance",
            summary="Sum all accounts, one trial balance a currency",
            handler=list_trial_balances,
            scope="ledger:read",
            returns=List[TrialBalanceView],
        ),
    ]


def _transfer_operations() -> list[Operation]:
    return [
        Operation(
            id="createTransfer",
            method="POST",
            path="/v1/ledger/transfers",
            summary="Post a transfer between open accounts",
            handler=TransferDesk().create_transfer,
            scope="ledger:write",
            body=CreateTransfer,
            returns=TransferView,
            status=201,
            errors=(InvalidTransfer, AccountNotFound, TransferRejected),
            transaction=False,
            example={
                "subject": "invoice 17",
                "legs": [
                    {
                        "debit": "platform:bank",
                        "credit": "platform:commission",
                        "amount": {"amount": 1999, "currency": "EUR"},
                        "code": "invoice_paid",
                    }
                ],
            },
        ),
        Operation(
            id="listTransfers",
            method="GET",
            path="/v1/ledger/transfers",
            summary="List transfers, newest first: all of them or those about a subject",
            handler=list_transfers,
            scope="ledger:read",
            query=ListTransfers,
            returns=List[TransferView],
        ),
        Operation(
            id="getTransfer",
            method="GET",
            path="/v1/ledger/transfers/{transfer_id}",
            ids={"transfer_id": TRANSFER},
            summary="Fetch a transfer with its legs",
            handler=get_transfer,
            scope="ledger:read",
            returns=TransferView,
            errors=(TransferNotFound,),
        ),
        Operation(
            id="reverseTransfer",
            method="POST",
            path="/v1/ledger/transfers/{transfer_id}/reverse",
            ids={"transfer_id": TRANSFER},
            summary="Take a transfer back by a new one with mirrored legs",
            handler=reverse_transfer,
            scope="ledger:write",
            returns=TransferView,
            status=201,
            errors=(TransferNotFound, NotReversible, TransferRejected),
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
    return List[EntryView].of(page, lambda entry: _entry(call, entry))


async def list_trial_balances(call: Call) -> List[TrialBalanceView]:
    trials = await service.trial_balance(call.tx)
    return List[TrialBalanceView].whole(_trial_balance(call, trial) for trial in trials)


class TransferDesk:
    """Takes transfers of concurrent requests, and hands them to one group commit."""

    def __init__(self) -> None:
        self._group: service.GroupCommit | None = None

    async def create_transfer(self, call: Call, body: CreateTransfer) -> TransferView:
        assert call.database is not None, "the endpoint hands its database in"
        if self._group is None:
            self._group = service.GroupCommit(call.database)
        marketplace_id = call.key.marketplace_id
        transfer = _transfer_of(_transfer_id(call, body), body)
        async with call.database.transaction(marketplace_id) as tx:
            await service.require_accounts(tx, transfer)
        outcome = await self._group.post(marketplace_id, transfer)
        if isinstance(outcome, model.Rejection):
            raise service.rejected(transfer.id, outcome)
        async with call.database.transaction(marketplace_id) as tx:
            return _transfer(call, await service.get_transfer(tx, transfer.id))


async def list_transfers(call: Call[ListTransfers]) -> List[TransferView]:
    query = call.query
    page = await service.list_transfers(
        call.tx, subject=query.subject, limit=query.limit, cursor=query.cursor
    )
    return List[TransferView].of(page, lambda transfer: _transfer(call, transfer))


async def get_transfer(call: Call) -> TransferView:
    return _transfer(call, await service.get_transfer(call.tx, call.path["transfer_id"]))


async def reverse_transfer(call: Call) -> TransferView:
    transfer_id = call.path["transfer_id"]
    mirrored = await service.reverse(call.tx, transfer_id, derived_id(transfer_id, "reversal"))
    return _transfer(call, await service.get_transfer(call.tx, mirrored.id))


def _transfer_id(call: Call, body: CreateTransfer) -> UUID:
    if body.id is not None:
        return TRANSFER.parse(body.id, pointer="/id")
    if call.idempotency_key is None:
        detail = "Send an `id` or an `Idempotency-Key`, so that a retry can't post it twice."
        raise InvalidTransfer(detail, faults=(Fault("missing", detail, pointer="/id"),))
    return derived_id(call.key.marketplace_id, "transfer", call.idempotency_key)


def _transfer_of(transfer_id: UUID, body: CreateTransfer) -> model.Transfer:
    return model.Transfer(
        id=transfer_id,
        legs=tuple(_leg_of(leg, number) for number, leg in enumerate(body.legs)),
        subject=body.subject,
        effective_at=body.effective_at,
        description=body.description,
        metadata=body.metadata,
    )


def _leg_of(leg: NewLeg, number: int) -> model.Leg:
    pending = None
    if leg.pending is not None:
        pointer = f"/legs/{number}/pending/transfer"
        held_id = TRANSFER.parse(leg.pending.transfer, pointer=pointer)
        pending = model.PendingRef(held_id, leg.pending.leg)
    currency = leg.amount.currency
    return model.Leg(
        debit=model.Account(leg.debit, currency),
        credit=model.Account(leg.credit, currency),
        amount=leg.amount.money(),
        code=leg.code,
        kind=model.Kind(leg.kind),
        pending=pending,
        expires_at=leg.expires_at,
    )


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


def _entry(call: Call, entry: model.Entry) -> EntryView:
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


def _transfer(call: Call, transfer: model.RecordedTransfer) -> TransferView:
    return TransferView(
        id=TRANSFER.text(transfer.id),
        livemode=call.key.livemode,
        subject=transfer.subject,
        description=transfer.description,
        metadata=dict(transfer.metadata),
        legs=[_leg(leg) for leg in transfer.legs],
        effective_at=transfer.effective_at,
        recorded_at=transfer.recorded_at,
    )


def _leg(leg: model.RecordedLeg) -> LegView:
    pending = None
    if leg.pending_transfer_id is not None:
        held = TRANSFER.text(leg.pending_transfer_id)
        pending = PendingView(transfer=held, leg=leg.pending_leg or 0)
    return LegView(
        kind=model.Kind(leg.kind).value,
        debit=leg.debit_path,
        credit=leg.credit_path,
        amount=Amount.of(leg.amount),
        code=leg.code,
        pending=pending,
        expires_at=leg.expires_at,
        is_open=leg.is_open,
    )


def _trial_balance(call: Call, trial: model.TrialBalance) -> TrialBalanceView:
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
