"""Reconciliation over HTTP: files as they are, everything else as JSON."""

from uuid import UUID

import httpx
import pytest

from banyan.reconciliation.api import operations
from banyan.runtime import Database
from tests.conftest import client_for
from tests.reconciliation.conftest import Books, capture_row

CSV = {"content-type": "text/csv"}
KEY = {"idempotency-key": "k-1"}


async def _line(books: Books) -> str:
    await books.pay()
    await books.later(hours=1)
    await books.reconcile()
    [line] = await books.lines(side="books")
    return capture_row(line, "100.00", "3.20", "96.80")


def _csv(*rows: str) -> bytes:
    header = "line,type,date,currency,gross,fee,net,key,reference,payment,batch,description"
    return "\n".join([header, *rows]).encode()


async def test_the_examples_are_taken(database: Database, sandbox: UUID) -> None:
    async with client_for(database, sandbox) as client:
        for operation in operations():
            if operation.raw is None:
                continue
            path = operation.path.replace("{provider}", "sandbox")
            for media_type in operation.raw.media_types:
                answer = await client.post(
                    path, content=operation.raw.example, headers={"content-type": media_type}
                )
                assert answer.status_code == 201, answer.text


async def test_from_a_report_to_a_match_and_back(books: Books) -> None:
    row = await _line(books)
    async with client_for(books.database, books.marketplace) as client:
        made = await client.post(
            "/v1/reconciliation/reports/sandbox?format=banyan", content=_csv(row), headers=CSV
        )
        assert (made.status_code, made.json()["lines"]) == (201, 1)
        run = (await client.post("/v1/reconciliation/runs")).json()
        assert (run["matched"], run["opened"]) == (1, 0)

        [match] = (await client.get("/v1/reconciliation/matches")).json()["data"]
        shown = (await client.get(f"/v1/reconciliation/matches/{match['id']}")).json()
        assert {line["side"] for line in shown["lines"]} == {"books", "provider"}
        assert shown["reason"].endswith("the same amount.")

        undone = await client.post(
            f"/v1/reconciliation/matches/{match['id']}/undo", json={"reason": "No."}, headers=KEY
        )
        assert undone.json()["state"] == "undone"
        lines = (await client.get("/v1/reconciliation/lines?state=open")).json()["data"]
        by_hand = await client.post(
            "/v1/reconciliation/matches",
            json={"lines": [line["id"] for line in lines], "reason": "Yes."},
            headers={"idempotency-key": "k-2"},
        )
        assert (by_hand.status_code, by_hand.json()["rule"]) == (201, "by_hand")
        line = (await client.get(f"/v1/reconciliation/lines/{lines[0]['id']}")).json()
        assert line["match"] == by_hand.json()["id"]
        [_, standing] = (await client.get("/v1/reconciliation/summary")).json()["data"]
        assert (standing["matched"], standing["open"], standing["breaks"]) == (1, 0, 0)


async def test_breaks_and_statements_are_listed(books: Books) -> None:
    await books.bank_says("10,00", "NOBODY")
    await books.later(days=9)
    async with client_for(books.database, books.marketplace) as client:
        await client.post("/v1/reconciliation/runs")
        [found] = (await client.get("/v1/reconciliation/breaks")).json()["data"]
        assert (found["kind"], found["at_risk"]["amount"]) == ("missing_at_provider", 1_000)
        assert found["age_days"] > 0
        [statement] = (await client.get("/v1/reconciliation/statements")).json()["data"]
        same = await client.get(f"/v1/reconciliation/statements/{statement['id']}")
        assert same.json() == statement
        assert statement["closing"] == {"amount": 1_000, "currency": "BRL"}
        imports = (await client.get("/v1/reconciliation/imports")).json()["data"]
        assert [one["format"] for one in imports] == ["mt940"]
        of_it = await client.get(f"/v1/reconciliation/lines?statement={statement['id']}")
        assert len(of_it.json()["data"]) == 1


async def test_tolerances_are_set_and_listed(client: httpx.AsyncClient) -> None:
    body = {"comparison": "settlements", "source": "sandbox", "amount_minor": 25}
    put = await client.put("/v1/reconciliation/tolerances", json=body)
    assert put.status_code == 200
    assert (await client.get("/v1/reconciliation/tolerances")).json()["data"] == [put.json()]


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "code"),
    [
        ("reports/sandbox", b"a,b\n", CSV, 400, "malformed_report"),
        ("reports/sandbox", b"{}", {"content-type": "application/json"}, 415, "media_type_refused"),
        ("reports/strpe", b"a,b\n", CSV, 404, "connection_not_found"),
        ("reports/my%20shop", b"a,b\n", CSV, 404, "connection_not_found"),
        ("reports/sandbox?format=excel", b"", CSV, 400, "invalid_request"),
        ("statements", b"hello", {"content-type": "text/plain"}, 400, "malformed_report"),
        ("statements", b"<a/>", {"content-type": "application/xml"}, 400, "malformed_report"),
        ("statements", b"x" * (32 * 1024 * 1024 + 1), {"content-type": "text/plain"}, 413,
         "body_too_large"),
        ("matches", b'{"lines":["rln_01h455vb4pex5vsknk084sn02q","rln_01h455vb4pex5vsknk084sn02r"],'
         b'"reason":"x"}', {"content-type": "application/json", **KEY}, 404, "line_not_found"),
        ("matches/rma_01h455vb4pex5vsknk084sn02q/undo", b'{"reason":"x"}',
         {"content-type": "application/json", **KEY}, 404, "match_not_found"),
    ],
)  # fmt: skip
async def test_refusals(
    client: httpx.AsyncClient,
    path: str,
    content: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = await client.post(f"/v1/reconciliation/{path}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_neighbour_sees_nothing(books: Books, live: UUID) -> None:
    await books.bank_says("10,00", "NOBODY")
    [line] = await books.lines()
    async with client_for(books.database, live) as client:
        for what in ("imports", "statements", "lines", "matches", "breaks", "summary"):
            assert (await client.get(f"/v1/reconciliation/{what}")).json()["data"] == []
        from banyan.reconciliation import LINE

        answer = await client.get(f"/v1/reconciliation/lines/{LINE.text(line.line_id)}")
        assert answer.status_code == 404
