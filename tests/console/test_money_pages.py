"""The pages of money on real data: disputes, reconciliation, payouts, invoices, the ledger's months."""

import base64
import hashlib
import re
from uuid import UUID

import httpx
import pytest

from banyan import invoicing, ledger, payments, reconciliation
from banyan.invoicing import INVOICE, EntityDraft
from banyan.parties import SELLER
from banyan.payments import ANSWER, DISPUTE, PAYMENT, PAYOUT, Dispute, Payout
from tests.console.conftest import Console
from tests.orders.market import Market

BASE = "/console/sandbox"


async def test_a_dispute_tells_what_is_next_and_a_person_decides_it_by_its_case(
    console: Console, market: Market
) -> None:
    dispute = await disputed(market, "tok_dispute_needs_delivery", is_delivered=False)
    here = f"{BASE}/disputes/{DISPUTE.text(dispute.dispute_id)}"
    browser = await console.enter("operator")
    assert here in await browser.open(f"{BASE}/disputes")
    page = await browser.open(here)
    assert browser.status == 200
    for text in (
        "A person has to choose what the bank is told.",
        "R$104.90",
        "the seller bears disputes for not received.",
        "kept apart until the bank has decided",
        f"{BASE}/payments/{PAYMENT.text(dispute.payment_id)}",
        f"{BASE}/orders/{dispute.subject}",
        "Nothing has been answered.",
    ):
        assert text in page, text
    assert here in await browser.open(f"{BASE}/payments/{PAYMENT.text(dispute.payment_id)}")
    page = await browser.open(here)
    case = re.search(rf'action="({BASE}/cases/cas_\w+)/resolve"', page)
    assert case is not None
    await browser.submit(f"{case[1]}/resolve", {"resolution": "contest", "note": "it was sent"})
    await market.run()
    page = await browser.open(here)
    assert "Contested, chargeback" in page
    assert "operator@example.com decided to contest: it was sent" in page
    assert "We have answered; the bank decides now" in page


async def test_the_evidence_is_shown_as_it_was_sent_under_a_policy_that_allows_its_style_only(
    console: Console, market: Market
) -> None:
    dispute = await disputed(market, "tok_dispute_won")
    browser = await console.enter("viewer")
    here = f"{BASE}/disputes/{DISPUTE.text(dispute.dispute_id)}"
    page = await browser.open(here)
    assert "It is over: R$104.90 stays with us." in page
    link = re.search(rf'href="({here}/evidence/ans_\w+)"', page)
    assert link is not None
    answer = await browser.client.get(link[1])
    assert answer.status_code == 200
    assert f"Evidence on {DISPUTE.text(dispute.dispute_id)}" in answer.text
    assert_shown_as_document(answer)
    await browser.open(f"{BASE}/disputes/{DISPUTE.text(dispute.payment_id)}")
    assert browser.status == 404
    await browser.open(f"{here}/evidence/{ANSWER.text(UUID(int=7))}")
    assert browser.status == 404


async def test_reconciliation_shows_where_sides_differ_with_the_case_that_decides_it(
    console: Console, market: Market
) -> None:
    browser = await console.enter("analyst")
    page = await browser.open("/console/live/reconciliation")
    assert "Nothing to compare yet" in page
    assert "banyan reconcile import" in page
    await market.ship_and_deliver(await market.place())
    report = (
        "line,type,date,currency,gross,fee,net,key,reference,payment,batch,description\n"
        "r9,capture,2018-03-01,BRL,77.00,2.00,75.00,,psp-strange,,,\n"
    )
    async with market.database.transaction(market.marketplace_id) as tx:
        await reconciliation.import_report(tx, "sandbox", "banyan", report.encode(), by="ann")
    await market.run()
    page = await browser.open(f"{BASE}/reconciliation")
    for text in ("1 difference that nothing explains", "psp-strange", "Settlement report", "ann"):
        assert text in page, text
    case = re.search(rf'href="({BASE}/cases/cas_\w+)"', page)
    assert case is not None
    await browser.open(case[1])
    assert (browser.status, "psp-strange" in browser.page) == (200, True)
    page = await browser.open(f"{BASE}/reconciliation/lines?side=provider&source=sandbox")
    assert "Provider: sandbox" in page
    assert "psp-strange" in page
    page = await browser.open(f"{BASE}/reconciliation/lines?side=books&state=matched")
    assert "psp-strange" not in page
    await browser.open(f"{BASE}/reconciliation?cursor=abc")
    assert browser.status == 400


async def test_a_payout_tells_where_it_is_and_what_it_is_made_up_of(
    console: Console, market: Market
) -> None:
    payout = await paid_out(market)
    here = f"{BASE}/payouts/{PAYOUT.text(payout.payout_id)}"
    browser = await console.enter("viewer")
    assert f'href="{here}"' in await browser.open(f"{BASE}/payouts")
    page = await browser.open(here)
    assert browser.status == 200
    for text in ("Casa Aurora", "What it is made up of", "Commission", "Left after", "Succeeded"):
        assert text in page, text
    sums = page[page.index('id="sums-title"') :]
    cells = re.findall(r'<td class="amount">([^<]+)</td>', sums[: sums.index("</table>")])
    amounts = [number(text) for text in cells]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1])
    batch = re.search(rf'href="({BASE}/payouts/batches/pob_\w+)"', page)
    assert batch is not None
    assert here in await browser.open(batch[1])
    assert browser.status == 200
    statement = await browser.client.get(f"{here}/statement")
    assert "Statement of account" in statement.text
    assert_shown_as_document(statement)


