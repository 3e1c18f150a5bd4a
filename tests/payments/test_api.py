"""The HTTP operations: what they answer, and what they refuse."""

from collections.abc import AsyncIterator
from decimal import Decimal

import httpx
import pytest

from banyan import fx, parties, payments
from banyan.kernel import IdKind, new_id
from banyan.parties import SELLER, SellerDraft
from banyan.payments import PAYMENT, PAYOUT, REFUND
from banyan.payments.api import operations
from banyan.runtime.http import Principal, http_app
from tests.payments.conftest import SELLERS, Shop


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose key may do what payments offer; the key ``reader`` may only read payments."""

    async def authenticate(token: str) -> Principal | None:
        scopes = {"payments:read"} if token == "reader" else {
            "payments:read", "payments:write", "payouts:read", "payouts:write",
        }  # fmt: skip
        return Principal(
            marketplace_id=shop.marketplace,
            livemode=False,
            key_id=new_id(),
            scopes=frozenset(scopes),
        )

    app = http_app(operations=operations(), database=shop.database, authenticate=authenticate)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        headers={"authorization": "Bearer all"},
    ) as client:
        yield client


async def test_a_payment_is_shown_with_its_parts(shop: Shop, http: httpx.AsyncClient) -> None:
    payment_id = PAYMENT.text(await shop.pay(amounts=(10_000, 5_000)))
    answer = (await http.get(f"/v1/payments/{payment_id}")).json()
    assert (answer["object"], answer["state"], answer["order"]) == ("payment", "captured", "ord_1")
    assert answer["provider_fee"] == {"amount": 465, "currency": "BRL"}
    assert {split["net"]["amount"] for split in answer["splits"]} == {8_740, 4_370}
    page = (await http.get("/v1/payments", params={"state": "captured", "limit": 1})).json()
    assert [payment["id"] for payment in page["data"]] == [payment_id]
    assert page["data"][0]["splits"] is None
    none = (await http.get("/v1/payments", params={"order": "ord_other"})).json()
    assert none["data"] == []


async def test_what_was_exchanged_is_shown_with_its_rate(
    shop: Shop, http: httpx.AsyncClient
) -> None:
    payment_id = await shop.pay("tok_settled_in_eur")
    answer = (await http.get(f"/v1/payments/{PAYMENT.text(payment_id)}")).json()
    assert answer["settled"] == {"amount": 1_584, "currency": "EUR"}
    assert answer["provider_fee"] == {"amount": 76, "currency": "EUR"}
    [made] = answer["exchanges"]
    assert (made["sold"]["amount"], made["bought"]["amount"], made["rate"]) == (
        10_000,
        1_584,
        "0.1584",
    )
    [listed] = (await http.get("/v1/payments")).json()["data"]
    assert (listed["settled"], listed["exchanges"]) == (answer["settled"], None)
    async with shop.begin() as tx:
        await fx.set_rate(tx, "EUR", "BRL", Decimal(4))
        await payments.set_payout_account(tx, SELLERS[0], "bank_ok", "EUR")
    await shop.release(payment_id)
    await shop.later(days=1)
    [payout] = (await http.get("/v1/payouts")).json()["data"]
    assert payout["amount"] == {"amount": 2_163, "currency": "EUR"}
    assert payout["exchanged"]["amount"] == {"amount": 8_740, "currency": "BRL"}
    assert (payout["exchanged"]["rate"], payout["exchanged"]["quote"][:4]) == (
        "0.247482837529",
        "fxq_",
    )


async def test_a_refund_is_made_once(shop: Shop, http: httpx.AsyncClient) -> None:
    path = f"/v1/payments/{PAYMENT.text(await shop.pay())}/refunds"
    body = {"amount": {"amount": 1_999, "currency": "BRL"}, "reason": "Damaged."}
    refused = await http.post(path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_missing")
    key = {"idempotency-key": "refund-1"}
    first, second = [await http.post(path, json=body, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, second.json())
    await shop.run()
    refund_id = first.json()["id"]
    refund = (await http.get(f"/v1/refunds/{refund_id}")).json()
    assert (refund["state"], refund["amount"]["amount"]) == ("succeeded", 1_999)
    page = (await http.get("/v1/refunds", params={"payment": refund["payment"]})).json()
    assert len(page["data"]) == 1
    await shop.check()


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [
        ({"amount": 10_001, "currency": "BRL"}, 422, "refund_too_large"),
        ({"amount": 1, "currency": "EUR"}, 400, "currency_mismatch"),
        ({"amount": 0, "currency": "BRL"}, 400, None),
        ({"amount": -1, "currency": "BRL"}, 400, None),
        ({"amount": 1.5, "currency": "BRL"}, 400, None),
        ({"amount": 1, "currency": "XXX"}, 400, None),
    ],
)
async def test_refunds_that_make_no_sense_are_refused(
    shop: Shop, http: httpx.AsyncClient, amount: object, status: int, code: str | None
) -> None:
    payment_id = await shop.pay()
    answer = await http.post(
        f"/v1/payments/{PAYMENT.text(payment_id)}/refunds",
        json={"amount": amount, "reason": "x"},
        headers={"idempotency-key": "k"},
    )
    assert answer.status_code == status, answer.text
    assert code in (None, answer.json()["code"])
    assert (await shop.payment(payment_id)).left.minor == 10_000


async def test_3ds_is_completed_by_the_buyer(shop: Shop, http: httpx.AsyncClient) -> None:
    payment_id = await shop.create("tok_requires_3ds")
    await shop.run()
    path = f"/v1/payments/{PAYMENT.text(payment_id)}"
    assert (await http.get(path)).json()["action_url"].startswith("https://")
    answer = await http.post(f"{path}/complete_authentication")
    assert (answer.status_code, answer.json()["state"]) == (200, "authorizing")
    await shop.run()
    assert (await http.get(path)).json()["state"] == "authorized"
    other = await shop.create()
    refused = await http.post(f"/v1/payments/{PAYMENT.text(other)}/complete_authentication")
    assert (refused.status_code, refused.json()["code"]) == (409, "payment_not_ready")


async def test_payouts_run_on_request(shop: Shop, http: httpx.AsyncClient) -> None:
    await shop.release(await shop.pay())
    answer = await http.post("/v1/payouts", headers={"idempotency-key": "p"})
    assert answer.status_code == 201, answer.text
    [payout] = answer.json()["data"]
    await shop.run()
    assert (await http.get(f"/v1/payouts/{payout['id']}")).json()["state"] == "paid"
    page = (await http.get("/v1/payouts", params={"seller": payout["seller"]})).json()
    assert len(page["data"]) == 1
    nothing = await http.post("/v1/payouts", headers={"idempotency-key": "q"})
    assert nothing.json()["data"] == []


async def test_a_seller_is_given_a_payout_account(shop: Shop, http: httpx.AsyncClient) -> None:
    async with shop.begin() as tx:
        draft = SellerDraft(name="Ana", country="BR", currency="BRL", region="SP")
        seller = await parties.create_seller(tx, draft)
    path = f"/v1/sellers/{SELLER.text(seller.seller_id)}/payout_account"
    answer = await http.put(path, json={"destination": "bank_account_closed"})
    assert (answer.status_code, answer.json()["blocked_reason"]) == (200, None)
    refused = await http.put(path, json={"destination": "bank_nobody_knows"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_token")
    nobody = await http.put(
        f"/v1/sellers/{SELLER.text(new_id())}/payout_account", json={"destination": "bank_ok"}
    )
    assert nobody.status_code == 404


async def test_disputes_are_listed(shop: Shop, http: httpx.AsyncClient) -> None:
    await shop.pay("tok_dispute_won")
    await shop.later(days=5)
    [dispute] = (await http.get("/v1/disputes", params={"state": "open"})).json()["data"]
    assert (dispute["amount"]["amount"], dispute["fee"]["amount"]) == (10_000, 1_500)
    assert (await http.get(f"/v1/disputes/{dispute['id']}")).json() == dispute


async def test_a_dispute_is_contested_and_shown_with_its_evidence(
    shop: Shop, http: httpx.AsyncClient
) -> None:
    await shop.pay("tok_dispute_needs_delivery")
    await shop.later(days=5)
    [dispute] = (await http.get("/v1/disputes")).json()["data"]
    path = f"/v1/disputes/{dispute['id']}"
    assert (dispute["stage"], dispute["category"]) == ("chargeback", "not_received")
    body = {"reason": "It arrived.", "communication": "Thanks!", "statement": "She wrote so."}
    key = {"idempotency-key": "contest-1"}
    first, second = [await http.post(f"{path}/contest", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (200, second.json())
    refused = await http.post(
        f"{path}/accept", json={"reason": "No."}, headers={"idempotency-key": "accept-1"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "dispute_not_answerable")
    await shop.run()
    assert (await http.get(path)).json()["state"] == "under_review"
    [answer] = (await http.get(f"{path}/answers")).json()["data"]
    assert (answer["state"], answer["evidence"]["communication"]) == ("submitted", "Thanks!")
    assert "She wrote so." in answer["page"]
    moves = (await http.get(f"{path}/moves")).json()["data"]
    assert [move["what"] for move in moves] == ["fee", "hold"]


async def test_how_disputes_are_dealt_with_is_set(shop: Shop, http: httpx.AsyncClient) -> None:
    before = (await http.get("/v1/dispute_settings")).json()
    assert (before["fraud_bearer"], before["refund_commission"]) == ("platform", "given_back")
    changes = {"fraud_bearer": "seller", "refund_commission": "kept"}
    assert (await http.post("/v1/dispute_settings", json=changes)).json() == before | changes


async def test_a_refund_is_taken_from_a_seller_sent_elsewhere_and_cancelled(
    shop: Shop, http: httpx.AsyncClient
) -> None:
    payment = PAYMENT.text(await shop.pay("tok_refund_card_closed", amounts=(10_000, 5_000)))
    seller = (await http.get(f"/v1/payments/{payment}")).json()["splits"][0]["seller"]
    items = [{"seller": seller, "amount": {"amount": 700, "currency": "BRL"}}]
    made = await http.post(
        f"/v1/payments/{payment}/refunds",
        json={"reason": "Broken.", "reason_code": "damaged", "items": items},
        headers={"idempotency-key": "r"},
    )
    assert made.status_code == 201, made.text
    assert (made.json()["items"], made.json()["reason_code"]) == (items, "damaged")
    path = f"/v1/refunds/{made.json()['id']}"
    await shop.run()
    assert (await http.get(path)).json()["state"] == "needs_destination"
    await http.put(f"{path}/destination", json={"destination": "bank_account_closed"})
    await shop.run()
    retry = await http.post(f"{path}/retry", headers={"idempotency-key": "again"})
    assert (retry.status_code, retry.json()["code"]) == (409, "refund_not_ready")
    cancelled = await http.post(f"{path}/cancel", json={"reason": "Kept."})
    assert cancelled.json()["state"] == "cancelled"
    await shop.check()


async def test_settings_change_what_is_charged_from_now_on(
    shop: Shop, http: httpx.AsyncClient
) -> None:
    before = await shop.create()
    changed = await http.post("/v1/payment_settings", json={"commission_bp": 1_000})
    assert changed.json()["commission_bp"] == 1_000
    assert (await http.get("/v1/payment_settings")).json()["tax_jurisdiction"] == "BR-ISS"
    async with shop.begin() as tx:
        assert not (await payments.get_settings(tx)).has_own_tax
    await http.post("/v1/payment_settings", json={"tax_jurisdiction": "BR-ISS"})
    async with shop.begin() as tx:
        assert (await payments.get_settings(tx)).has_own_tax
    wrong = await http.post("/v1/payment_settings", json={"commission_bp": 9_000})
    assert wrong.status_code == 400
    after = await shop.create()
    async with shop.begin() as tx:
        splits = await payments.splits_of(tx, [before, after])
    assert [splits[i][0].commission_minor for i in (before, after)] == [1_200, 1_000]


async def test_scopes_are_asked_for(http: httpx.AsyncClient) -> None:
    reader = {"authorization": "Bearer reader"}
    assert (await http.get("/v1/payments", headers=reader)).status_code == 200
    assert (await http.get("/v1/payouts", headers=reader)).status_code == 403
    denied = await http.post("/v1/payouts", headers={**reader, "idempotency-key": "k"})
    assert denied.status_code == 403


@pytest.mark.parametrize(
    ("path", "kind", "code"),
    [
        ("payments", PAYMENT, "payment_not_found"),
        ("refunds", REFUND, "refund_not_found"),
        ("payouts", PAYOUT, "payout_not_found"),
        ("disputes", payments.DISPUTE, "dispute_not_found"),
    ],
)
async def test_what_is_not_there_is_not_found(
    http: httpx.AsyncClient, path: str, kind: IdKind, code: str
) -> None:
    missing = await http.get(f"/v1/{path}/{kind.text(new_id())}")
    assert (missing.status_code, missing.json()["code"]) == (404, code)
    malformed = await http.get(f"/v1/{path}/nonsense")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "invalid_id")
