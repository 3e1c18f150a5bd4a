"""The HTTP operations of commission."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from banyan import parties
from banyan.commission import Defaults, api
from banyan.parties import SELLER, SellerDraft
from banyan.runtime import Database, Transaction
from tests.http_client import client_of

RULES, SETTINGS = "/v1/commission/rules", "/v1/commission/settings"


async def _defaults(tx: Transaction) -> Defaults:
    return Defaults(1_200)


@pytest.fixture
async def http(database: Database, sandbox: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database, sandbox, api.operations(_defaults)) as client:
        yield client


@pytest.fixture
async def seller(database: Database, sandbox: UUID) -> str:
    async with database.transaction(sandbox) as tx:
        draft = SellerDraft(name="Ana", country="BR", currency="BRL")
        return SELLER.text((await parties.create_seller(tx, draft)).seller_id)


def _example(operation_id: str) -> Any:
    return next(op.example for op in api.operations(_defaults) if op.id == operation_id)


async def test_a_rule_is_made_superseded_and_ended(http: httpx.AsyncClient) -> None:
    made = await http.post(RULES, json=_example("createCommissionRule"))
    first = made.json()
    assert (made.status_code, first["object"]) == (201, "commission_rule")
    assert first["words"] == "12 % Electronics since 2018-03-01 12:00, minimum 1.00 BRL"
    path = f"{RULES}/{first['id']}"
    assert (await http.get(path)).json() == first
    again = await http.post(RULES, json=_example("createCommissionRule"))
    assert (again.status_code, again.json()["code"]) == (409, "rule_clash")
    assert first["id"] in again.json()["detail"]
    second = await http.post(f"{path}/supersede", json=_example("supersedeCommissionRule"))
    assert (second.status_code, second.json()["supersedes"]) == (201, first["id"])
    listed = (await http.get(RULES, params={"category": "electronics"})).json()["data"]
    assert {rule["id"] for rule in listed} == {second.json()["id"], first["id"]}
    ended = await http.post(
        f"{RULES}/{second.json()['id']}/end", json=_example("endCommissionRule")
    )
    assert ended.json()["valid_until"] is not None


async def test_a_preview_says_who_gets_what_and_why(http: httpx.AsyncClient, seller: str) -> None:
    await http.post(RULES, json=_example("createCommissionRule"))
    fee = {"kind": "service_fee", "label": "Service", "rate_bp": 200}
    assert (await http.post(RULES, json=fee)).status_code == 201
    order = _example("previewCommission")
    order["lines"][0]["seller"] = seller
    order["shipping"] = [{"seller": seller, "amount": {"amount": 1_000, "currency": "BRL"}}]
    preview = (await http.post("/v1/commission/preview", json=order)).json()
    [share] = preview["shares"]
    assert share["platform_discount"]["amount"] == 1_899
    assert share["commission"]["amount"] == 2_279
    assert "12 % Electronics since 2018-03-01 12:00" in share["reason"]
    assert preview["service_fee"]["fee"]["amount"] == 342
    parts = share["net"]["amount"] + share["commission"]["amount"] + share["tax"]["amount"]
    assert parts == share["gross"]["amount"] + share["platform_discount"]["amount"]
    total = share["gross"]["amount"] + 342 + preview["service_fee"]["tax"]["amount"]
    assert preview["total"]["amount"] == total


async def test_a_preview_refuses_what_can_not_be(http: httpx.AsyncClient, seller: str) -> None:
    path, line = "/v1/commission/preview", {"seller": seller}
    brl, eur = ({"amount": 100, "currency": code} for code in ("BRL", "EUR"))
    unknown = {"seller": "sel_01h455vb4pex5vsknk084sn02q", "goods": brl}
    assert (await http.post(path, json={"lines": [unknown]})).status_code == 404
    mixed = {"lines": [{**line, "goods": brl}, {**line, "goods": eur}]}
    assert (await http.post(path, json=mixed)).status_code == 400
    voucher = {"code": "BIG", "funded_by": "seller", "amount": {"amount": 101, "currency": "BRL"}}
    large = await http.post(path, json={"lines": [{**line, "goods": brl}], "vouchers": [voucher]})
    assert (large.status_code, large.json()["code"]) == (422, "voucher_too_large")
    both = {**voucher, "rate_bp": 100}
    assert (
        await http.post(path, json={"lines": [{**line, "goods": brl}], "vouchers": [both]})
    ).status_code == 400


async def test_a_seller_is_put_into_a_tier(http: httpx.AsyncClient, seller: str) -> None:
    path = f"/v1/commission/sellers/{seller}"
    body = _example("setSellerTier")
    assert (await http.put(f"{path}/tier", json=body)).json()["code"] == "tier_not_found"
    made = await http.post("/v1/commission/tiers", json=_example("setCommissionTier"))
    assert made.json()["volume"]["amount"] == 5_000_000
    assert (await http.get("/v1/commission/tiers")).json()["data"] == [made.json()]
    put = (await http.put(f"{path}/tier", json=body)).json()
    assert (put["tier"], put["fixed"], put["seller"]) == ("gold", True, seller)
    assert (await http.get(f"{path}/tiers")).json()["data"] == [put]
    half = {"tier": "silver", "rank": 1, "window_days": 30}
    assert (await http.post("/v1/commission/tiers", json=half)).status_code == 400


async def test_settings_and_taxes(http: httpx.AsyncClient) -> None:
    before = (await http.get(SETTINGS)).json()
    assert (before["shipping_to"], before["updated_at"]) == ("seller", None)
    changed = (await http.post(SETTINGS, json={"shipping_to": "platform"})).json()
    assert (await http.get(SETTINGS)).json() == changed
    tax = (await http.get("/v1/commission/tax", params={"country": "BR"})).json()
    assert (tax["jurisdiction"], tax["rate_bp"]) == ("BR-ISS", 500)
    assert (await http.get("/v1/commission/tax", params={"country": "QQ"})).status_code == 400
