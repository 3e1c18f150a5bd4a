"""Nothing personal that is planted in requests and answers is found in any column afterwards."""

from uuid import UUID

import psycopg

from banyan.comparison import Asked
from banyan.comparison.api import operations
from tests.comparison.conftest import Route
from tests.conftest import client_for
from tests.difference.answers import answer, html, json_

PLANTED = ["ann.smith@mail.example", "4111111111111111", "hunter2secret", "Ann Marie Smith",
           "s3ss10nvalue99", "+49 170 1234567", "eyJhbGciOiJIUzI1NiJ9"]  # fmt: skip
MAIL, CARD, PASSWORD, NAME, SESSION, PHONE, JWT = PLANTED
ASKED = Asked(
    "POST",
    f"/u/{MAIL}?mail=ann.smith%40mail.example&card=4111-1111-1111-1111&password={PASSWORD}",
    (
        ("host", "shop.example"),
        ("cookie", f"sessionid={SESSION}; x={MAIL}"),
        ("authorization", f"Bearer {JWT}.e30.abcdef"),
        ("user-agent", f"app of {MAIL}"),
        ("x-forwarded-for", "203.0.113.9"),
    ),
)


async def test_planted_data_lands_in_no_column(route: Route, database_url: str) -> None:
    legacy = json_(
        f'{{"a": "call {PHONE} or {MAIL}", "card": {CARD}, "{MAIL}": 1, "first_name": "{NAME}", "x": 1}}',
        ("set-cookie", f"sessionid={SESSION}; Path=/"),
    )
    candidate = json_(
        f'{{"a": "{MAIL}, {CARD}", "password": "{PASSWORD}", "users": [{{"fullName": "{NAME}"}}]}}',
        ("location", f"/u?token={JWT}.e30.abcdef"),
        ("set-cookie", f"cart={SESSION}"),
    )
    page = html(f'<p class="customer-name">{NAME}</p><input name="password" value="{PASSWORD}">')
    other = html(f"<p>{MAIL} {CARD}</p><script>var u = '{MAIL}'; var t = '{JWT}.e30.abc'</script>")
    text, lines = answer(f"a\n{MAIL}", "text/plain"), answer(f"b\n{CARD}\n{PHONE}", "text/plain")
    found = [
        route.look(one, two, None, asked=ASKED)
        for one, two in ((legacy, candidate), (page, other), (text, lines), (legacy, page))
    ]
    assert (await route.record(*found)).diverged == 4
    [report] = [one.example for one in operations() if one.id == "reportDivergences"]
    assert isinstance(report, dict)
    difference = {"path": f"$['{MAIL}'].password", "pattern": "$.*.password", "kind": "changed"}
    values = {"legacy": f'"{PASSWORD}"', "candidate": f'"{CARD} {MAIL}"'}
    observation = {
        **report["observations"][0],
        "differences": [difference | values],
        "context": {"user": MAIL, "session": SESSION},
    }
    async with client_for(route.database, route.marketplace) as client:
        body = report | {"observations": [observation]}
        assert (await client.post("/v1/divergence_reports", json=body)).status_code == 201
        for one in await route.divergences():
            await route.shown(one.divergence_id)

    stored = _everything(database_url, route.marketplace)
    assert "[email:" in stored
    assert "[field:" in stored
    for planted in [*PLANTED, "ann.smith", "203.0.113.9", "4111-1111"]:
        assert planted not in stored, planted


def _everything(database_url: str, marketplace: UUID) -> str:
    """All rows of comparison and all events, as text."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'comparison'"
        ).fetchall()
        assert len(tables) >= 8
        texts: list[str] = []
        for (table,) in [*tables, ("runtime.events",), ("runtime.idempotency_keys",)]:
            rows = connection.execute(f"select t::text from {table} t").fetchall()  # type: ignore[arg-type]
            texts += [text for (text,) in rows]
    return "\n".join(texts)
