"""Issuing invoices and credit notes: numbered, frozen, each charge billed once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from banyan.invoicing import rules
from banyan.invoicing.model import (
    INVOICE,
    BillingDetails,
    Document,
    Invoice,
    LegalEntity,
    Owing,
    Preview,
    Statement,
)
from banyan.invoicing.service.collecting import collect_all
from banyan.invoicing.service.parties import DETAILS_CASE, get_entity, past_month
from banyan.invoicing.store import charges as charges_store
from banyan.invoicing.store import invoices as store
from banyan.invoicing.store.parties import find_details
from banyan.kernel import new_id
from banyan.operations import CaseDraft, open_cases
from banyan.parties import SELLER, get_seller
from banyan.runtime import Event, Transaction

_DETAILS_WITHIN = timedelta(days=7)
_INSTANT = timedelta(microseconds=1)


async def issue(tx: Transaction, seller_id: UUID, *, month: str | None = None) -> list[Invoice]:
    """Bill a seller in every currency: all until now, or until the end of a month that is over.

    Nothing if there is nothing to bill. ``SellerNotFound``, ``LegalEntityMissing``,
    ``InvalidMonth``.
    """
    await get_seller(tx, seller_id)
    entity = await get_entity(tx)
    since, until = None, tx.now + _INSTANT
    if month is not None:
        since, until = past_month(tx, entity, month)
    await collect_all(tx)
    issued = list[Invoice]()
    for currency in await charges_store.select_currencies(tx, seller_id, until):
        issued += await issue_owing(tx, entity, Owing(seller_id, currency), since, until)
    return issued


async def preview(tx: Transaction, seller_id: UUID) -> Preview:
    """What would be billed to a seller now, out of what has been taken over from the ledger.

    It takes over the rest first, and issues nothing. ``SellerNotFound``.
    """
    await get_seller(tx, seller_id)
    await collect_all(tx)
    until = tx.now + _INSTANT
    statements = list[Statement]()
    for currency in await charges_store.select_currencies(tx, seller_id, until):
        statements += await _assembled(tx, Owing(seller_id, currency), until)
    details = await find_details(tx, seller_id)
    missing = {name for one in statements for name in _missing(one, details)}
    if not statements:
        missing = {*rules.missing_in(details, is_reverse_charge=False)}
    return Preview(statements=tuple(statements), missing=tuple(sorted(missing)))


async def issue_owing(
    tx: Transaction, entity: LegalEntity, owing: Owing, since: datetime | None, until: datetime
) -> list[Invoice]:
    """Issue to one seller in one currency what is open until before ``until``."""
    await charges_store.lock_invoicing(tx)
    details = await find_details(tx, owing.seller_id)
    return [
        await _issue_statement(tx, entity, owing, details, statement, since, until)
        for statement in await _assembled(tx, owing, until)
    ]


async def _assembled(tx: Transaction, owing: Owing, until: datetime) -> Sequence[Statement]:
    charges = await charges_store.select_open(tx, owing, until)
    payment_ids = {charge.payment_id for charge in charges if charge.payment_id}
    billed = await charges_store.select_billed(tx, owing, payment_ids)
    return rules.assemble(charges, {one.payment_id: one for one in billed}, owing.currency)


async def _issue_statement(
    tx: Transaction,
    entity: LegalEntity,
    owing: Owing,
    details: BillingDetails | None,
    statement: Statement,
    since: datetime | None,
    until: datetime,
) -> Invoice:
    year = rules.year_of(entity, rules.day_of(tx.now, entity.time_zone).year)
    ordinal = await store.next_ordinal(tx, entity.entity_id, statement.kind, year)
    first = min(line.effective_at for line in statement.lines)
    invoice = Invoice(
        marketplace_id=tx.marketplace_id,
        invoice_id=new_id(tx.now),
        kind=statement.kind,
        entity_id=entity.entity_id,
        seller_id=owing.seller_id,
        currency=owing.currency,
        number=rules.number_of(entity, statement.kind, year, ordinal),
        year=year,
        ordinal=ordinal,
        refers_to=statement.refers_to,
        starts_at=first if since is None else min(first, since),
        ends_at=until,
        net_minor=statement.net.minor,
        tax_minor=statement.tax.minor,
        missing=list(_missing(statement, details)),
        issued_at=tx.now,
    )
    await store.insert_invoice(tx, invoice)
    await store.insert_lines(tx, invoice.invoice_id, statement.lines)
    document = await _document(tx, invoice, entity, details, statement)
    await store.insert_document(tx, invoice.invoice_id, document)
    billed = await charges_store.bill_charges(tx, statement.charges, invoice.invoice_id)
    assert billed == len(statement.charges), "a charge has been billed meanwhile"
    await tx.record(_issued(invoice))
    await _ask_for_details(tx, invoice)
    return invoice


async def _document(
    tx: Transaction,
    invoice: Invoice,
    entity: LegalEntity,
    details: BillingDetails | None,
    statement: Statement,
) -> Document:
    referred = statement.refers_to and await store.find_invoice(tx, statement.refers_to)
    content = rules.content_of(
        invoice,
        entity,
        details,
        statement.lines,
        statement.taxes,
        referred or None,
        SELLER.text(invoice.seller_id),
    )
    text, html = rules.written(content), rules.html_of(content)
    return Document(text, sha256(text.encode()).digest(), html, sha256(html.encode()).digest())


async def _ask_for_details(tx: Transaction, invoice: Invoice) -> None:
    """A document that lacks something is issued all the same, and somebody is told."""
    if not invoice.missing:
        return
    seller = SELLER.text(invoice.seller_id)
    lacks = ", ".join(name.replace("_", " ") for name in invoice.missing)
    case = CaseDraft(
        key=f"{DETAILS_CASE}/{invoice.invoice_id}",
        queue="payments",
        kind=DETAILS_CASE,
        subject=seller,
        title=f"{invoice.number} was issued without the seller's {lacks}",
        reason="Ask the seller for it. The next invoice will have it; this one stays as it is.",
        due_at=tx.now + _DETAILS_WITHIN,
        resolutions=("asked", "leave"),
        at_risk=invoice.gross,
        evidence={"invoice": INVOICE.text(invoice.invoice_id), "missing": invoice.missing},
    )
    await open_cases(tx, [case])


def _missing(statement: Statement, details: BillingDetails | None) -> tuple[str, ...]:
    is_reverse_charge = any(
        tax.jurisdiction.endswith(rules.REVERSE_CHARGE) for tax in statement.taxes
    )
    return rules.missing_in(details, is_reverse_charge=is_reverse_charge)


def _issued(invoice: Invoice) -> Event:
    text = INVOICE.text(invoice.invoice_id)
    return Event(
        "invoice.issued" if invoice.kind == "invoice" else "credit_note.issued",
        text,
        {
            "invoice": text,
            "number": invoice.number,
            "seller": SELLER.text(invoice.seller_id),
            "net": {"amount": invoice.net_minor, "currency": invoice.currency},
            "tax": {"amount": invoice.tax_minor, "currency": invoice.currency},
            "refers_to": None if invoice.refers_to is None else INVOICE.text(invoice.refers_to),
            "missing": invoice.missing,
        },
    )