async def test_the_seller_page_tells_when_the_next_money_comes_and_leads_to_the_statement(
    console: Console, market: Market
) -> None:
    await paid_out(market)
    here = f"{BASE}/sellers/{SELLER.text(market.seller_id)}"
    browser = await console.enter("viewer")
    page = await browser.open(here)
    assert "Next payout" in page
    assert "Every day" in page
    period = "from=2018-03-01&until=2018-03-20&currency=BRL"
    statement = await browser.client.get(f"{here}/statement?{period}")
    assert "Casa Aurora" in statement.text
    assert_shown_as_document(statement)
    listed = await browser.client.get(f"{here}/statement?{period}&format=csv")
    assert listed.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in listed.headers["content-disposition"]
    assert "payout" in listed.text
    for wrong in ("", "?from=today&until=2018-03-20", "?from=2018-03-20&until=2018-03-01"):
        await browser.open(f"{here}/statement{wrong}")
        assert browser.status == 422


async def test_an_invoice_shows_what_it_bills_and_its_document_to_the_letter(
    console: Console, market: Market
) -> None:
    order = await market.ship_and_deliver(await market.place())
    await market.wait(days=12)
    entity = EntityDraft(
        name="Feira Ltda.",
        address="Rua do Comércio 12",
        postal_code="01009-000",
        city="São Paulo",
        country="BR",
        tax_id="12.345.678/0001-95",
    )
    async with market.database.transaction(market.marketplace_id) as tx:
        await invoicing.set_entity(tx, entity)
        [invoice] = await invoicing.issue(tx, market.seller_id)
        issued = await invoicing.document_of(tx, invoice.invoice_id)
    here = f"{BASE}/invoices/{INVOICE.text(invoice.invoice_id)}"
    browser = await console.enter("viewer")
    page = await browser.open(f"{BASE}/invoices?proof=yes")
    for text in (here, "Casa Aurora", "Billed once or waiting"):
        assert text in page, text
    page = await browser.open(here)
    assert browser.status == 200
    for text in (invoice.number, order.reference, f"{BASE}/ledger/transfers/trf_", "Commission"):
        assert text in page, text
    shown = await browser.client.get(f"{here}/document")
    assert shown.text == issued.html
    assert_shown_as_document(shown)
    listed = await browser.client.get(f"{here}/lines.csv")
    assert "attachment" in listed.headers["content-disposition"]
    assert order.reference in listed.text
    page = await browser.open(f"{BASE}/invoices?kind=credit_note")
    assert here not in page
    await browser.open(f"{BASE}/invoices/{INVOICE.text(UUID(int=7))}/document")
    assert browser.status == 404


async def test_the_ledger_shows_closed_months_and_the_hash_that_stands_for_all(
    console: Console, market: Market
) -> None:
    await market.place()
    await market.wait(days=40)
    async with market.database.transaction(market.marketplace_id) as tx:
        await ledger.close_month(tx, "2018-03")
    await market.run()
    async with market.database.transaction(market.marketplace_id) as tx:
        while not await ledger.is_sealed(tx):
            assert await ledger.seal(tx)
        seal = await ledger.head(tx)
    assert seal is not None
    browser = await console.enter("viewer")
    page = await browser.open(f"{BASE}/ledger/periods")
    for text in ("March 2018", "All sealed", seal.hash.hex(), f"{BASE}/ledger/periods/2018-03"):
        assert text in page, text
    page = await browser.open(f"{BASE}/ledger/periods/2018-03")
    assert "Debits equal credits" in page
    for month, status in (("2018-02", 404), ("March", 400)):
        await browser.open(f"{BASE}/ledger/periods/{month}")
        assert browser.status == status
    page = await browser.open("/console/live/ledger/periods")
    assert "banyan ledger close --marketplace mkt_" in page


async def test_an_accounts_statement_adds_up_between_two_days(
    console: Console, market: Market
) -> None:
    await market.ship_and_deliver(await market.place())
    browser = await console.enter("viewer")
    account = f"{BASE}/ledger/accounts/platform:commission/BRL"
    assert f'href="{account}/statement"' in await browser.open(account)
    for time in ("effective", "recorded"):
        page = await browser.open(
            f"{account}/statement?since=2018-03-01&until=2018-04-01&time={time}"
        )
        assert browser.status == 200
        assert "Opening balance" in page
        foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
        body = page[page.index("<tbody>") : page.index("</tbody>")]
        moved = [number(text) for text in re.findall(r'"amount main">([^<]+)<', body)[1:]]
        told, closing = (number(text) for text in re.findall(r'"amount [^>]*>([^<]+)<', foot))
        assert moved
        assert sum(moved) == pytest.approx(told)
        assert told == closing > 0
    page = await browser.open(f"{account}/statement?since=2018-01-01&until=2018-02-01")
    assert "Nothing moved in this time." in page
    for wrong in ("since=2018-03-05&until=2018-03-01", "since=monday"):
        await browser.open(f"{account}/statement?{wrong}")
        assert browser.status == 400


def number(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


async def paid_out(market: Market) -> Payout:
    await market.ship_and_deliver(await market.place())
    await market.wait(days=12)
    async with market.database.transaction(market.marketplace_id) as tx:
        [payout] = (await payments.list_payouts(tx)).data
    return payout


async def disputed(market: Market, token: str, *, is_delivered: bool = True) -> Dispute:
    order = await market.place(token)
    if is_delivered:
        await market.ship_and_deliver(order)
    await market.wait(days=20 if is_delivered else 6)
    async with market.database.transaction(market.marketplace_id) as tx:
        [dispute] = (await payments.list_disputes(tx)).data
    return dispute


def assert_shown_as_document(answer: httpx.Response) -> None:
    """The policy lets the browser apply the document's own style, and nothing else."""
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<[^>]+\s(style|on\w+)=", answer.text)
    assert "<script" not in answer.text
