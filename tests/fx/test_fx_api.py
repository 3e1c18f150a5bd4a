"""Foreign exchange over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from banyan.fx import api
from tests.fx.conftest import Desk
from tests.http_client import client_of

KEY = {"Idempotency-Key": "once"}
DOLLARS = {"amount": {"amount": 10_000, "currency": "USD"}, "currency": "BRL"}
ACCOUNTS = {"source": "platform:bank", "target": "platform:bank"}


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk.database, desk.marketplace, api.operations()) as client:
        yield client


async def posted(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(path, json=body, headers={"Idempotency-Key": f"{path} {body}"})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def fetched(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_from_the_rate_to_the_gain(http: httpx.AsyncClient, desk: Desk) -> None:
    quote = await posted(http, "/v1/fx/quotes", DOLLARS)
    assert (quote["state"], quote["buy"]) == ("open", {"amount": 32_111, "currency": "BRL"})
    assert (quote["mid_rate"], quote["rate"]) == ("3.24357294907", "3.21113721958")
    assert [step["rate"] for step in quote["path"]] == ["1.2214", "3.9617"]

    used = await posted(http, f"/v1/fx/quotes/{quote['id']}/convert", ACCOUNTS)
    assert (used["state"], used["used_by"]) == ("used", quote["id"])
    assert await fetched(http, f"/v1/fx/quotes/{quote['id']}") == used
    assert (await fetched(http, "/v1/fx/quotes"))["data"] == [used]
    deal = await fetched(http, f"/v1/fx/deals/{used['deal']}")
    assert (deal["kind"], deal["booked_at"], deal["gains"]) == ("conversion", None, [])

    trade = {
        "sold": {"amount": 10_000, "currency": "USD"},
        "bought": {"amount": 32_900, "currency": "BRL"},
        "sold_from": "platform:bank",
        "bought_to": "platform:bank",
        "about": "bank 4711",
    }
    traded = await posted(http, "/v1/fx/deals", trade)
    assert [gain["gain"]["amount"] for gain in traded["gains"]] == [464]
    assert traded["about"] == "bank 4711"
    listed = (await fetched(http, "/v1/fx/deals"))["data"]
    assert {it["id"] for it in listed} == {traded["id"], deal["id"]}

    positions = await fetched(http, "/v1/fx/positions")
    assert (positions["exposures"], positions["is_balanced"]) == ([], True)
    results = await fetched(http, "/v1/fx/results")
    assert (results["spread"]["amount"], results["realised"]["amount"]) == (325, 464)
    until = await fetched(http, "/v1/fx/results?until=2018-03-01T12:00:00Z")
    assert (until["spread"]["amount"], until["realised"]["amount"]) == (0, 0)
    await desk.check()


async def test_exposures(http: httpx.AsyncClient) -> None:
    quote = await posted(http, "/v1/fx/quotes", DOLLARS)
    await posted(http, f"/v1/fx/quotes/{quote['id']}/convert", ACCOUNTS)
    positions = await fetched(http, "/v1/fx/positions")
    [dollars] = positions["exposures"]
    assert (dollars["quantity"]["amount"], dollars["book"]["amount"]) == (10_000, 32_436)
    assert (dollars["rate"], dollars["rate_effective_at"]) == (
        "3.24357294907",
        "2018-02-28T15:00:00Z",
    )
    assert positions["unrealised"]["amount"] == 0


async def test_rates(http: httpx.AsyncClient) -> None:
    body = {"base": "USD", "currency": "BRL", "rate": "3.3000"}
    made = await posted(http, "/v1/fx/rates", body)
    assert (made["rate"], made["source"], made["version"]) == ("3.3000", "manual", 1)
    found = await fetched(http, "/v1/fx/rates/current?base=BRL&currency=USD")
    assert found["rate"] == "0.303030303030"
    assert [(it["id"], it["is_inverted"]) for it in found["path"]] == [(made["id"], True)]
    listed = await fetched(http, "/v1/fx/rates?source=ecb&base=EUR&limit=2")
    assert [it["base"] for it in listed["data"]] == ["EUR", "EUR"]
    assert listed["has_more"]


async def test_settings(http: httpx.AsyncClient, desk: Desk) -> None:
    defaults = await fetched(http, "/v1/fx/settings")
    changed = await posted(http, "/v1/fx/settings", {"spread_bp": 0, "sources": ["ecb", "ecb"]})
    assert defaults["updated_at"] is None
    assert changed == await fetched(http, "/v1/fx/settings")
    assert changed == defaults | {
        "spread_bp": 0,
        "sources": ["ecb"],
        "updated_at": changed["updated_at"],
        "updated_by": changed["updated_by"],
    }
    quote = await posted(http, "/v1/fx/quotes", DOLLARS)
    assert quote["buy"]["amount"] == 32_435
    assert (await desk.events()).count("fx.settings_changed") == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/fx/quotes", DOLLARS | {"currency": "USD"}, 422, "fx_same_currency"),
        ("/v1/fx/quotes", DOLLARS | {"currency": "NOK"}, 422, "fx_rate_missing"),
        ("/v1/fx/quotes", DOLLARS | {"currency": "XXX"}, 400, "invalid_request"),
        (
            "/v1/fx/quotes",
            {"amount": {"amount": 1, "currency": "JPY"}, "currency": "EUR"},
            422,
            "fx_amount_too_small",
        ),
        ("/v1/fx/rates", {"base": "EUR", "currency": "EUR", "rate": "1"}, 400, "invalid_fx_rate"),
        ("/v1/fx/rates", {"base": "EUR", "currency": "USD", "rate": "0.0"}, 400, "invalid_fx_rate"),
        ("/v1/fx/rates", {"base": "EUR", "currency": "USD", "rate": "1e9"}, 400, "invalid_request"),
        ("/v1/fx/settings", {"sources": []}, 400, "invalid_request"),
        ("/v1/fx/settings", {"spread_bp": 5001}, 400, "invalid_request"),
        (
            "/v1/fx/deals",
            {
                "sold": {"amount": 1, "currency": "USD"},
                "bought": {"amount": 1, "currency": "USD"},
                "sold_from": "platform:bank",
                "bought_to": "platform:bank",
            },
            400,
            "invalid_fx_trade",
        ),
        (
            "/v1/fx/deals",
            {
                "sold": {"amount": 1, "currency": "USD"},
                "bought": {"amount": 1, "currency": "BRL"},
                "sold_from": "platform:nowhere",
                "bought_to": "platform:bank",
            },
            404,
            "account_not_found",
        ),
        (
            "/v1/fx/quotes/fxq_01h455vb4pex5vsknk084sn02q/convert",
            ACCOUNTS,
            404,
            "fx_quote_not_found",
        ),
    ],
)
async def test_refusals(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await http.post(path, json=body, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_quote_that_has_gone_is_a_conflict(http: httpx.AsyncClient, desk: Desk) -> None:
    quote = await posted(http, "/v1/fx/quotes", DOLLARS | {"ttl_s": 1})
    await desk.later(seconds=1)
    answer = await http.post(f"/v1/fx/quotes/{quote['id']}/convert", json=ACCOUNTS, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (409, "fx_quote_expired")
    assert (await fetched(http, f"/v1/fx/quotes/{quote['id']}"))["state"] == "expired"


async def test_the_examples_work(http: httpx.AsyncClient) -> None:
    quote = await posted(http, "/v1/fx/quotes", DOLLARS)
    for operation in api.operations():
        if operation.example is not None:
            assert isinstance(operation.example, dict)
            await posted(http, operation.path.format(quote_id=quote["id"]), operation.example)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_instants_at_the_ends_of_time(http: httpx.AsyncClient, at: str) -> None:
    for name in ("since", "until"):
        await fetched(http, f"/v1/fx/results?{name}={at}")
    body = {"base": "USD", "currency": "BRL", "rate": "3.3", "effective_at": at}
    await posted(http, "/v1/fx/rates", body)
    await fetched(http, "/v1/fx/rates?currency=BRL")
