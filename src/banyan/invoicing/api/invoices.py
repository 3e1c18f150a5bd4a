"""Invoices and credit notes over HTTP."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.invoicing import model
from banyan.invoicing.api.shapes import (
    CoverageView,
    InvoiceLineView,
    InvoiceView,
    PreviewView,
    coverage_view,
    draft_view,
    invoice_view,
    line_view,
)
from banyan.invoicing.errors import (
    DocumentAltered,
    InvalidMonth,
    InvoiceNotFound,
    LegalEntityMissing,
)
from banyan.invoicing.model import INVOICE
from banyan.invoicing.rules import MONTH_PATTERN
from banyan.invoicing.service import issuing, parties, reading
from banyan.parties import SELLER, SellerNotFound
from banyan.runtime.http import Call, File, List, ListQuery, Operation, id_meta

_Month = Annotated[str, Meta(pattern=MONTH_PATTERN, examples=["2018-03"])]
_MEDIA_TYPES: dict[model.DocumentFormat, str] = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


class ListInvoices(ListQuery, kw_only=True, forbid_unknown_fields=True):
    kind: model.InvoiceKind | None = None
    seller: Annotated[str, id_meta(SELLER)] | None = None
    refers_to: Annotated[str, id_meta(INVOICE)] | None = None


class GetDocument(Struct, kw_only=True, forbid_unknown_fields=True):
    format: Annotated[
        model.DocumentFormat,
        Meta(description="The page, the list of its lines, or its content."),
    ] = "html"


class IssueInvoices(Struct, kw_only=True, forbid_unknown_fields=True):
    """Without ``month``: everything until now."""

    seller: Annotated[str, id_meta(SELLER)]
    month: _Month | None = None


class RunInvoices(Struct, kw_only=True, forbid_unknown_fields=True):
    month: _Month


class InvoiceRunView(Struct, kw_only=True):
    object: Literal["invoice_run"] = "invoice_run"
    livemode: bool
    month: str


def operations() -> list[Operation]:
    return [*_reading(), *_issuing()]


def _reading() -> list[Operation]:
    return [
        Operation(
            id="listInvoices",
            method="GET",
            path="/v1/invoices",
            summary="List invoices and credit notes, the newest first",
            handler=list_invoices,
            scope="invoices:read",
            query=ListInvoices,
            returns=List[InvoiceView],
        ),
        Operation(
            id="getInvoice",
            method="GET",
            path="/v1/invoices/{invoice_id}",
            ids={"invoice_id": INVOICE},
            summary="Fetch an invoice or credit note",
            handler=get_invoice,
            scope="invoices:read",
            returns=InvoiceView,
            errors=(InvoiceNotFound,),
        ),
        Operation(
            id="listInvoiceLines",
            method="GET",
            path="/v1/invoices/{invoice_id}/lines",
            ids={"invoice_id": INVOICE},
            summary="List what a document bills, booking by booking",
            handler=list_lines,
            scope="invoices:read",
            query=ListQuery,
            returns=List[InvoiceLineView],
            errors=(InvoiceNotFound,),
        ),
        Operation(
            id="getInvoiceDocument",
            method="GET",
            path="/v1/invoices/{invoice_id}/document",
            ids={"invoice_id": INVOICE},
            summary="Fetch the document as it was issued",
            description="`html` prints to A4; `csv` lists the bookings; `json` is the content that "
            "is hashed. Nothing is given out whose hash is no longer the one it was issued with.",
            handler=get_document,
            scope="invoices:read",
            query=GetDocument,
            returns=File,
            media_types=tuple(_MEDIA_TYPES.values()),
            errors=(InvoiceNotFound, DocumentAltered),
        ),
        Operation(
            id="getInvoicePreview",
            method="GET",
            path="/v1/sellers/{seller_id}/invoice_preview",
            ids={"seller_id": SELLER},
            summary="See what a seller would be billed for now, and what is missing for it",
            handler=get_preview,
            scope="invoices:read",
            returns=PreviewView,
            errors=(SellerNotFound,),
        ),
        Operation(
            id="getInvoiceCoverage",
            method="GET",
            path="/v1/invoices/coverage",
            summary="Prove that every commission is billed once, beside the ledger",
            handler=get_coverage,
            scope="invoices:read",
            returns=List[CoverageView],
        ),
    ]


def _issuing() -> list[Operation]:
    return [
        Operation(
            id="issueInvoices",
            method="POST",
            path="/v1/invoices/issue",
            summary="Bill a seller now",
            description="One invoice for each currency, and a credit note for each invoice that "
            "something was given back of. An empty list if there is nothing to bill.",
            handler=issue,
            scope="invoices:write",
            body=IssueInvoices,
            returns=List[InvoiceView],
            status=201,
            errors=(SellerNotFound, LegalEntityMissing, InvalidMonth),
            needs_idempotency_key=True,
            example={"seller": "sel_01h455vb4pex5vsknk084sn02q"},
        ),
        Operation(
            id="runInvoices",
            method="POST",
            path="/v1/invoices/run",
            summary="Bill every seller for a month that is over",
            description="It runs by itself when a month is over, unless the legal entity says "
            "otherwise. Sellers who have been billed already get nothing more.",
            handler=run,
            scope="invoices:write",
            body=RunInvoices,
            returns=InvoiceRunView,
            status=202,
            errors=(LegalEntityMissing, InvalidMonth),
            needs_idempotency_key=True,
            example={"month": "2018-02"},
        ),
    ]


async def list_invoices(call: Call[ListInvoices]) -> List[InvoiceView]:
    query = call.query
    page = await reading.list_invoices(
        call.tx,
        kind=query.kind,
        seller_id=None if query.seller is None else SELLER.parse(query.seller),
        refers_to=None if query.refers_to is None else INVOICE.parse(query.refers_to),
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[InvoiceView].of(page, lambda one: invoice_view(one, livemode=call.key.livemode))


async def get_invoice(call: Call) -> InvoiceView:
    invoice = await reading.get_invoice(call.tx, call.path["invoice_id"])
    return invoice_view(invoice, livemode=call.key.livemode)


async def list_lines(call: Call[ListQuery]) -> List[InvoiceLineView]:
    invoice = await reading.get_invoice(call.tx, call.path["invoice_id"])
    query = call.query
    page = await reading.list_lines(
        call.tx, invoice.invoice_id, limit=query.limit, cursor=query.cursor
    )
    return List[InvoiceLineView].of(page, lambda line: line_view(line, invoice.currency))


async def get_document(call: Call[GetDocument]) -> File:
    invoice = await reading.get_invoice(call.tx, call.path["invoice_id"])
    wanted = call.query.format
    if wanted == "csv":
        text = await reading.lines_csv(call.tx, invoice.invoice_id)
    else:
        document = await reading.document_of(call.tx, invoice.invoice_id)
        text = document.html if wanted == "html" else document.content
    name = f"{invoice.number}.{wanted}"
    return File(name, _MEDIA_TYPES[wanted], text.encode(), is_shown=wanted == "html")


async def get_preview(call: Call) -> PreviewView:
    seller_id = call.path["seller_id"]
    preview = await issuing.preview(call.tx, seller_id)
    return PreviewView(
        livemode=call.key.livemode,
        seller=SELLER.text(seller_id),
        documents=[draft_view(statement) for statement in preview.statements],
        missing=list(preview.missing),
    )


async def get_coverage(call: Call) -> List[CoverageView]:
    return List[CoverageView].whole(map(coverage_view, await reading.coverage(call.tx)))


async def issue(call: Call, body: IssueInvoices) -> List[InvoiceView]:
    issued = await issuing.issue(
        call.tx, SELLER.parse(body.seller, pointer="/seller"), month=body.month
    )
    return List[InvoiceView].whole(
        invoice_view(invoice, livemode=call.key.livemode) for invoice in issued
    )


async def run(call: Call, body: RunInvoices) -> InvoiceRunView:
    await parties.queue_month(call.tx, body.month)
    return InvoiceRunView(livemode=call.key.livemode, month=body.month)
