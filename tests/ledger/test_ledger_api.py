"""The ledger over HTTP."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from banyan import ledger
from banyan.ledger import TRANSFER
from banyan.runtime import Database
from tests.conftest import START, client_for
from tests.ledger.books import run_jobs, seal_all

ACCOUNTS = [
    {"path": "platform:bank", "currency": "BRL", "normal": "debit"},
    {"path": "seller:7:available", "currency": "BRL", "floor": 0},
]


def transfer(amount: int, **other: Any) -> dict[str, Any]:
    leg = {
        "debit": "platform:bank",
        "credit": "seller:7:available",
        "amount": {"amount": amount, "currency": "BRL"},
        "code": "sale",
    }
    return {"subject": "invoice 17", "legs": [leg | other.pop("leg", {})], **other}


@pytest.fixture
async def accounts(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answers = [await client.post("/v1/ledger/accounts", json=account) for account in ACCOUNTS]
    assert [answer.status_code for answer in answers] == [201, 201]
    return [answer.json() for answer in answers]


async def send(client: httpx.AsyncClient, body: dict[str, Any], key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await client.post("/v1/ledger/transfers", json=body, headers=headers)


async def test_a_transfer_and_what_it_leaves(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]]
) -> None:
    posted = await send(client, transfer(100, description="a sale", metadata={"cart": "c_1"}))
    assert posted.status_code == 201, posted.text
    body = posted.json()
    assert body["legs"][0]["amount"] == {"amount": 100, "currency": "BRL"}
    assert (await client.get(f"/v1/ledger/transfers/{body['id']}")).json() == body
    seller = f"/v1/ledger/accounts/{accounts[1]['id']}"
    assert (await client.get(seller)).json()["balance"]["available"]["amount"] == 100
    (entry,) = (await client.get(f"{seller}/entries")).json()["data"]
    assert (entry["side"], entry["transfer"], entry["balance"]["amount"]) == (
        "credit",
        body["id"],
        100,
    )
    (trial,) = (await client.get("/v1/ledger/trial_balance")).json()["data"]
    assert trial["is_balanced"]
    listed = await client.get("/v1/ledger/accounts", params={"prefix": "seller:"})
    assert [account["path"] for account in listed.json()["data"]] == ["seller:7:available"]
    about = await client.get("/v1/ledger/transfers", params={"subject": "invoice 17"})
    assert about.json()["data"] == [body]


async def test_the_id_follows_from_the_idempotency_key(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]], database: Database, sandbox: UUID
) -> None:
    answers = await asyncio.gather(*(send(client, transfer(5), "once") for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    other = await send(client, transfer(6), "once")
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency_key_reused")
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, ["seller:7:available"])
        assert balance.posted.minor == 5


async def test_an_id_of_ones_own(client: httpx.AsyncClient, accounts: list[dict[str, Any]]) -> None:
    body = transfer(5, id=TRANSFER.text(uuid4()))
    for _ in range(2):
        answer = await client.post("/v1/ledger/transfers", json=body)
        assert (answer.status_code, answer.json()["id"]) == (201, body["id"])
    changed = await client.post("/v1/ledger/transfers", json=body | {"subject": "other"})
    assert changed.status_code == 422
    assert changed.json()["errors"][0]["code"] == "id_reused"
    nameless = await client.post("/v1/ledger/transfers", json=transfer(5))
    assert nameless.status_code == 400


async def test_hold_post_and_reverse(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]]
) -> None:
    await send(client, transfer(100))
    sides = {"debit": "seller:7:available", "credit": "platform:bank"}
    held = (await send(client, transfer(80, leg=sides | {"kind": "pending"}))).json()
    assert held["legs"][0]["is_open"]
    spent = await send(client, transfer(21, leg=sides))
    assert spent.json()["errors"][0]["code"] == "limit_exceeded"
    pending = {"kind": "post", "pending": {"transfer": held["id"]}}
    assert (await send(client, transfer(30, leg=sides | pending))).status_code == 201
    path = f"/v1/ledger/transfers/{held['id']}/reverse"
    assert (await client.post(path)).status_code == 422, "it is resolved"
    sale = (await send(client, transfer(7))).json()
    back = [await client.post(f"/v1/ledger/transfers/{sale['id']}/reverse") for _ in range(2)]
    assert [answer.status_code for answer in back] == [201, 201]
    assert back[0].json() == back[1].json()
    seller = (await client.get(f"/v1/ledger/accounts/{accounts[1]['id']}")).json()
    assert seller["balance"]["available"]["amount"] == 70


async def test_balance_at_an_instant(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]]
) -> None:
    await send(client, transfer(9, effective_at="2018-01-01T00:00:00Z"))
    path = f"/v1/ledger/accounts/{accounts[1]['id']}/balance"
    for time, at, expected in (
        ("recorded", "2018-02-01T00:00:00Z", 0),
        ("effective", "2018-02-01T00:00:00Z", 9),
        ("recorded", START.isoformat(), 9),
    ):
        answer = await client.get(path, params={"at": at, "time": time})
        assert answer.json()["posted"]["amount"] == expected, answer.text


REFUSED = [
    (transfer(0), 422),
    (transfer(-5), 422),
    (transfer(5, leg={"credit": "platform:bank"}), 422),
    (transfer(5, leg={"credit": "nobody:here"}), 404),
    (transfer(5, leg={"credit": "no good path"}), 400),
    (transfer(5, leg={"amount": {"amount": 5, "currency": "XXX"}}), 400),
    (transfer(5, leg={"amount": {"amount": 10**16, "currency": "BRL"}}), 400),
    (transfer(5, leg={"kind": "void"}), 400),
    (transfer(5, leg={"kind": "expire"}), 400),
    (transfer(5, leg={"expires_at": "2030-01-01T00:00:00Z"}), 400),
    (transfer(5, description="NUL \0"), 400),
    (transfer(5, id="ord_01h455vb4pex5vskknk084sn2q"), 400),
    (transfer(5) | {"legs": []}, 400),
    (transfer(5, effective_at="2018-01-01T00:00:00"), 400),
]


async def test_what_is_wrong_is_refused(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]]
) -> None:
    for body, status in REFUSED:
        answer = await send(client, body)
        assert answer.status_code == status, (body, answer.text)
    assert (await client.get("/v1/ledger/transfers")).json()["data"] == []


async def test_accounts_of_another_marketplace_are_unknown(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]], database: Database, live: UUID
) -> None:
    async with client_for(database, live) as other:
        for path in ("", "/entries", "/balance?at=2018-01-01T00:00:00Z"):
            answer = await other.get(f"/v1/ledger/accounts/{accounts[0]['id']}{path}")
            assert answer.status_code == 404


async def test_a_month_is_closed_for_good(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]], database: Database
) -> None:
    await send(client, transfer(9, effective_at="2018-02-10T00:00:00Z"))
    closed = await client.post("/v1/ledger/periods", json={"month": "2018-02"})
    assert closed.status_code == 201, closed.text
    assert closed.json()["closed_through"] == "2018-02-28T23:59:59.999999Z"
    late = await send(client, transfer(5, effective_at="2018-02-28T23:59:59Z"))
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "period_closed")
    assert (await send(client, transfer(5))).status_code == 201
    for month, status in (("2018-02", 409), ("2018-03", 409), ("2018-13", 400)):
        again = await client.post("/v1/ledger/periods", json={"month": month})
        assert again.status_code == status, again.text
    assert (await client.get("/v1/ledger/periods/2018-02")).json()["trial_balances"] == []
    await run_jobs(database)
    kept = (await client.get("/v1/ledger/periods/2018-02")).json()
    assert kept["period"]["balanced_at"] is not None
    (trial,) = kept["trial_balances"]
    assert [(line["path"], line["credits"]["amount"]) for line in trial["lines"]] == [
        ("platform", 0),
        ("seller", 9),
    ]
    listed = (await client.get("/v1/ledger/periods")).json()["data"]
    assert listed == [kept["period"]]
    assert (await client.get("/v1/ledger/periods/2018-01")).status_code == 404


async def test_a_trial_balance_as_of_then(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]]
) -> None:
    await send(client, transfer(9, effective_at="2018-02-10T00:00:00Z"))
    await send(client, transfer(4))
    path = "/v1/ledger/trial_balance"
    then = {"at": "2018-02-20T00:00:00Z", "time": "effective", "by": "account"}
    (trial,) = (await client.get(path, params=then)).json()["data"]
    assert {line["path"]: line["debits"]["amount"] for line in trial["lines"]} == {
        "platform:bank": 9,
        "seller:7:available": 0,
    }
    assert trial["is_balanced"]
    unknown = await client.get(path, params=then | {"time": "recorded"})
    assert unknown.json()["data"] == []
    exported = await client.get(f"{path}/csv", params=then | {"prefix": "seller:"})
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert "trial-balance-2018-02-20.csv" in exported.headers["content-disposition"]
    assert exported.text.splitlines() == [
        "currency,path,accounts,debit,credit",
        "BRL,seller:7:available,1,0.00,0.09",
    ]


async def test_a_statement_in_pages_and_as_csv(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]]
) -> None:
    for amount, at in ((9, "2018-02-10T00:00:00Z"), (5, "2018-02-11T00:00:00Z"), (7, None)):
        await send(client, transfer(amount, **({"effective_at": at} if at else {})))
    path = f"/v1/ledger/accounts/{accounts[1]['id']}/statement"
    month = {"since": "2018-02-10T12:00:00Z", "until": "2018-04-01T00:00:00Z"}
    first = (await client.get(path, params=month | {"limit": 1})).json()
    assert (first["opening"]["amount"], first["closing"]["amount"]) == (9, 21)
    assert first["has_more"]
    second = (
        await client.get(path, params=month | {"limit": 1, "cursor": first["next_cursor"]})
    ).json()
    entries = first["entries"] + second["entries"]
    assert [(e["amount"]["amount"], e["balance"]["amount"]) for e in entries] == [(5, 14), (7, 21)]
    assert not second["has_more"]
    exported = await client.get(f"{path}/csv", params=month)
    assert "seller-7-available-BRL-2018-02-10.csv" in exported.headers["content-disposition"]
    assert [line.split(",")[-2] for line in exported.text.splitlines()[1:]] == [
        "0.09", "0.14", "0.21",
    ]  # fmt: skip
    backwards = {"since": month["until"], "until": month["since"]}
    for query in (backwards, month | {"cursor": "nonsense"}, {"since": month["since"]}):
        assert (await client.get(path, params=query)).status_code == 400


async def test_seals_are_listed(
    client: httpx.AsyncClient, accounts: list[dict[str, Any]], database: Database, sandbox: UUID
) -> None:
    assert (await client.get("/v1/ledger/seals")).json()["data"] == []
    await send(client, transfer(9))
    await seal_all(database, sandbox)
    (seal,) = (await client.get("/v1/ledger/seals")).json()["data"]
    assert (seal["batch"], seal["legs"], len(seal["hash"])) == (1, 1, 64)
    verified = (await client.get("/v1/ledger/verification")).json()
    assert verified["is_balanced"]
    assert verified["sealed_through"] == seal


@pytest.mark.parametrize(
    ("path", "terms", "status"),
    [
        ("seller:sel_1:available", {}, 422),
        ("seller:sel_1:available", {"floor": -1}, 422),
        ("seller:sel_1:available", {"floor": 0, "ceiling": 5}, 422),
        ("seller:sel_1:available", {"floor": 0, "normal": "debit"}, 422),
        ("seller:sel_1:available", {"floor": 0}, 201),
        ("provider:stripe:receivable", {"floor": 0}, 422),
        ("payouts:in_transit", {"ceiling": 0}, 422),
        ("platform:savings", {}, 201),
        ("seller:7:available", {}, 201),
    ],
)
async def test_terms_of_the_products_own_accounts_are_not_for_callers(
    client: httpx.AsyncClient, path: str, terms: dict[str, Any], status: int
) -> None:
    answer = await client.post(
        "/v1/ledger/accounts", json={"path": path, "currency": "BRL", **terms}
    )
    assert answer.status_code == status, answer.text
    assert status == 201 or answer.json()["code"] == "terms_reserved"
