"""The HTTP operations of payouts: what they answer, and what they refuse."""

from collections.abc import AsyncIterator

import httpx
import pytest

from banyan import parties
from banyan.kernel import derived_id, new_id
from banyan.parties import SELLER, SellerDraft
from banyan.payments.api import operations
from banyan.runtime.http import Principal, http_app
from tests.payments.conftest import SELLERS, Shop

IBAN = "DE89370400440532013000"
ALL = ("payouts:read", "payouts:write", "bank_files:read", "bank_files:write", "payments:read")


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose key may do everything about payouts; ``reader`` may only read them."""

    async def authenticate(token: str) -> Principal | None:
        return Principal(
            marketplace_id=shop.marketplace,
            livemode=False,
            key_id=derived_id(shop.marketplace, token),
            scopes=frozenset({"payouts:read"} if token == "reader" else ALL),
            name="ann",
        )

    app = http_app(operations=operations(), database=shop.database, authenticate=authenticate)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        headers={"authorization": "Bearer all"},
    ) as client:
        yield client


@pytest.fixture
async def seller(shop: Shop) -> str:
    """The path of the shop's first seller, registered."""
    async with shop.begin() as tx:
        made = await parties.create_seller(
            tx, SellerDraft(name="Ana", country="BR", currency="BRL")
        )
        await tx.execute(
            "update parties.sellers set seller_id = %(new)s where seller_id = %(made)s",
            new=SELLERS[0],
            made=made.seller_id,
        )
    return f"/v1/sellers/{SELLER.text(SELLERS[0])}"


async def test_every_example_works(shop: Shop, http: httpx.AsyncClient, seller: str) -> None:
    await shop.release(await shop.pay())
    [payout] = (await http.post("/v1/payouts", headers={"idempotency-key": "p"})).json()["data"]
    tried = 0
    for operation in operations():
        is_ours = operation.scope in ("payouts:write", "bank_files:write")
        if is_ours and operation.example is not None:
            path = operation.path.replace("/v1/sellers/{seller_id}", seller)
            path = path.replace("{payout_id}", payout["id"])
            answer = await http.request(operation.method, path, json=operation.example)
            assert answer.status_code == operation.status, answer.text
            tried += 1
    assert tried >= 7


