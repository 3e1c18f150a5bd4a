"""Batches and bank files over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.payments import model
from banyan.payments.errors import BankFileNotFound, PayoutBatchNotFound, UnreadableReport
from banyan.payments.model import BATCH
from banyan.payments.service import bank_files, payouts
from banyan.runtime.http import Amount, Call, File, List, ListQuery, Operation


class PayoutBatchView(Struct, kw_only=True):
    """What one run sends one way in one currency. A batch that is open has no total yet."""

    id: str
    object: Literal["payout_batch"] = "payout_batch"
    livemode: bool
    run: str
    kind: Literal["payout", "debit"]
    provider: str
    rail: model.Rail
    state: Literal["open", "closed", "handed_over"]
    count: int
    total: Amount
    created_at: datetime
    closed_at: datetime | None


class BankFileView(Struct, kw_only=True):
    object: Literal["bank_file"] = "bank_file"
    batch: str
    name: str
    format: str
    size_bytes: int
    created_at: datetime
    handed_over_at: datetime | None
    handed_over_by: str | None


class TakeStatusReport(Struct, kw_only=True, forbid_unknown_fields=True):
    """``report``: the bank's XML (pain.002) as a text."""

    report: Annotated[str, Meta(min_length=1, max_length=1_000_000)]


class StatusReportView(Struct, kw_only=True):
    """``settled_or_rejected``: payouts and debits of which the report told something new."""

    object: Literal["status_report"] = "status_report"
    settled_or_rejected: int


def operations() -> list[Operation]:
    ids = {"batch_id": BATCH}
    return [
        Operation(
            id="listPayoutBatches",
            method="GET",
            path="/v1/payout_batches",
            summary="List batches, the newest first",
            handler=list_batches,
            scope="payouts:read",
            query=ListQuery,
            returns=List[PayoutBatchView],
        ),
        Operation(
            id="getPayoutBatch",
            method="GET",
            path="/v1/payout_batches/{batch_id}",
            ids=ids,
            summary="Fetch a batch",
            handler=get_batch,
            scope="payouts:read",
            returns=PayoutBatchView,
            errors=(PayoutBatchNotFound,),
        ),
        Operation(
            id="getBankFile",
            method="GET",
            path="/v1/payout_batches/{batch_id}/file",
            ids=ids,
            summary="Download the file for the bank",
            description="pain.001 for payouts, pain.008 for debits. It never changes.",
            handler=get_bank_file,
            scope="bank_files:read",
            returns=File,
            media_types=("application/xml",),
            errors=(BankFileNotFound,),
        ),
        Operation(
            id="handOverBankFile",
            method="POST",
            path="/v1/payout_batches/{batch_id}/hand_over",
            ids=ids,
            summary="Note that the bank has been given the file",
            handler=hand_over,
            scope="bank_files:write",
            returns=BankFileView,
            errors=(BankFileNotFound,),
        ),
        Operation(
            id="takeStatusReport",
            method="POST",
            path="/v1/bank_status_reports",
            summary="Take in what the bank answers to files (pain.002)",
            description=(
                "Payouts that it rejects fail, those that it calls settled are paid. Sending it "
                "again changes nothing."
            ),
            handler=take_status_report,
            scope="bank_files:write",
            body=TakeStatusReport,
            returns=StatusReportView,
            errors=(UnreadableReport,),
            example={
                "report": (
                    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">'
                    "<CstmrPmtStsRpt/></Document>"
                )
            },
        ),
    ]


async def list_batches(call: Call[ListQuery]) -> List[PayoutBatchView]:
    page = await payouts.list_batches(call.tx, limit=call.query.limit, cursor=call.query.cursor)
    return List[PayoutBatchView].of(page, lambda batch: _view(batch, livemode=call.key.livemode))


async def get_batch(call: Call) -> PayoutBatchView:
    batch = await payouts.get_batch(call.tx, call.path["batch_id"])
    return _view(batch, livemode=call.key.livemode)


async def get_bank_file(call: Call) -> File:
    file = await bank_files.get_file(call.tx, call.path["batch_id"])
    return File(file.name, "application/xml", file.content)


async def hand_over(call: Call) -> BankFileView:
    by = call.tx.cause.actor or call.tx.cause.id
    file = await bank_files.hand_over(call.tx, call.path["batch_id"], by)
    return BankFileView(
        batch=BATCH.text(file.batch_id),
        name=file.name,
        format=file.format,
        size_bytes=len(file.content),
        created_at=file.created_at,
        handed_over_at=file.handed_over_at,
        handed_over_by=file.handed_over_by,
    )


async def take_status_report(call: Call, body: TakeStatusReport) -> StatusReportView:
    told = await bank_files.take_status(call.tx, body.report.encode())
    return StatusReportView(settled_or_rejected=told)


def _view(batch: model.PayoutBatch, *, livemode: bool) -> PayoutBatchView:
    return PayoutBatchView(
        id=BATCH.text(batch.batch_id),
        livemode=livemode,
        run=batch.run,
        kind=batch.kind,
        provider=batch.provider,
        rail=batch.rail,
        state=batch.state,
        count=batch.count,
        total=Amount.of(batch.total),
        created_at=batch.created_at,
        closed_at=batch.closed_at,
    )
