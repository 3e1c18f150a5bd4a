"""What is billed, and what is given back of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from banyan import invoicing, operations, payments
from banyan.invoicing import EntityDraft, InvalidMonth, LegalEntityMissing
from banyan.invoicing.model import Language
from banyan.kernel import Money, new_id
from banyan.parties import SELLER, SellerNotFound
from banyan.payments import PAYMENT, RefundItem, Terms
from banyan.payments.providers import DisputeReport
from banyan.payments.service import disputes
from tests.invoicing.conftest import ENTITY, Market


async def test_commission_and_its_tax_are_billed_once(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    await market.sell({ana: 10_000})
    await market.sell({ana: 5_000}, order="ord_2")
    [invoice] = await market.issue(ana)
    assert (invoice.kind, invoice.number) == ("invoice", "INV-2018-000001")
    assert (invoice.net_minor, invoice.tax_minor) == (1_800, 90)
    async with market.begin() as tx:
        page = await invoicing.list_lines(tx, invoice.invoice_id)
    assert [(line.net_minor, line.tax_minor, line.rate_bp) for line in page.data] == [
        (1_200, 60, 500),
        (600, 30, 500),
    ]
    assert await market.issue(ana) == []
    covered = (await market.check())["BRL"]
    assert (covered.invoiced.minor, covered.open.minor, covered.ledger.minor) == (1_890, 0, 1_890)


async def test_what_goes_back_before_the_invoice_is_taken_off_it(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    payment = await market.sell({ana: 10_000})
    await market.refund(payment, 2_500)
    [invoice] = await market.issue(ana)
    assert (invoice.kind, invoice.net_minor, invoice.tax_minor) == ("invoice", 900, 45)
    await market.check()


async def test_what_goes_back_after_the_invoice_is_on_a_credit_note(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    payment = await market.sell({ana: 10_000})
    [invoice] = await market.issue(ana)
    await market.refund(payment, 2_500)
    await market.sell({ana: 1_000}, order="ord_2")
    second, note = await market.issue(ana)
    assert (second.number, second.net_minor) == ("INV-2018-000002", 120)
    assert (note.kind, note.number) == ("credit_note", "CN-2018-000001")
    assert note.refers_to == invoice.invoice_id
    assert (note.net_minor, note.tax_minor) == (300, 15)
    async with market.begin() as tx:
        document = await invoicing.document_of(tx, note.invoice_id)
        [line] = (await invoicing.list_lines(tx, note.invoice_id)).data
    assert json.loads(document.content)["refers_to"]["number"] == invoice.number
    assert line.rate_bp == 500
    covered = (await market.check())["BRL"]
    assert (covered.invoiced.minor, covered.credited.minor) == (1_386, 315)


async def test_each_seller_of_a_refund_gets_back_what_was_taken_from_them(market: Market) -> None:
    ana, bea = await market.add_seller("Ana"), await market.add_seller("Bea")
    await market.set_entity()
    payment = await market.sell({ana: 9_999, bea: 3_333})
    for seller in (ana, bea):
        await market.issue(seller)
    await market.refund(payment, 1_111)
    await market.refund(payment)
    [of_ana], [of_bea] = await market.issue(ana), await market.issue(bea)
    assert (of_ana.net_minor, of_ana.tax_minor) == (1_200, 60)
    assert (of_bea.net_minor, of_bea.tax_minor) == (400, 20)
    covered = (await market.check())["BRL"]
    assert covered.ledger.minor == 0 == covered.unattributed.minor


async def test_nothing_is_issued_for_what_cancels_out(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    await market.refund(await market.sell({ana: 10_000}))
    assert await market.issue(ana) == []
    await market.check()


async def test_a_dispute_gives_back_and_a_won_one_takes_again(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    await market.sell({ana: 10_000}, token="tok_dispute_won")
    [invoice] = await market.issue(ana)
    await market.to(datetime(2018, 3, 7, tzinfo=UTC))
    [note] = await market.issue(ana)
    assert (note.refers_to, note.gross) == (invoice.invoice_id, invoice.gross)
    await market.to(datetime(2018, 3, 20, tzinfo=UTC))
    [again] = await market.issue(ana)
    assert (again.kind, again.gross) == ("invoice", invoice.gross)
    assert (await market.check())["BRL"].ledger == invoice.gross


async def test_what_a_dispute_holds_again_is_given_back_to_its_sellers(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    payment_id = await market.sell({ana: 10_000})
    [invoice] = await market.issue(ana)
    refund_id, zero = new_id(), Money.zero("BRL")
    lost = DisputeReport(
        "case-1", PAYMENT.text(payment_id), Money.of(10_000, "BRL"), zero, "lost", "No.",
        reason_code="13.1",
    )  # fmt: skip
    async with market.begin() as tx:
        await payments.refund(tx, payment_id, None, refund_id, "Damaged.", "ann")
        await disputes.apply_report(tx, lost)
        [dispute] = (await payments.list_disputes(tx)).data
        assert dispute.held_minor == 0
        await payments.cancel_refund(tx, refund_id, "The bank has given it back.")
    await market.run()
    async with market.begin() as tx:
        [dispute] = (await payments.list_disputes(tx)).data
        assert (dispute.held_minor, dispute.round) == (10_000, 2)
    [note] = await market.issue(ana)
    assert (note.kind, note.gross) == ("credit_note", invoice.gross)
    assert (await market.check())["BRL"].unattributed.minor == 0


async def test_what_a_refund_holds_again_is_given_back_to_those_who_give_it(market: Market) -> None:
    ana, bea = await market.add_seller("Ana"), await market.add_seller("Bea")
    await market.set_entity()
    payment_id = await market.sell({ana: 10_000, bea: 10_000}, token="tok_refund_fails_once")
    for seller in (ana, bea):
        await market.issue(seller)
    first, hundred = new_id(), Money.of(10_000, "BRL")
    async with market.begin() as tx:
        await payments.refund(tx, payment_id, hundred, first, "Damaged.", "ann")
    await market.run()
    async with market.begin() as tx:
        assert (await payments.get_refund(tx, first)).state == "failed"
        items = [RefundItem(ana, hundred)]
        await payments.refund(tx, payment_id, None, new_id(), "Lost.", "ann", items=items)
    await market.run()
    async with market.begin() as tx:
        await payments.send_refund_again(tx, first)
    await market.run()
    for seller in (ana, bea):
        [note] = await market.issue(seller)
        assert (note.kind, note.net_minor, note.tax_minor) == ("credit_note", 1_200, 60)
    covered = (await market.check())["BRL"]
    assert covered.ledger.minor == 0 == covered.unattributed.minor


async def test_every_currency_has_an_invoice_of_its_own(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    await market.sell({ana: 10_000})
    await market.sell({ana: 10_000}, order="ord_2", currency="JPY")
    issued = await market.issue(ana)
    assert [(one.currency, one.gross.minor) for one in issued] == [("BRL", 1_260), ("JPY", 1_260)]


async def test_what_is_booked_by_hand_is_billed_to_who_it_was_taken_from(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    path = f"seller:{SELLER.text(ana)}:available"
    await market.book(path, "platform:commission", 2_000, "listing_fee")
    await market.book("platform:goodwill", "platform:commission", 700)
    await market.book(path, "tax:BR-ISS:commission", 100, "listing_fee_tax")
    [invoice] = await market.issue(ana)
    assert (invoice.net_minor, invoice.tax_minor) == (2_000, 100)
    await market.book("platform:commission", path, 500, "listing_fee_back")
    [note] = await market.issue(ana)
    assert (note.kind, note.refers_to, note.net_minor) == ("credit_note", None, 500)
    assert (await market.check())["BRL"].unattributed.minor == 700


async def test_a_month_is_billed_when_it_is_over(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    await market.sell({ana: 10_000})
    with pytest.raises(InvalidMonth):
        await market.issue(ana, "2018-03")
    await market.to(datetime(2018, 4, 2, tzinfo=UTC))
    await market.sell({ana: 4_000}, order="ord_2")
    async with market.begin() as tx:
        [march] = (await invoicing.list_invoices(tx)).data
    assert (march.net_minor, march.ends_at) == (1_200, datetime(2018, 4, 1, tzinfo=UTC))
    await market.to(datetime(2018, 6, 2, tzinfo=UTC))
    async with market.begin() as tx:
        april, _ = (await invoicing.list_invoices(tx)).data
    assert (april.number, april.net_minor) == ("INV-2018-000002", 480)
    assert april.ends_at == datetime(2018, 5, 1, tzinfo=UTC)
    await market.check()


async def test_a_month_begins_where_the_entity_is(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity(_in("America/Sao_Paulo"))
    await market.to(datetime(2018, 4, 1, 2, tzinfo=UTC))
    await market.sell({ana: 10_000})
    await market.to(datetime(2018, 4, 1, 4, tzinfo=UTC))
    async with market.begin() as tx:
        [invoice] = (await invoicing.list_invoices(tx)).data
    assert invoice.ends_at == datetime(2018, 4, 1, 3, tzinfo=UTC)


async def test_missing_details_are_said_and_become_a_case(market: Market) -> None:
    ana = await market.add_seller()
    await market.set_entity()
    await market.sell({ana: 10_000})
    async with market.begin() as tx:
        preview = await invoicing.preview(tx, ana)
    assert preview.missing == ("address", "city", "name")
    assert [one.net.minor for one in preview.statements] == [1_200]
    [invoice] = await market.issue(ana)
    assert invoice.missing == ["name", "address", "city"]
    async with market.begin() as tx:
        document = await invoicing.document_of(tx, invoice.invoice_id)
        [case] = await operations.cases_of(tx, SELLER.text(ana))
        assert "Not known when this was issued: name, address, city." in document.html
        assert (case.state, case.kind) == ("open", "invoice.details_missing")
        details = invoicing.BillingDraft(
            name="Ana Souza", address="Avenida 1", city="Belo Horizonte", country="BR"
        )
        await invoicing.set_details(tx, ana, details)
        [case] = await operations.cases_of(tx, SELLER.text(ana))
        assert case.state == "withdrawn"
        assert (await invoicing.preview(tx, ana)).missing == ()


async def test_reverse_charge_is_told_and_needs_the_sellers_tax_id(market: Market) -> None:
    ana = await market.add_seller(country="FR")
    await market.set_entity(_in("Europe/Berlin", language="de"))
    async with market.begin() as tx:
        details = invoicing.BillingDraft(name="Ana", address="1 rue", city="Lyon", country="FR")
        await invoicing.set_details(tx, ana, details)
    await market.sell({ana: 10_000}, currency="EUR", terms=_terms(0, "FR-REVERSE"))
    [invoice] = await market.issue(ana)
    assert (invoice.missing, invoice.tax_minor) == (["tax_id"], 0)
    async with market.begin() as tx:
        document = await invoicing.document_of(tx, invoice.invoice_id)
    assert "Steuerschuldnerschaft des Leistungsempfängers" in document.html


async def test_it_needs_an_entity_and_a_seller(market: Market) -> None:
    ana = await market.add_seller()
    with pytest.raises(LegalEntityMissing):
        await market.issue(ana)
    await market.set_entity()
    with pytest.raises(SellerNotFound):
        await market.issue(new_id())


def _terms(tax_bp: int, jurisdiction: str) -> Terms:
    return Terms(1_200, tax_bp, jurisdiction)


def _in(time_zone: str, language: Language = "en") -> EntityDraft:
    return replace(ENTITY, time_zone=time_zone, language=language)