async def test_settings_change_what_is_given(http: httpx.AsyncClient) -> None:
    before = (await http.get("/v1/payout_settings")).json()
    assert (before["cadence"], before["calendar"], before["cutoff_hour"]) == (
        "daily",
        "every_day",
        6,
    )
    body = {
        "cadence": "monthly", "month_day": 31, "cutoff_hour": 9, "time_zone": "America/Sao_Paulo",
        "bank": {"holder": "Feira", "iban": IBAN, "creditor_id": "DE98ZZZ09999999999"},
    }  # fmt: skip
    after = (await http.post("/v1/payout_settings", json=body)).json()
    assert after["bank"]["iban"] == "DE••••3000"
    assert after["bank"]["bic"] == "COBADEFFXXX"
    assert (after["minimum_minor"], after["month_day"]) == (before["minimum_minor"], 31)
    assert (await http.get("/v1/payout_settings")).json() == after
    again = await http.post("/v1/payout_settings", json={"cadence": "daily"})
    assert again.json()["month_day"] is None
    for wrong in ({"time_zone": "Mars/Olympus"}, {"cadence": "weekly"}, {"weekday": 1}):
        refused = await http.post("/v1/payout_settings", json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_schedule"), wrong
    refused = await http.post(
        "/v1/payout_settings", json={"bank": {"holder": "x", "iban": "X" * 20}}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_destination")


async def test_an_account_is_shown_without_its_number(http: httpx.AsyncClient, seller: str) -> None:
    body = {"destination": IBAN, "holder": "Ana", "currency": "EUR"}
    refused = await http.put(f"{seller}/payout_account", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "bank_missing")
    await http.post("/v1/payout_settings", json={"bank": {"holder": "Feira", "iban": IBAN}})
    answer = await http.put(f"{seller}/payout_account", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["destination"] == "DE••••3000"
    assert IBAN not in answer.text
    await http.put(f"{seller}/payout_account", json={"destination": "bank_ok"})
    accounts = (await http.get(f"{seller}/payout_accounts")).json()["data"]
    assert [(account["currency"], account["kind"]) for account in accounts] == [
        (None, "token"), ("EUR", "iban"),
    ]  # fmt: skip
    wrong = await http.put(f"{seller}/payout_account", json={**body, "destination": IBAN[:-1]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_destination")
    assert IBAN[:-1] not in wrong.text


async def test_a_seller_is_held_and_paid_again(
    shop: Shop, http: httpx.AsyncClient, seller: str
) -> None:
    await shop.release(await shop.pay())
    held = await http.put(f"{seller}/payout_hold", json={"reason": "Fraud is looking."})
    assert (held.json()["kind"], held.json()["held_by"]) == ("by_hand", "ann")
    key = {"idempotency-key": "p"}
    assert (await http.post(f"{seller}/payouts", headers=key)).json()["data"] == []
    [money] = (await http.get(f"{seller}/money")).json()["data"]
    assert money["held_reasons"] == ["Fraud is looking."]
    assert (await http.delete(f"{seller}/payout_hold")).status_code == 204
    assert (await http.get(f"{seller}/payout_holds")).json()["data"] == []
    key = {"idempotency-key": "q"}
    first, second = [await http.post(f"{seller}/payouts", headers=key) for _ in range(2)]
    assert first.json() == second.json()
    [payout] = first.json()["data"]
    cancel = f"/v1/payouts/{payout['id']}/cancel"
    for _ in range(2):
        assert (await http.post(cancel, json={"reason": "x"})).json()["state"] == "cancelled"
    await http.post(f"{seller}/payouts", headers={"idempotency-key": "r"})
    await shop.run()
    [paid] = (await http.get("/v1/payouts", params={"state": "paid"})).json()["data"]
    refused = await http.post(f"/v1/payouts/{paid['id']}/cancel", json={"reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "payout_not_cancellable")


async def test_terms_and_schedules_of_a_seller(http: httpx.AsyncClient, seller: str) -> None:
    terms = await http.put(f"{seller}/payout_terms", json={"tier": "high", "reason": "New."})
    assert (terms.json()["reserve_bp"], terms.json()["reserve_days"]) == (1_000, 90)
    wrong = {"tier": "custom", "reserve_bp": 100, "reason": "x"}
    refused = await http.put(f"{seller}/payout_terms", json=wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_terms")
    assert (await http.get(f"{seller}/payout_terms")).json()["data"] == [terms.json()]
    weekly = {"cadence": "weekly", "weekday": 2, "minimum_minor": 1}
    schedule = (await http.put(f"{seller}/payout_schedule", json=weekly)).json()
    assert (await http.get(f"{seller}/payout_schedule")).json() == schedule
    assert (await http.delete(f"{seller}/payout_schedule")).status_code == 204
    assert (await http.get(f"{seller}/payout_schedule")).json()["cadence"] == "daily"


async def test_statements_come_as_json_page_and_sheet(
    shop: Shop, http: httpx.AsyncClient, seller: str
) -> None:
    await shop.release(await shop.pay())
    period = {"from": "2018-03-01", "until": "2018-04-01"}
    answer = (await http.get(f"{seller}/statement", params=period)).json()
    assert answer["closing"]["available"] == {"amount": 8_740, "currency": "BRL"}
    assert [one["label"] for one in answer["sums"]] == [
        "Sales", "Commission", "Tax on the commission",
    ]  # fmt: skip
    page = await http.get(f"{seller}/statement_file", params=period)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Ana" in page.text
    sheet = await http.get(f"{seller}/statement_file", params={**period, "format": "csv"})
    assert sheet.headers["content-disposition"].startswith("attachment;")
    assert "closing_balance,,,,87.40,BRL" in sheet.text
    for wrong in (
        ("2018-03-01", "2018-03-01"),
        ("2018-01-01", "2019-06-01"),
        ("0001-01-01", "0001-01-02"),
    ):
        dates = dict(zip(("from", "until"), wrong, strict=True))
        refused = await http.get(f"{seller}/statement", params=dates)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_period")
    nobody = f"/v1/sellers/{SELLER.text(new_id())}"
    assert (await http.get(f"{nobody}/statement", params=period)).status_code == 404
    [payout] = (await http.post("/v1/payouts", headers={"idempotency-key": "p"})).json()["data"]
    made_of = (await http.get(f"/v1/payouts/{payout['id']}/statement")).json()
    assert made_of["closing"]["available"] == payout["amount"]


async def test_a_bank_file_is_downloaded_and_handed_over(
    shop: Shop, http: httpx.AsyncClient, seller: str
) -> None:
    await http.post("/v1/payout_settings", json={"bank": {"holder": "Feira", "iban": IBAN}})
    await http.put(f"{seller}/payout_account", json={"destination": IBAN, "holder": "Ana"})
    await shop.release(await shop.pay())
    [payout] = (await http.post("/v1/payouts", headers={"idempotency-key": "p"})).json()["data"]
    batch = f"/v1/payout_batches/{payout['batch']}"
    missing = await http.get(f"{batch}/file")
    assert (missing.status_code, missing.json()["code"]) == (404, "bank_file_not_found")
    await shop.run()
    file = await http.get(f"{batch}/file")
    assert file.headers["content-type"] == "application/xml"
    assert b"87.40" in file.content
    assert (await http.get(batch)).json()["total"]["amount"] == 8_740
    reader = {"authorization": "Bearer reader"}
    assert (await http.get(f"{batch}/file", headers=reader)).status_code == 403
    handed = (await http.post(f"{batch}/hand_over")).json()
    assert (handed["handed_over_by"], handed["size_bytes"]) == ("ann", len(file.content))
    [listed] = (await http.get("/v1/payout_batches")).json()["data"]
    assert listed["state"] == "handed_over"
    refused = await http.post("/v1/bank_status_reports", json={"report": "<a/>"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unreadable_report")


async def test_debits_are_listed(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/debits")).json()["data"] == []
    assert (await http.get("/v1/debits", params={"seller": "nonsense"})).status_code == 400


async def test_reading_is_not_writing(http: httpx.AsyncClient, seller: str) -> None:
    reader = {"authorization": "Bearer reader"}
    assert (await http.get(f"{seller}/money", headers=reader)).status_code == 200
    denied = await http.put(f"{seller}/payout_hold", json={"reason": "x"}, headers=reader)
    assert denied.status_code == 403
