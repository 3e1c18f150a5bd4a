"""Invoices over HTTP, as a developer meets them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from banyan.invoicing.api import operations
from banyan.parties import SELLER
from tests.http_client import client_of
from tests.invoicing.conftest import Market

ENTITY = {
    "name": "Feira <b>Ltda.</b>",
    "address": "Rua do Comércio 12",
    "city": "São Paulo",
    "country": "BR",
    "tax_id": "12.345.678/0001-95",
    "language": "pt",
}


@pytest.fixture
async def client(market: Market) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(market.database, market.marketplace, operations()) as opened:
        yield opened


async def _post(client: httpx.AsyncClient, path: str, **body: object) -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": f"{path}{body}"})


async def test_from_the_entity_to_the_document(client: httpx.AsyncClient, market: Market) -> None:
    ana = await market.add_seller()
    seller = SELLER.text(ana)
    payment = await market.sell({ana: 10_000})
    refused = await _post(client, "/v1/invoices/issue", seller=seller)
    assert (refused.status_code, refused.json()["code"]) == (409, "legal_entity_missing")
    assert (await client.put("/v1/legal_entity", json=ENTITY)).json()["invoice_prefix"] == "INV"
    assert (await client.get("/v1/legal_entity")).json()["language"] == "pt"
    details = await client.get(f"/v1/sellers/{seller}/billing_details")
    assert details.json()["missing"] == ["name", "address", "city"]
    given = {"name": "Ana", "address": "Rua 1", "city": "Lapa", "country": "BR", "tax_id": "9"}
    details = await client.put(f"/v1/sellers/{seller}/billing_details", json=given)
    assert details.json()["missing"] == []
    [draft] = (await client.get(f"/v1/sellers/{seller}/invoice_preview")).json()["documents"]
    assert (draft["gross"]["amount"], draft["lines"]) == (1_260, 1)

    made = await _post(client, "/v1/invoices/issue", seller=seller, month=None)
    [invoice] = made.json()["data"]
    assert (made.status_code, invoice["number"]) == (201, "INV-2018-000001")
    again = await _post(client, "/v1/invoices/issue", seller=seller, month=None)
    assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    path = f"/v1/invoices/{invoice['id']}"
    assert (await client.get(path)).json() == invoice
    [line] = (await client.get(f"{path}/lines")).json()["data"]
    assert (line["tax_rate_bp"], line["subject"], line["code"]) == (500, "ord_1", "commission")

    page = await client.get(f"{path}/document")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-disposition"] == 'inline; filename="INV-2018-000001.html"'
    assert "script" not in page.text
    assert "Feira &lt;b&gt;Ltda.&lt;/b&gt;" in page.text
    assert "<h1>Fatura</h1>" in page.text
    assert "R$\xa012,60" in page.text
    listed = await client.get(f"{path}/document", params={"format": "csv"})
    assert listed.headers["content-disposition"].startswith("attachment")
    assert listed.text.splitlines()[1].endswith("Comissão,BR-ISS,5,12.00,0.60,12.60,BRL")
    content = await client.get(f"{path}/document", params={"format": "json"})
    assert content.json()["gross"] == 1_260

    await market.refund(payment, 5_000)
    [note] = (await _post(client, "/v1/invoices/issue", seller=seller)).json()["data"]
    assert (note["kind"], note["refers_to"]) == ("credit_note", invoice["id"])
    found = await client.get("/v1/invoices", params={"refers_to": invoice["id"]})
    assert found.json()["data"] == [note]
    [covered] = (await client.get("/v1/invoices/coverage")).json()["data"]
    assert (covered["is_covered"], covered["ledger"]["amount"]) == (True, 630)


async def test_a_month_for_all_and_what_cannot_be(
    client: httpx.AsyncClient, market: Market
) -> None:
    await client.put("/v1/legal_entity", json=ENTITY | {"is_automatic": False})
    sellers = [await market.add_seller(f"S{n}") for n in range(3)]
    await market.sell(dict.fromkeys(sellers, 1_000))
    early = await _post(client, "/v1/invoices/run", month="2018-03")
    assert (early.status_code, early.json()["code"]) == (400, "invalid_fiscal_month")
    await market.to_april()
    queued = await _post(client, "/v1/invoices/run", month="2018-03")
    assert (queued.status_code, queued.json()["month"]) == (202, "2018-03")
    await market.run()
    invoices = (await client.get("/v1/invoices")).json()["data"]
    assert {one["seller"] for one in invoices} == {SELLER.text(seller) for seller in sellers}
    missing = await client.get("/v1/invoices/inv_01h455vb4pex5vsknk084sn02q")
    assert (missing.status_code, missing.json()["code"]) == (404, "invoice_not_found")


async def test_the_journal_is_streamed(client: httpx.AsyncClient, market: Market) -> None:
    await market.sell({await market.add_seller(): 1_000})
    chart = {"lines": [{"pattern": "seller:*:*", "number": "1700", "name": "Sellers"}]}
    assert (await client.put("/v1/chart_of_accounts", json=chart)).json()["lines"] == chart["lines"]
    assert (await client.get("/v1/chart_of_accounts")).json()["lines"] == chart["lines"]
    answer = await client.get("/v1/exports/journal", params={"month": "2018-03"})
    assert "content-length" not in answer.headers
    assert answer.headers["content-disposition"] == 'attachment; filename="journal-2018-03.csv"'
    assert answer.text.splitlines()[-1].startswith("total,2018-03-31,")
    head = await client.head("/v1/exports/journal", params={"month": "2018-03"})
    assert (head.status_code, head.content) == (200, b"")
    for month in ("2018-13", "1900-01"):
        wrong = await client.get("/v1/exports/journal", params={"month": month})
        assert wrong.status_code == 400
