"""Operations on transfers.

An account is named by its path; with the currency of the amount that makes one account. New
transfers go through the group commit: concurrent requests share a database transaction.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from banyan.kernel import Fault, derived_id
from banyan.ledger import model, service
from banyan.ledger.api.shapes import AccountPath
from banyan.ledger.errors import (
    AccountNotFound,
    InvalidTransfer,
    NotReversible,
    TransferNotFound,
    TransferRejected,
)
from banyan.ledger.model import TRANSFER
from banyan.runtime.http import (
    Amount,
    Call,
    Instant,
    List,
    ListQuery,
    Operation,
    id_meta,
)

Text = r"^[^\u0000]*$"
Subject = Annotated[str, Meta(max_length=model.SUBJECT_MAX, pattern=Text, examples=["invoice 17"])]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=model.CODE_MAX)]
TransferId = Annotated[str, id_meta(TRANSFER)]


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


class ListTransfers(ListQuery, kw_only=True, forbid_unknown_fields=True):
    subject: Subject | None = None


def operations() -> list[Operation]:
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
